package tracker

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"helpdeskd/migrations"
)

// burstWindow is within what time alike reports make a burst.
const burstWindow = migrations.Stamp(time.Hour / time.Microsecond)

// maxReports is how many of the newest tickets a new one is compared with.
const maxReports = 200

// report is a ticket as it is compared with others.
type report struct {
	ID       int64            `db:"id"`
	Number   int64            `db:"number"`
	Subject  string           `db:"subject"`
	Stage    Stage            `db:"stage"`
	At       migrations.Stamp `db:"opened_at"`
	ClientID int64            `db:"client_id"`
	Address  string           `db:"client_address"`
	Since    migrations.Stamp `db:"client_since"` // when we first heard of the client
	Mailbox  int64            `db:"mailbox_id"`
	Category int64            `db:"category_id"`
	BurstID  int64            `db:"burst_id"`
	Out      bool             `db:"burst_out"`

	gist          gist
	plain         *numbered // see reports.plain
	seen          int       // the look of reports.looks that last found it to share words
	shares        int       // so many
	sharesSubject bool      // and one in the subjects
	likes         []*report // in a batch, those of the first `liked` of all that are alike
	liked         int
	person        string     // who counts for it: see personOf
	fresh         *knownGist // of one that is being opened: what will be read of it
	counts        bool       // a person's report, and not set aside
}

const reportColumns = `SELECT t.id, t.number, t.subject, t.stage, t.opened_at, COALESCE(t.client_id, 0) AS client_id, t.client_address, COALESCE(c.created_at, 0) AS client_since,
	COALESCE(t.mailbox_id, 0) AS mailbox_id, COALESCE(t.category_id, 0) AS category_id, COALESCE(t.burst_id, 0) AS burst_id, t.burst_out
	FROM ticket t LEFT JOIN client c ON c.id = t.client_id `

// reports are the newest tickets, and what of their words says nothing.
type reports struct {
	all    []*report
	common map[string]bool
	people int // so many make a burst; 0: never

	grown map[int64][]*report // what joined which burst, to be written and counted once the batch is through: nobody counts one before
	batch bool

	// having are, in a batch, the first `known` of all by the words they have:
	// reports that share none are not alike, and need no closer look.
	having map[int32][]*report
	known  int
	looks  int // see report.seen

	numbers wordNumbers
}

// plain returns what a report is about without the words that say nothing.
func (o *reports) plain(r *report) *numbered {
	if r.plain == nil {
		if o.numbers == nil {
			o.numbers = wordNumbers{}
		}
		r.plain = o.numbers.of(r.gist.without(o.common))
	}
	return r.plain
}

// gists remembers the words of the newest tickets, so that they are read once
// in a process.
type gists struct {
	mu sync.Mutex
	of map[int64]knownGist
}

type knownGist struct {
	gist
	person  bool // somebody wrote it, and no program
	vouched vouching
}

// recentReports returns the newest tickets: those of the batch, where there is one.
func (s *Store) recentReports(ctx context.Context, tx *migrations.Tx, b *batch) (*reports, error) {
	if b != nil && b.reports != nil {
		return b.reports, nil
	}
	r := &reports{batch: b != nil}
	var err error
	if r.people, err = s.burstPeople(ctx, tx); err != nil {
		return nil, err
	}
	if b != nil {
		b.reports = r
	}
	if r.people == 0 {
		return r, nil
	}
	if err := tx.Select(ctx, &r.all, reportColumns+`ORDER BY t.id DESC LIMIT ?`, maxReports); err != nil {
		return nil, fmt.Errorf("read the newest tickets: %w", err)
	}
	if err := s.readGists(ctx, tx, r.all); err != nil {
		return nil, err
	}
	r.common = commonWords(r.all, s.stamp())
	return r, nil
}

// burstPeople returns how many people make a burst; 0: never.
func (s *Store) burstPeople(ctx context.Context, q read) (int, error) {
	v, err := s.setting(ctx, q, SetBurst)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		n = 3
	}
	return n, nil
}

