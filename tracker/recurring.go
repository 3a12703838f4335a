package tracker

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"helpdeskd/migrations"
)

// What recurs, and what counts as often.
const (
	RecurringDays  = 90     // how far back it is looked
	recurringTimes = 3      // how often makes it a problem
	recurringShare = 50     // in a busy category, one of so many at least
	recurringRead  = 3000   // the newest tickets whose subjects are compared
	recurringRows  = 20_000 // the newest tickets that are read of people, and of assets
)

// The kinds of recurring problems.
const (
	RecursAsset  = "asset"  // the same asset
	RecursPerson = "person" // the same person, within one category
	RecursWords  = "words"  // whoever it is: alike subjects, within one category
)

// Recurring is a problem that came three times or more within RecurringDays.
//
// A category alone says nothing, since in a busy desk each comes three times a
// day. So a category's recurring problem is one that the subjects tell: at
// least three, and at least one in recurringShare of the category's, share two
// words that mean something. A person's is within one category too: three
// requests for help are no problem of theirs, three about access are one.
type Recurring struct {
	Key        string // asset:7, person:12:3, words:3:HASH
	Kind       string
	AssetID    int64
	ClientID   int64
	CategoryID int64
	Words      []string     // that the subjects share, as the newest has them
	Tickets    []Occurrence // the newest first
	People     int          // how many asked

	Root int64 // the number of the root-cause ticket that is open, 0 for none
	keys []string
}

// Occurrence is one ticket of a recurring problem.
type Occurrence struct {
	ID         int64            `db:"id"`
	Number     int64            `db:"number"`
	Subject    string           `db:"subject"`
	ClientID   int64            `db:"client_id"`   // whom it concerns, 0 for nobody known
	CategoryID int64            `db:"category_id"` // 0 for none
	OpenedAt   migrations.Stamp `db:"opened_at"`
	Family     int64            `db:"family"` // the problem that it reports, where others do too; else itself
}

// familyOf is the parent of a report of a problem that many report, which came
// once. A root-cause ticket is no such parent: what hangs on it came each for itself.
const familyOf = `COALESCE((SELECT p.id FROM ticket p WHERE p.id = t.parent_id AND p.id NOT IN (SELECT y.ticket_id FROM recurrence y WHERE y.ticket_id IS NOT NULL)), t.id) AS family`

// N is how often it came.
func (r Recurring) N() int { return len(r.Tickets) }

// Example is the subject that says what recurs with the fewest words, of
// several the newest; "" where none has any.
func (r Recurring) Example() string {
	best, fewest := "", 0
	for _, o := range r.Tickets {
		if n := len(strings.Fields(o.Subject)); n > 0 && (best == "" || n < fewest) {
			best, fewest = o.Subject, n
		}
	}
	return best
}

// Suggested reports whether a root-cause ticket should be opened: none is.
func (r Recurring) Suggested() bool { return r.Root == 0 }

// has reports whether a ticket is one of the problem's.
func (r Recurring) has(ticketID int64) bool {
	return slices.ContainsFunc(r.Tickets, func(o Occurrence) bool { return o.ID == ticketID })
}

// occurrences reads the tickets since a time that a condition chooses, the
// newest first: those that were dropped or merged, and root-cause tickets
// themselves, are no occurrences.
func occurrences(ctx context.Context, q read, since migrations.Stamp, limit int, where string, args ...any) (list []Occurrence, err error) {
	err = q.Select(ctx, &list, `SELECT t.id, t.number, t.subject, COALESCE(t.for_client_id, t.client_id, 0) AS client_id, COALESCE(t.category_id, 0) AS category_id, t.opened_at, `+familyOf+`
		FROM ticket t WHERE t.opened_at >= ? AND t.stage <> 'dropped' AND `+unmerged+` AND t.id NOT IN (SELECT x.ticket_id FROM recurrence x WHERE x.ticket_id IS NOT NULL)`+where+`
		ORDER BY t.opened_at DESC, t.id DESC LIMIT ?`, append(append([]any{since}, args...), limit)...)
	if err != nil {
		return nil, fmt.Errorf("read what may recur: %w", err)
	}
	return list, nil
}

// settled is what was decided about a problem.
type settled struct {
	Key    string           `db:"key"`
	At     migrations.Stamp `db:"at"`     // since then it counts anew
	Number int64            `db:"number"` // of the root-cause ticket that is open
}

// settledKeys reads the decisions. A root-cause ticket that is completed
// settles what came before its end: three more mean that it was not the cause.
func settledKeys(ctx context.Context, q read) (map[string]settled, error) {
	var rows []settled
	err := q.Select(ctx, &rows, `SELECT r.key, COALESCE(t.closed_at, r.at) AS at, CASE WHEN t.closed_at IS NULL THEN COALESCE(t.number, 0) ELSE 0 END AS number
		FROM recurrence r LEFT JOIN ticket t ON t.id = r.ticket_id`)
	if err != nil {
		return nil, fmt.Errorf("read what was decided about recurring problems: %w", err)
	}
	all := map[string]settled{}
	for _, r := range rows {
		all[r.Key] = r
	}
	return all, nil
}

