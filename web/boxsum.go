package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// boxSum says in sentences whether all mails of a mailbox are accounted for:
// what was taken of it beside what became of that, and what it holds beside
// what was taken.
type boxSum struct {
	ID      int64
	Address string
	Words   string
	Bad     bool
	Holds   []sumLine
	Looked  bool // there is something to compare

	Asked      bool // a comparison was asked for, and not made yet
	ComparedAt migrations.Stamp
	Found      int // by that comparison
}

// sumLine is a sentence about one folder.
type sumLine struct {
	Words string
	Bad   bool
}

// takenLate is how long mail may lie in a folder that is read until the page
// worries.
const takenLate = 10 * time.Minute

func (s *site) boxSums(ctx context.Context) ([]boxSum, error) {
	sums, err := s.store.LedgerSums(ctx)
	if err != nil {
		return nil, err
	}
	holds, err := s.store.Holdings(ctx)
	if err != nil {
		return nil, err
	}
	var list []boxSum
	for _, b := range sums {
		h := holds[b.Mailbox.ID]
		v := boxSum{ID: b.Mailbox.ID, Address: b.Mailbox.Address, Bad: b.Off() != 0, Words: s.sumWords(b), Holds: s.holdWords(b.Mailbox, h), Looked: len(h.Folders) > 0}
		v.ComparedAt, v.Found = h.Compared()
		v.Asked = migrations.Or(b.Mailbox.ReconcileAt) > v.ComparedAt
		list = append(list, v)
	}
	return list, nil
}

// sumWords says what became of the mails that were taken.
func (s *site) sumWords(b tracker.BoxSum) string {
	switch {
	case b.Off() != 0:
		return s.words.say("ledger.sum_off", thousands(b.Taken), b.Mailbox.Address, thousands(b.Sum))
	case b.Taken == 0:
		return s.words.say("ledger.sum_empty", b.Mailbox.Address)
	}
	shadow := b.N(tracker.FateShadow)
	rest := b.Sum - b.N(tracker.FateNew) - b.N(tracker.FateAppend) - shadow - b.Waits - b.Open
	parts := []string{s.words.say("ledger.sum_tickets", thousands(b.N(tracker.FateNew)+b.N(tracker.FateAppend)))}
	if rest > 0 {
		parts = append(parts, s.words.say("ledger.sum_none", thousands(rest)))
	}
	if shadow > 0 {
		parts = append(parts, s.words.say("ledger.sum_shadow", thousands(shadow)))
	}
	if b.Waits > 0 {
		parts = append(parts, s.words.say("ledger.sum_waits", b.Waits))
	}
	if b.Open > 0 {
		parts = append(parts, s.words.say("ledger.sum_open", b.Open))
	}
	return s.words.say("ledger.sum", thousands(b.Taken), b.Mailbox.Address, strings.Join(parts, ", "))
}

// holdWords says what lies in the folders of a mailbox, and what of that was
// not taken. A person must look at what stays there.
func (s *site) holdWords(m tracker.Mailbox, h tracker.Holding) (lines []sumLine) {
	compared, _ := h.Compared()
	for _, f := range h.Folders {
		if f.LookedAt == nil {
			continue
		}
		n, waiting := int(f.Messages), int(f.Waiting)
		var parts []string
		add := func(key string, n int) {
			if n > 0 {
				parts = append(parts, s.words.say(key, n))
			}
		}
		add("ledger.hold_waiting", waiting)
		key := "ledger.hold_" + f.Role
		if f.Role == tracker.RoleInbox {
			unmoved := min(h.Unmoved, max(0, n-waiting))
			rest := n - waiting - unmoved
			if m.InShadow() {
				add("ledger.hold_shadow", unmoved)
			} else {
				add("ledger.hold_unmoved", unmoved)
			}
			moves := slices.ContainsFunc(h.Folders, func(f tracker.Folder) bool { return f.Role == tracker.RoleProcessed })
			switch {
			case f.BeginAt == nil:
				add("ledger.hold_left", rest)
			case moves:
				add("ledger.hold_before", rest)
			default:
				add("ledger.hold_either", rest)
			}
		}
		text := s.words.say(key, f.Name, s.words.say("n.mails", n))
		if len(parts) > 0 {
			text += ": " + strings.Join(parts, ", ")
		}
		lines = append(lines, sumLine{Words: text + "."})
		late := f.Role == tracker.RoleProcessed || s.store.Now().Sub(f.LookedAt.Time()) > takenLate
		if waiting > 0 && late && !m.InShadow() {
			lines = append(lines, sumLine{Bad: true, Words: s.words.say("ledger.hold_late", waiting, f.Name)})
		}
		if gone := migrations.Or(f.VanishedAt); f.Vanished > 0 {
			key, bad := "ledger.hold_vanished", gone > compared
			if bad {
				key = "ledger.hold_vanished_new"
			}
			lines = append(lines, sumLine{Bad: bad, Words: s.words.say(key, int(f.Vanished), f.Name)})
		}
	}
	return lines
}

// compareMailbox asks the poller to compare a mailbox with the ledger, as the
// reconcile command does.
func (s *site) compareMailbox(w http.ResponseWriter, r *http.Request) error {
	return s.mend(w, r, "ledger.compare_asked", func(id int64) error { return s.store.AskReconciliation(r.Context(), actorOf(r), id) })
}
