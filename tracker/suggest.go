package tracker

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"helpdeskd/migrations"
)

// suggest reads a priority out of what is known of a request by itself; a
// technician confirms it. A star is suggested where a form says that no work is
// possible, and where who asks, or for whom they ask, belongs to high
// management. That several report alike things says the ticket's burst.
func suggest(f *Form, text string, who ...*Client) (level int, star bool, why string) {
	return suggestBy(f, func() string { return stopsWork(text) }, who...)
}

// suggestBy is suggest with what a mail says of work that stops.
func suggestBy(f *Form, stops func() string, who ...*Client) (level int, star bool, why string) {
	level = 1
	if f != nil {
		for _, a := range f.Answers {
			if a.Meaning != MeansEffect || a.Answer == "" {
				continue
			}
			if l, st, ok := effectOfAnswer(a.Question, a.Answer); ok {
				level, star, why = l, st, "the form says about the effect on work: “"+clip(oneLine(a.Answer), 120)+"”"
			}
		}
	} else if said := stops(); said != "" {
		// A mail is no answer to a question: it never gives a star by itself.
		level, why = 3, "the mail says: “"+said+"”"
	}
	high := ""
	for _, c := range who {
		if c != nil && c.HighManagement && high == "" {
			high = c.Name + " belongs to high management"
		}
	}
	switch {
	case high != "" && star:
		why = high + "; " + why
	case high != "":
		level, star, why = 3, true, high
	}
	return level, star, why
}

// noWork are phrases of who cannot work, which mean that wherever they stand.
var noWork = []string{"work at all", "no work possible", "unable to work", "not able to work", "nicht arbeiten", "nicht mehr arbeiten", "keine arbeit moglich",
	"plus travailler", "pas travailler", "impossible de travailler", "aucun travail possible"}

// aboutWork are letters of which noWork, halted and what stopped looks for each
// have some, by their first: sentences without any are most, and need no closer look.
var aboutWork = [256][]string{'w': {"work"}, 'j': {"job"}, 'a': {"arbeit"}, 't': {"travail"}, 'n': {"nichts"}, 'r': {"rien"}}

// speaksOfWork reports whether a text has some of aboutWork in it, in whatever case.
func speaksOfWork(text string) bool {
	for i := range len(text) {
		for _, w := range aboutWork[text[i]|0x20] {
			if len(text)-i >= len(w) && strings.EqualFold(text[i:i+len(w)], w) {
				return true
			}
		}
	}
	return false
}

// stopsWork returns the sentence of a mail that says that somebody cannot
// work, "" for none.
func stopsWork(text string) string {
	return stopsWorkUnsigned(unsigned(clip(WithoutLinks(text), maxStopsText)))
}

// maxStopsText is how many bytes of a mail are read for it: about as many as
// are read when a suggestion is made anew, see firstWords.
const maxStopsText = 2500

// stopsWorkUnsigned is stopsWork for a text without its signature.
func stopsWorkUnsigned(text string) string {
	about := speaksOfWork
	if !about(text) { // as most mails
		return ""
	}
	sentences := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(".!?\n", r) })
	for _, s := range sentences[:min(30, len(sentences))] {
		if !about(s) {
			continue
		}
		n := " " + Fold(NormalLabel(s)) + " "
		has := func(phrases []string) bool {
			for _, p := range phrases {
				if strings.Contains(n, " "+p+" ") {
					return true
				}
			}
			return false
		}
		if has(halted) || !has(still) && (has(noWork) || stopped(strings.TrimSpace(n))) {
			return beginning(oneLine(s), 120)
		}
	}
	return ""
}

// resuggestTx makes a ticket's suggestion anew, after somebody changed for
// whom it is or who belongs to high management.
func (s *Store) resuggestTx(ctx context.Context, tx *migrations.Tx, ticketID int64) error {
	var t struct {
		ClientID int64 `db:"client_id"`
		ForID    int64 `db:"for_client_id"`
	}
	err := tx.Get(ctx, &t, `SELECT COALESCE(client_id, 0) AS client_id, COALESCE(for_client_id, 0) AS for_client_id FROM ticket WHERE id = ?`, ticketID)
	if err != nil {
		return fmt.Errorf("suggest a priority for ticket %d: %w", ticketID, err)
	}
	var who []*Client
	for _, id := range []int64{t.ClientID, t.ForID} {
		if id == 0 {
			continue
		}
		c, err := clientByID(ctx, tx, id)
		if err != nil {
			return err
		}
		who = append(who, &c)
	}
	texts, err := firstWords(ctx, tx, []int64{ticketID})
	if err != nil {
		return err
	}
	w := texts[ticketID]
	level, star, why := suggest(w.form, w.text, who...)
	if _, err := tx.Exec(ctx, `UPDATE ticket SET suggested_level = ?, suggested_star = ?, suggested_reason = ? WHERE id = ?`, level, star, why, ticketID); err != nil {
		return fmt.Errorf("suggest a priority for ticket %d: %w", ticketID, err)
	}
	return nil
}