func (s *Store) recurringSince() migrations.Stamp {
	return migrations.At(s.Now().Add(-RecurringDays * 24 * time.Hour))
}

// RecurringOfAsset returns the recurring problem of an asset, none or one.
func (s *Store) RecurringOfAsset(ctx context.Context, id int64) ([]Recurring, error) {
	known, err := settledKeys(ctx, s.db)
	if err != nil {
		return nil, err
	}
	return assetProblems(ctx, s.db, s.recurringSince(), known, ` AND l.a_id = ?`, id)
}

// RecurringOfClient returns a person's recurring problems, and those of the
// assets that they asked about.
func (s *Store) RecurringOfClient(ctx context.Context, id int64) ([]Recurring, error) {
	since := s.recurringSince()
	known, err := settledKeys(ctx, s.db)
	if err != nil {
		return nil, err
	}
	all, err := assetProblems(ctx, s.db, since, known, ` AND l.a_id IN (SELECT o.a_id FROM ticket u JOIN link o ON o.a_kind = 'asset' AND o.b_kind = 'ticket' AND o.b_id = u.id WHERE u.client_id = ? AND u.opened_at >= ?)`, id, since)
	if err != nil {
		return nil, err
	}
	rows, err := occurrences(ctx, s.db, since, recurringRows, ` AND (t.client_id = ? OR t.for_client_id = ?)`, id, id)
	if err != nil {
		return nil, err
	}
	people := slices.DeleteFunc(personProblems(rows, known), func(r Recurring) bool { return r.ClientID != id })
	return unlike(append(all, people...)), nil
}

// RecurringOfTicket returns the recurring problems that a ticket is one of.
func (s *Store) RecurringOfTicket(ctx context.Context, t *Ticket) ([]Recurring, error) {
	since := s.recurringSince()
	if t.OpenedAt < since || t.Stage == Dropped {
		return nil, nil
	}
	known, err := settledKeys(ctx, s.db)
	if err != nil {
		return nil, err
	}
	all, err := assetProblems(ctx, s.db, since, known, ` AND l.a_id IN (SELECT o.a_id FROM link o WHERE o.a_kind = 'asset' AND o.b_kind = 'ticket' AND o.b_id = ?)`, t.ID)
	if err != nil {
		return nil, err
	}
	if t.CategoryID != 0 {
		rows, err := occurrences(ctx, s.db, since, recurringRead, ` AND t.category_id = ?`, t.CategoryID)
		if err != nil {
			return nil, err
		}
		if who := cmp.Or(t.ForClientID, t.ClientID); who != 0 {
			theirs, err := occurrences(ctx, s.db, since, recurringRows, ` AND t.category_id = ? AND (t.client_id = ? OR t.for_client_id = ?)`, t.CategoryID, who, who)
			if err != nil {
				return nil, err
			}
			all = append(all, personProblems(theirs, known)...)
		}
		all = append(all, wordProblems(rows, known)...)
	}
	return unlike(slices.DeleteFunc(all, func(r Recurring) bool { return !r.has(t.ID) })), nil
}

// RecurringByKey returns a problem by its key, NotFound where it is none (any more).
func (s *Store) RecurringByKey(ctx context.Context, key string) (Recurring, error) {
	since := s.recurringSince()
	var all []Recurring
	known, err := settledKeys(ctx, s.db)
	if err != nil {
		return Recurring{}, err
	}
	var rows []Occurrence
	part := strings.Split(key, ":")
	id, _ := strconv.ParseInt(part[min(1, len(part)-1)], 10, 64)
	switch part[0] {
	case RecursAsset:
		all, err = assetProblems(ctx, s.db, since, known, ` AND l.a_id = ?`, id)
	case RecursPerson:
		rows, err = occurrences(ctx, s.db, since, recurringRows, ` AND (t.client_id = ? OR t.for_client_id = ?)`, id, id)
		all = personProblems(rows, known)
	case RecursWords:
		rows, err = occurrences(ctx, s.db, since, recurringRead, ` AND t.category_id = ?`, id)
		all = wordProblems(rows, known)
	}
	if err != nil {
		return Recurring{}, err
	}
	if i := slices.IndexFunc(all, func(r Recurring) bool { return r.Key == key }); i >= 0 {
		return all[i], nil
	}
	return Recurring{}, migrations.NotFoundf("This does not recur any more, or somebody decided about it meanwhile.")
}