// readGists fills in what reports are about. Their subject and text are taken
// as they came: what is edited later says nothing more about it.
func (s *Store) readGists(ctx context.Context, tx *migrations.Tx, all []*report) error {
	s.gists.mu.Lock()
	defer s.gists.mu.Unlock()
	var unread []int64
	for _, r := range all {
		if _, ok := s.gists.of[r.ID]; !ok {
			unread = append(unread, r.ID)
		}
	}
	words, err := firstWords(ctx, tx, unread)
	if err != nil {
		return err
	}
	known := map[int64]knownGist{} // the older ones are forgotten
	for _, r := range all {
		k, ok := s.gists.of[r.ID]
		if !ok {
			w := words[r.ID]
			k = knownGist{gist: gistOf(r.Subject, w.words()), person: w.class == ClassHuman || w.form != nil, vouched: w.vouched()}
		}
		known[r.ID] = k
		r.gist = k.gist
		r.gist.category = r.Category
		r.counts = k.person && !r.Out && r.Stage != Dropped
		r.person = s.personOf(r, k.vouched)
	}
	s.gists.of = known
	return nil
}

// learnGists remembers what the tickets of a batch are about, which the next
// would read back. It is called once they are stored.
func (s *Store) learnGists(b *batch) {
	if b == nil || b.reports == nil {
		return
	}
	s.gists.mu.Lock()
	defer s.gists.mu.Unlock()
	known := maps.Clone(s.gists.of) // readers may still hold the old one
	if known == nil {
		known = map[int64]knownGist{}
	}
	for _, r := range b.reports.all {
		if r.fresh != nil {
			known[r.ID] = *r.fresh
		}
	}
	s.gists.of = known
}

// commonWords returns the words that many reports of other times have: names
// of the house, of its rooms and of its form's choices.
func commonWords(all []*report, now migrations.Stamp) map[string]bool {
	const enough = 30
	n, in := 0, map[string]int{}
	for _, r := range all {
		if now-r.At < 2*burstWindow {
			continue
		}
		n++
		for _, w := range r.gist.text {
			in[w]++
		}
	}
	if n < enough {
		return nil
	}
	common := map[string]bool{}
	for w, k := range in {
		if k*5 >= n {
			common[w] = true
		}
	}
	return common
}

// reportOf is a ticket that is being opened, as it is compared with others.
func (s *Store) reportOf(id, number int64, o opening) *report {
	r := &report{ID: id, Number: number, Subject: o.Subject, At: o.OpenedAt, Address: strings.ToLower(o.Address), Mailbox: o.MailboxID, counts: !o.Machine}
	if o.Client != nil {
		r.ClientID, r.Since = o.Client.ID, o.Client.CreatedAt
	}
	v := o.Vouched
	if o.Form != nil {
		v = max(v, vouchedFor)
	}
	r.person = s.personOf(r, v)
	if !r.counts {
		return r
	}
	r.gist = o.Words.about()
	if o.batch != nil && (o.Form != nil || strings.TrimSpace(o.Text) != "") {
		r.fresh = &knownGist{gist: r.gist, person: true, vouched: v}
	}
	return r
}

// personOf names whom a report counts for: of the organisation everybody for
// whom our mail server vouches, where it does that, outside it who asked
// before, and everybody whom a technician wrote down.
// Strangers of one domain count once all together, so that nobody makes a burst
// with addresses that they thought up, and those without a name once.
func (s *Store) personOf(r *report, v vouching) string {
	p := s.policy(r.Mailbox)
	_, domain, _ := cutAddress(r.Address)
	switch {
	case r.ClientID == 0:
		return "unknown"
	case v == vouchedByHand, p.isInside(r.Address) && (v == vouchedFor || !p.judges()), !p.isInside(r.Address) && r.Since != 0 && r.Since < r.At-burstWindow:
		return fmt.Sprint(r.ClientID)
	}
	return "@" + Digest([]byte(domain))[:16] // nobody's name, once it is stored
}

// burstTx adds a new ticket to a burst, or makes one of it and those that are
// alike, where enough different people reported something alike within an hour.
func (s *Store) burstTx(ctx context.Context, tx *migrations.Tx, others *reports, me *report) error {
	if others.people == 0 {
		return nil
	}
	defer func() { others.all = append(others.all, me) }()
	if !me.counts || len(me.gist.text) == 0 {
		return nil
	}
	near := others.around(me)
	if peopleOf(near) < others.people {
		return nil
	}
	id := int64(0)
	for _, r := range near { // the oldest that there is
		if r.BurstID != 0 && (id == 0 || r.BurstID < id) {
			id = r.BurstID
		}
	}
	if id == 0 {
		var err error
		id, err = tx.Insert(ctx, `INSERT INTO burst (since, last_at, people, reason, created_at) VALUES (?, ?, 0, '', ?) RETURNING id`, me.At, me.At, s.stamp())
		if err != nil {
			return fmt.Errorf("make a burst: %w", err)
		}
	}
	var joined []*report
	for _, r := range near {
		if r.BurstID != 0 {
			continue
		}
		r.BurstID = id
		joined = append(joined, r)
		if err := s.RecordTx(ctx, tx, Event{Subject: "ticket", SubjectID: r.ID, Kind: "burst", Became: strconv.FormatInt(id, 10)}); err != nil {
			return err
		}
	}
	if !others.batch {
		if err := s.joinBurstTx(ctx, tx, id, joined); err != nil {
			return err
		}
		return s.countBurstTx(ctx, tx, id)
	}
	if others.grown == nil {
		others.grown = map[int64][]*report{}
	}
	others.grown[id] = append(others.grown[id], joined...)
	return nil
}