// resuggestOfTx does so for a person's tickets that nobody has judged yet.
func (s *Store) resuggestOfTx(ctx context.Context, tx *migrations.Tx, clientID int64) error {
	var ids []int64
	err := tx.Select(ctx, &ids, `SELECT id FROM ticket WHERE (client_id = ? OR for_client_id = ?) AND triaged_at IS NULL AND closed_at IS NULL ORDER BY id DESC LIMIT 100`, clientID, clientID)
	if err != nil {
		return fmt.Errorf("list the open tickets of client %d: %w", clientID, err)
	}
	for _, id := range ids {
		if err := s.resuggestTx(ctx, tx, id); err != nil {
			return err
		}
	}
	return nil
}

// asked is what a ticket began with.
type asked struct {
	text    string // the first mail's words, or the note of who wrote it down
	form    *Form
	class   Class
	byHand  bool // no mail: a technician wrote it down
	verdict verdict
}

// vouching says who says whose request it is.
type vouching int

const (
	vouchedByNobody vouching = iota
	vouchedFor               // our mail server, the house's form, or a person who let the mail in
	vouchedByHand            // the technician who wrote it down
)

func (a asked) vouched() vouching {
	switch {
	case a.byHand:
		return vouchedByHand
	case a.form != nil:
		return vouchedFor
	}
	return a.verdict.vouched()
}

// maxFirstWords is how many characters of a mail say what it is about.
const maxFirstWords = 2000

// firstWords reads what tickets began with.
func firstWords(ctx context.Context, q read, ids []int64) (map[int64]asked, error) {
	all := map[int64]asked{}
	if len(ids) == 0 {
		return all, nil
	}
	var rows []struct {
		TicketID int64  `db:"ticket_id"`
		Class    Class  `db:"class"`
		Body     string `db:"body"`
		Form     string `db:"form"`
		Identity string `db:"identity"`
	}
	// Its first message alone, which an index knows: it is the request itself,
	// unless a technician wrote it down and answered.
	err := q.Select(ctx, &rows, `SELECT m.ticket_id, m.class, SUBSTR(m.body, 1, `+strconv.Itoa(maxFirstWords)+`) AS body, m.form, m.identity FROM message m
		WHERE m.id IN (SELECT MIN(x.id) FROM message x WHERE x.ticket_id IN (`+marks(len(ids))+`) GROUP BY x.ticket_id) AND m.direction = 'in' AND m.state <> 'rejected'`, anys(ids)...)
	if err != nil {
		return nil, fmt.Errorf("read what tickets began with: %w", err)
	}
	for _, r := range rows {
		a := asked{text: r.Body, class: r.Class, verdict: verdictOf(r.Identity)}
		if r.Form != "" {
			a.form = new(Form)
			if json.Unmarshal([]byte(r.Form), a.form) != nil {
				a.form = nil
			}
		}
		all[r.TicketID] = a
	}
	var rest []int64
	for _, id := range ids {
		if _, ok := all[id]; !ok {
			rest = append(rest, id)
		}
	}
	if len(rest) == 0 {
		return all, nil
	}
	var notes []struct {
		TicketID int64  `db:"ticket_id"`
		Body     string `db:"body"`
	}
	err = q.Select(ctx, &notes, `SELECT n.ticket_id, SUBSTR(n.body, 1, 4000) AS body FROM note n
		WHERE n.id IN (SELECT MIN(x.id) FROM note x WHERE x.ticket_id IN (`+marks(len(rest))+`) AND x.kind <> 'system' GROUP BY x.ticket_id)`, anys(rest)...)
	if err != nil {
		return nil, fmt.Errorf("read what tickets began with: %w", err)
	}
	for _, id := range rest {
		all[id] = asked{class: ClassHuman, byHand: true}
	}
	for _, n := range notes {
		all[n.TicketID] = asked{class: ClassHuman, byHand: true, text: n.Body}
	}
	return all, nil
}

// words returns what a request says of its trouble: of a form the answers that
// tell of it, not names, places and what one chooses from.
func (a asked) words() string {
	if a.form == nil {
		return a.text
	}
	var b strings.Builder
	for _, x := range a.form.Answers {
		if x.Meaning == MeansProblem {
			b.WriteString(x.Answer)
			b.WriteByte('\n')
		}
	}
	return b.String()
}