// assetProblems finds the assets that came often enough.
func assetProblems(ctx context.Context, q read, since migrations.Stamp, known map[string]settled, where string, args ...any) ([]Recurring, error) {
	var rows []struct {
		AssetID int64 `db:"asset_id"`
		Occurrence
	}
	err := q.Select(ctx, &rows, `SELECT l.a_id AS asset_id, t.id, t.number, t.subject, COALESCE(t.for_client_id, t.client_id, 0) AS client_id, COALESCE(t.category_id, 0) AS category_id, t.opened_at, `+familyOf+`
		FROM ticket t JOIN link l ON l.a_kind = 'asset' AND l.b_kind = 'ticket' AND l.b_id = t.id
		WHERE t.opened_at >= ? AND t.stage <> 'dropped' AND `+unmerged+` AND t.id NOT IN (SELECT x.ticket_id FROM recurrence x WHERE x.ticket_id IS NOT NULL)`+where+`
		ORDER BY t.opened_at DESC, t.id DESC LIMIT ?`, append(append([]any{since}, args...), recurringRows)...)
	if err != nil {
		return nil, fmt.Errorf("read what may recur: %w", err)
	}
	of := map[int64][]Occurrence{}
	for _, r := range rows {
		of[r.AssetID] = append(of[r.AssetID], r.Occurrence)
	}
	var all []Recurring
	for id, tickets := range of {
		if r, ok := problem(known, recurringTimes, []string{Thing{KindAsset, id}.String()}, tickets); ok {
			r.Kind, r.AssetID = RecursAsset, id
			all = append(all, r)
		}
	}
	sortProblems(all)
	return all, nil
}

// personProblems finds the people who asked often enough within a category.
func personProblems(rows []Occurrence, known map[string]settled) []Recurring {
	type pair struct{ client, category int64 }
	of := map[pair][]Occurrence{}
	for _, o := range rows {
		if o.ClientID != 0 && o.CategoryID != 0 { // what nobody has sorted yet is not alike
			p := pair{o.ClientID, o.CategoryID}
			of[p] = append(of[p], o)
		}
	}
	var all []Recurring
	for p, tickets := range of {
		if r, ok := problem(known, recurringTimes, []string{fmt.Sprintf("%s:%d:%d", RecursPerson, p.client, p.category)}, tickets); ok {
			r.Kind, r.ClientID, r.CategoryID = RecursPerson, p.client, p.category
			all = append(all, r)
		}
	}
	sortProblems(all)
	return all
}

// problem makes a problem of tickets, the newest first, if what came since the
// last decision about it is often enough: what many reported at the same time
// came once.
func problem(known map[string]settled, times int, keys []string, tickets []Occurrence) (Recurring, bool) {
	r := Recurring{Key: keys[0], keys: keys}
	var since migrations.Stamp
	for _, k := range keys {
		if d, ok := known[k]; ok {
			if r.Root = max(r.Root, d.Number); d.Number == 0 {
				since = max(since, d.At)
			}
		}
	}
	people, families := map[int64]bool{}, map[int64]bool{}
	for _, o := range tickets {
		if r.Root == 0 && o.OpenedAt <= since {
			continue
		}
		families[cmp.Or(o.Family, o.ID)] = true
		r.Tickets = append(r.Tickets, o)
		if o.ClientID != 0 {
			people[o.ClientID] = true
		}
	}
	r.People = len(people)
	return r, len(families) >= times
}

// sortProblems puts the most frequent first, of two alike the newer.
func sortProblems(all []Recurring) {
	slices.SortFunc(all, func(a, b Recurring) int {
		return cmp.Or(cmp.Compare(b.N(), a.N()), cmp.Compare(b.Tickets[0].OpenedAt, a.Tickets[0].OpenedAt), cmp.Compare(a.Key, b.Key))
	})
}

// unlike leaves out a problem whose tickets all are one before it already: an
// asset says more than its holder, a person more than words.
func unlike(all []Recurring) []Recurring {
	var kept []Recurring
	for _, r := range all {
		within := slices.ContainsFunc(kept, func(k Recurring) bool {
			return !slices.ContainsFunc(r.Tickets, func(o Occurrence) bool { return !k.has(o.ID) })
		})
		if !within {
			kept = append(kept, r)
		}
	}
	sortProblems(kept)
	return kept
}

// keyOfWords names a pair of words in a category without holding them: a
// subject may have a person's name in it.
func keyOfWords(category int64, a, b string) string {
	sum := sha256.Sum256([]byte(a + " " + b))
	return fmt.Sprintf("%s:%d:%s", RecursWords, category, hex.EncodeToString(sum[:12]))
}

// subjectWords returns the words of a subject that may mean something, in order,
// each once.
func subjectWords(subject string) []string {
	words := wordsOf(12, subject)
	return slices.DeleteFunc(words, func(w string) bool {
		return utf8.RuneCountInString(w) < 3 || stopWords[w] || strings.Trim(w, "0123456789") == ""
	})
}

// stopWords are what subjects have in common without being alike: the small
// words of English, German, French, Spanish and Italian, and a helpdesk's own.
var stopWords = func() map[string]bool {
	all := map[string]bool{}
	for w := range strings.FieldsSeq(`the and for not with does can cannot can't isn't doesn't don't from that this has have are was were will our your you his her its into out off over again any more now new still after when what who how why
		problem problems issue issues help please request question urgent need needs needed work works working broken error trouble since today yesterday monday tuesday wednesday thursday friday hello dear fwd
		der die das und ein eine einen ist nicht mit auf von für fuer bei zum zur den dem des geht wieder bitte hilfe anfrage frage kein keine mehr nach
		les des une est pas avec pour dans sur plus mon mes nos ne que qui aux marche aide demande
		los las una con por para que del mis muy non che per del della dei con sono`) {
		all[w] = true
	}
	return all
}()
