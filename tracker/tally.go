package tracker

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"helpdeskd/migrations"
)

// taken is what the tally calls the mails that were ever taken of a mailbox.
const taken = "taken"

// tally is by how many the mails of each fate change in a transaction, and how
// many more were taken. So the ledger's sums cost nothing to read. It is
// written last: its rows are what transactions on different mails share.
type tally map[tallyKey]int64

type tallyKey struct {
	mailbox int64
	what    string
}

func (t tally) add(mailboxID int64, what string, n int64) {
	if n != 0 {
		t[tallyKey{mailboxID, what}] += n
	}
}

// refate counts mails whose fate is another now; "" is that of those who have
// none (any more).
func (t tally) refate(mailboxID int64, was, became string) {
	if was != "" {
		t.add(mailboxID, was, -1)
	}
	if became != "" {
		t.add(mailboxID, became, 1)
	}
}

func (t tally) writeTx(ctx context.Context, tx *migrations.Tx) error {
	// In one order, so that two who count the same do not wait for each other.
	keys := slices.SortedFunc(maps.Keys(t), func(a, b tallyKey) int {
		return cmp.Or(cmp.Compare(a.mailbox, b.mailbox), cmp.Compare(a.what, b.what))
	})
	for _, k := range keys {
		if t[k] == 0 {
			continue
		}
		_, err := tx.Exec(ctx, `INSERT INTO inbox_tally (mailbox_id, what, n) VALUES (?, ?, ?)
			ON CONFLICT (mailbox_id, what) DO UPDATE SET n = inbox_tally.n + excluded.n`, k.mailbox, k.what, t[k])
		if err != nil {
			return fmt.Errorf("count mails: %w", err)
		}
	}
	return nil
}

// BoxSum is what was taken of a mailbox, and what became of it.
type BoxSum struct {
	Mailbox Mailbox
	Taken   int     // ever
	Fates   []Count // kept and working, then every fate: they add up to Sum
	Sum     int
	Waits   int // of them: for a person, held or in quarantine
	Open    int // of them: not decided yet
}

// Off is how many mails the fates do not account for: 0, or something is wrong.
func (b BoxSum) Off() int { return b.Taken - b.Sum }

// N returns how many mails have a fate.
func (b BoxSum) N(what string) int {
	for _, c := range b.Fates {
		if c.What == what {
			return c.N
		}
	}
	return 0
}

// sumRow is one number of the ledger's sums.
type sumRow struct {
	MailboxID int64  `db:"mailbox_id"`
	What      string `db:"what"`
	N         int    `db:"n"`
}

// LedgerSums returns the sums of every mailbox, by name. What was taken and
// what became of it are counted on their own, when each happens, so that their
// being equal says something.
func (s *Store) LedgerSums(ctx context.Context) ([]BoxSum, error) {
	boxes, err := s.Mailboxes(ctx)
	if err != nil {
		return nil, err
	}
	var rows []sumRow
	// One statement, so that the numbers are of one moment. What is open is
	// little, and has an index of its own.
	err = s.db.Select(ctx, &rows, `SELECT mailbox_id, what, n FROM inbox_tally
		UNION ALL SELECT mailbox_id, state AS what, count(*) AS n FROM inbox WHERE state <> 'done' GROUP BY mailbox_id, state`)
	if err != nil {
		return nil, fmt.Errorf("read the sums of the ledger: %w", err)
	}
	var list []BoxSum
	for _, m := range boxes {
		b := BoxSum{Mailbox: m}
		for _, w := range InboxCounts() {
			b.Fates = append(b.Fates, Count{What: w})
		}
		for _, r := range rows {
			if r.MailboxID != m.ID {
				continue
			}
			if r.What == taken {
				b.Taken = r.N
				continue
			}
			b.Sum += r.N
			at := slices.IndexFunc(b.Fates, func(c Count) bool { return c.What == r.What })
			if at < 0 {
				at = len(b.Fates)
				b.Fates = append(b.Fates, Count{What: r.What})
			}
			b.Fates[at].N += r.N
		}
		b.Waits, b.Open = b.N(FatePending)+b.N(FateQuarantine), b.N(inboxKept)+b.N(inboxWorking)
		list = append(list, b)
	}
	return list, nil
}

// Recount counts every row of the ledger anew and tells where the sums differ
// from that, a line each; none where they are right. It reads the whole table.
func (s *Store) Recount(ctx context.Context) ([]string, error) {
	var rows []sumRow
	err := s.db.Select(ctx, &rows, `SELECT mailbox_id, what, SUM(n) AS n FROM (
			SELECT mailbox_id, what, n FROM inbox_tally
			UNION ALL SELECT mailbox_id, fate AS what, -count(*) AS n FROM inbox WHERE state = 'done' GROUP BY mailbox_id, fate
			UNION ALL SELECT mailbox_id, 'taken' AS what, -count(*) AS n FROM inbox GROUP BY mailbox_id) both_ways
		GROUP BY mailbox_id, what HAVING SUM(n) <> 0 ORDER BY mailbox_id, what`)
	if err != nil {
		return nil, fmt.Errorf("count the ledger anew: %w", err)
	}
	var wrong []string
	for _, r := range rows {
		wrong = append(wrong, fmt.Sprintf("mailbox %d: %d too many are counted as %s", r.MailboxID, r.N, r.What))
	}
	return wrong, nil
}

// recountTx counts what change does to the fates of some mails.
func recountTx(ctx context.Context, tx *migrations.Tx, ids []int64, change func() error) error {
	if len(ids) == 0 {
		return change()
	}
	sums := tally{}
	count := func(by int64) error {
		var rows []sumRow
		err := tx.Select(ctx, &rows, `SELECT mailbox_id, fate AS what, count(*) AS n FROM inbox WHERE state = 'done' AND id IN (`+marks(len(ids))+`) GROUP BY mailbox_id, fate`, anys(ids)...)
		for _, r := range rows {
			sums.add(r.MailboxID, r.What, by*int64(r.N))
		}
		return err
	}
	if err := count(-1); err != nil {
		return fmt.Errorf("count mails: %w", err)
	}
	if err := change(); err != nil {
		return err
	}
	if err := count(1); err != nil {
		return fmt.Errorf("count mails: %w", err)
	}
	return sums.writeTx(ctx, tx)
}