// joinBurstTx writes that reports belong to a burst.
func (s *Store) joinBurstTx(ctx context.Context, tx *migrations.Tx, id int64, joined []*report) error {
	for some := range slices.Chunk(joined, 200) {
		args := []any{id, s.stamp()}
		var ids []any
		for _, r := range some {
			args, ids = append(args, r.ID, r.person), append(ids, r.ID)
		}
		_, err := tx.Exec(ctx, `UPDATE ticket SET burst_id = ?, updated_at = ?, burst_person = CASE id`+strings.Repeat(` WHEN ? THEN ?`, len(some))+` ELSE '' END WHERE id IN (`+marks(len(some))+`)`, append(args, ids...)...)
		if err != nil {
			return fmt.Errorf("add %d requests to a burst: %w", len(some), err)
		}
	}
	return nil
}

// countGrownTx counts the bursts that a batch of mails made or added to: once
// each, since a mail to everybody is answered by many at the same time.
func (s *Store) countGrownTx(ctx context.Context, tx *migrations.Tx, b *batch) error {
	if b.reports == nil {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(b.reports.grown)) {
		if err := s.joinBurstTx(ctx, tx, id, b.reports.grown[id]); err != nil {
			return err
		}
		if err := s.countBurstTx(ctx, tx, id); err != nil {
			return err
		}
	}
	return nil
}

// countBurstTx writes how many people a burst has and why it is one. One that
// has too few left is over.
func (s *Store) countBurstTx(ctx context.Context, tx *migrations.Tx, id int64) error {
	var b burstCount
	err := tx.Get(ctx, &b, `SELECT COUNT(*) AS reports, COUNT(DISTINCT burst_person) AS people, COALESCE(MIN(opened_at), 0) AS first, COALESCE(MAX(opened_at), 0) AS last FROM ticket WHERE burst_id = ?`, id)
	if err != nil {
		return fmt.Errorf("count a burst: %w", err)
	}
	enough, err := s.burstPeople(ctx, tx)
	if err != nil {
		return err
	}
	if b.People < max(2, enough) {
		return s.endBurstTx(ctx, tx, id)
	}
	if err := tx.Select(ctx, &b.Oldest, `SELECT number FROM ticket WHERE burst_id = ? ORDER BY opened_at, id LIMIT 5`, id); err != nil {
		return fmt.Errorf("read a burst: %w", err)
	}
	if _, err := tx.Exec(ctx, `UPDATE burst SET since = ?, last_at = ?, people = ?, reason = ? WHERE id = ?`, b.First, b.Last, b.People, b.reason(), id); err != nil {
		return fmt.Errorf("count a burst: %w", err)
	}
	return nil
}

// recountBurstTx counts a burst anew after the requester of one of its tickets
// became another.
func (s *Store) recountBurstTx(ctx context.Context, tx *migrations.Tx, id, ticketID int64) error {
	var r report
	if err := tx.Get(ctx, &r, reportColumns+`WHERE t.id = ?`, ticketID); err != nil {
		return fmt.Errorf("read a report: %w", err)
	}
	words, err := firstWords(ctx, tx, []int64{ticketID})
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE ticket SET burst_person = ? WHERE id = ?`, s.personOf(&r, words[ticketID].vouched()), ticketID); err != nil {
		return fmt.Errorf("say whose report it is: %w", err)
	}
	return s.countBurstTx(ctx, tx, id)
}

// recountMergedTx counts the bursts anew of a client who was two.
func (s *Store) recountMergedTx(ctx context.Context, tx *migrations.Tx, clientID int64) error {
	var ids []int64
	if err := tx.Select(ctx, &ids, `SELECT DISTINCT burst_id FROM ticket WHERE client_id = ? AND burst_id IS NOT NULL ORDER BY 1`, clientID); err != nil {
		return fmt.Errorf("read somebody's bursts: %w", err)
	}
	for _, id := range ids {
		if err := s.countBurstTx(ctx, tx, id); err != nil {
			return err
		}
	}
	return nil
}

// endBurstTx makes the reports of a burst single ones.
func (s *Store) endBurstTx(ctx context.Context, tx *migrations.Tx, id int64) error {
	var all []int64
	if err := tx.Select(ctx, &all, `SELECT id FROM ticket WHERE burst_id = ? ORDER BY opened_at, id`, id); err != nil {
		return fmt.Errorf("read a burst: %w", err)
	}
	for _, ticket := range all {
		if err := s.RecordTx(ctx, tx, Event{Subject: "ticket", SubjectID: ticket, Kind: "burst_over"}); err != nil {
			return err
		}
	}
	for _, q := range []string{`UPDATE ticket SET burst_id = NULL, burst_person = '' WHERE burst_id = ?`, `DELETE FROM burst WHERE id = ?`} {
		if _, err := tx.Exec(ctx, q, id); err != nil {
			return fmt.Errorf("end a burst: %w", err)
		}
	}
	return nil
}

// burstCount is what a burst comes to.
type burstCount struct {
	Reports int              `db:"reports"`
	People  int              `db:"people"`
	First   migrations.Stamp `db:"first"`
	Last    migrations.Stamp `db:"last"`
	Oldest  []int64          `db:"-"` // the numbers of the first few
}

// reason says why a star is suggested: "Five people reported something alike
// within 40 minutes: HD-12, HD-14, HD-15, HD-17 and HD-18".
func (b burstCount) reason() string {
	var names []string
	for _, n := range b.Oldest {
		names = append(names, TicketName(n))
	}
	list := strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
	if more := b.Reports - len(names); more > 0 {
		list = strings.Join(names, ", ") + fmt.Sprintf(" and %d more", more)
	}
	who := fmt.Sprint(b.People)
	if n := [...]string{2: "Two", 3: "Three", 4: "Four", 5: "Five", 6: "Six", 7: "Seven", 8: "Eight", 9: "Nine", 10: "Ten"}; b.People < len(n) && b.People > 1 {
		who = n[b.People]
	}
	minutes := max(1, (int64(b.Last-b.First)+30_000_000)/60_000_000)
	within := fmt.Sprintf("%d minutes", minutes)
	switch {
	case minutes == 1:
		within = "a minute"
	case minutes > 90:
		within = fmt.Sprintf("%d hours", (minutes+59)/60)
	}
	return who + " people reported something alike within " + within + ": " + list
}

// Burst is several alike reports, to be answered as one.
type Burst struct {
	ID      int64            `db:"id"`
	Since   migrations.Stamp `db:"since"`
	People  int              `db:"people"`
	Reason  string           `db:"reason"`
	Tickets []Ticket         `db:"-"` // the oldest first, 100 at most
}

// BurstOf returns the burst that a ticket belongs to; NotFound where it was
// dissolved meanwhile.
func (s *Store) BurstOf(ctx context.Context, t *Ticket) (Burst, error) {
	var b Burst
	err := s.db.Get(ctx, &b, `SELECT id, since, people, reason FROM burst WHERE id = ?`, t.BurstID)
	if migrations.KindOf(err) == migrations.NotFound {
		return b, migrations.NotFoundf("This is not one of several reports any more.")
	}
	if err != nil {
		return b, fmt.Errorf("read the burst of %s: %w", t.Name(), err)
	}
	err = s.db.Select(ctx, &b.Tickets, ticketSelect+`WHERE t.burst_id = ? ORDER BY t.opened_at, t.id LIMIT 100`, b.ID)
	if err != nil {
		return b, fmt.Errorf("read the burst of %s: %w", t.Name(), err)
	}
	return b, nil
}

// LeaveBurst takes a ticket out of its burst, for good: a person says that it
// is about something else.
func (s *Store) LeaveBurst(ctx context.Context, actor Actor, number int64) (Ticket, error) {
	return s.addToFamily(ctx, "take out of its burst", number, func(tx *migrations.Tx, t *Ticket) error {
		was := t.BurstID
		if was == 0 {
			return nil
		}
		if err := t.setTx(ctx, tx, `burst_id = NULL, burst_person = '', burst_out = TRUE`); err != nil {
			return err
		}
		if err := s.changedTx(ctx, tx, actor, t, "burst_left", strconv.FormatInt(was, 10), ""); err != nil {
			return err
		}
		return s.countBurstTx(ctx, tx, was)
	})
}
