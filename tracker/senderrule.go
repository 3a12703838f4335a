package tracker

import (
	"context"
	"fmt"
	"strings"

	"helpdeskd/migrations"
)

// SenderRule says that the mail of a sender opens no ticket. It is kept in the
// ledger, and what belongs to a ticket that they take part in still joins it.
type SenderRule struct {
	ID          int64            `db:"id"`
	Pattern     string           `db:"pattern"` // an address, or @ and a domain, which covers what is below it
	Reason      string           `db:"reason"`
	AccountName string           `db:"account_name"` // who made it
	CreatedAt   migrations.Stamp `db:"created_at"`
	Hits        int64            `db:"hits"` // mails that it kept out
	HitAt       migrations.Stamp `db:"hit_at"`
}

// SenderRules returns all rules, by their pattern.
func (s *Store) SenderRules(ctx context.Context) ([]SenderRule, error) {
	var list []SenderRule
	err := s.db.Select(ctx, &list, `SELECT r.id, r.pattern, r.reason, a.name AS account_name, r.created_at, r.hits, COALESCE(r.hit_at, 0) AS hit_at
		FROM sender_rule r JOIN account a ON a.id = r.account_id ORDER BY r.pattern`)
	if err != nil {
		return nil, fmt.Errorf("list ignored senders: %w", err)
	}
	return list, nil
}

// IgnoreSender has the mail of an address, or of @ and a domain, open no ticket
// from now on. inboxID is a mail in quarantine or held that this decides about,
// 0 for none. Technicians, our own mailboxes and the senders of forms can not
// be ignored.
func (s *Store) IgnoreSender(ctx context.Context, actor Actor, pattern, reason string, inboxID int64) error {
	pattern = strings.ToLower(strings.TrimSpace(pattern))
	if reason = oneLine(reason); reason == "" {
		return migrations.InvalidAt("reason", "Please write why this sender is ignored.")
	}
	if err := checkPattern(pattern); err != nil {
		return err
	}
	add := func(tx *migrations.Tx) error {
		if err := s.ignorableTx(ctx, tx, pattern); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `INSERT INTO sender_rule (pattern, reason, account_id, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (pattern) DO NOTHING`,
			pattern, clip(reason, 300), actor.AccountID, s.stamp())
		if err != nil || n == 0 { // it is ignored already
			return err
		}
		var id int64
		if err := tx.Get(ctx, &id, `SELECT id FROM sender_rule WHERE pattern = ?`, pattern); err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "sender_rule", SubjectID: id, Kind: "added"})
	}
	if inboxID == 0 {
		if err := s.db.Tx(ctx, add); err != nil {
			return fmt.Errorf("ignore a sender: %w", err)
		}
		return nil
	}
	return s.onMail(ctx, "ignore the sender of", inboxID, func(tx *migrations.Tx, sums tally, r decidedRow) error {
		if r.again(actor, DecidedIgnored) && r.Fate == FateNone {
			return nil
		}
		rows := []decidedRow{r}
		switch {
		case r.quarantined():
		case r.State == inboxDone && r.Fate == FatePending:
			var held int64
			err := tx.Get(ctx, &held, `SELECT COALESCE(MAX(id), 0) FROM message WHERE state = 'held' AND (inbox_id = ? OR revision_of IN (SELECT id FROM message WHERE inbox_id = ?))`, r.ID, r.ID)
			if err != nil {
				return err
			}
			if rows, err = heldRowsTx(ctx, tx, held); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE message SET state = 'rejected' WHERE id = ?`, held); err != nil {
				return err
			}
		default:
			return meanwhile(ctx, tx, r)
		}
		if err := add(tx); err != nil {
			return err
		}
		for _, row := range rows {
			fate := row.Fate
			if fate == FatePending || fate == FateQuarantine {
				fate = FateNone
			}
			if err := s.resolveTx(ctx, tx, sums, actor, row, DecidedIgnored, fate, "its sender is ignored: "+reason, 0); err != nil {
				return err
			}
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "inbox", SubjectID: r.ID, Kind: DecidedIgnored})
	})
}

// checkPattern refuses what is neither an address nor @ and a domain.
func checkPattern(pattern string) error {
	if domain, ok := strings.CutPrefix(pattern, "@"); ok {
		if strings.Contains(domain, ".") && sendable("x@"+domain) {
			return nil
		}
	} else if sendable(pattern) {
		return nil
	}
	return migrations.InvalidAt("pattern", "%q is neither a mail address nor a domain. Write for example news@shop.example, or @shop.example for everybody there.", clip(pattern, 80))
}

// covers reports whether a rule is about an address.
func covers(pattern, address string) bool {
	address = strings.ToLower(address)
	if domain, ok := strings.CutPrefix(pattern, "@"); ok {
		return strings.HasSuffix(address, pattern) || strings.HasSuffix(address, "."+domain)
	}
	return address == pattern
}

// ignorableTx refuses a rule that would keep out technicians, ourselves or a form.
func (s *Store) ignorableTx(ctx context.Context, tx *migrations.Tx, pattern string) error {
	var people []string
	if err := tx.Select(ctx, &people, `SELECT email FROM account WHERE enabled`); err != nil {
		return fmt.Errorf("read accounts: %w", err)
	}
	for _, a := range people {
		if covers(pattern, a) {
			return migrations.InvalidAt("pattern", "%s signs in here, and can not be ignored.", a)
		}
	}
	taught, err := s.setting(ctx, tx, SetSenders)
	if err != nil {
		return err
	}
	forms := readSenders(taught)
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, p := range s.policies {
		for _, a := range append([]string{p.Address}, p.Aliases...) {
			if a != "" && covers(pattern, a) {
				return migrations.InvalidAt("pattern", "%s is the helpdesk's own address, and can not be ignored.", a)
			}
		}
		forms = append(forms, p.FormSenders...)
	}
	for _, a := range forms {
		if covers(pattern, a) {
			return migrations.InvalidAt("pattern", "%s sends the answers of your form, and can not be ignored.", a)
		}
	}
	return nil
}

// RemoveSenderRule has a sender's mail treated like everybody's again. What
// was ignored stays so; it can be read again from the ledger.
func (s *Store) RemoveSenderRule(ctx context.Context, actor Actor, id int64) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM sender_rule WHERE id = ?`, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return migrations.NotFoundf("There is no such rule (any more).")
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "sender_rule", SubjectID: id, Kind: "removed"})
	})
	if err != nil {
		return fmt.Errorf("remove rule %d: %w", id, err)
	}
	return nil
}

// gatherRules reads the rules; there are few.
func (s *Store) gatherRules(ctx context.Context, tx *migrations.Tx, b *batch) error {
	if err := tx.Select(ctx, &b.rules, `SELECT id, pattern, reason FROM sender_rule`); err != nil {
		return fmt.Errorf("read ignored senders: %w", err)
	}
	return nil
}

// ignored returns the rule that keeps a mail out, nil for none.
func (d *decision) ignored() *SenderRule {
	if d.account != nil && d.account.Enabled || d.author.Address == "" || d.policy.isOurs(d.author.Address) {
		return nil
	}
	for i := range d.batch.rules {
		if covers(d.batch.rules[i].Pattern, d.author.Address) {
			return &d.batch.rules[i]
		}
	}
	return nil
}

// settleIgnored keeps a mail whose sender is ignored, and that belongs to no
// ticket of theirs.
func (s *Store) settleIgnored(ctx context.Context, tx *migrations.Tx, d *decision) error {
	r := d.ignored()
	if r == nil {
		return nil
	}
	d.fate(FateNone, "ignored by rule "+r.Pattern+": "+r.Reason)
	d.out.Decision = DecidedIgnored
	if _, err := tx.Exec(ctx, `UPDATE sender_rule SET hits = hits + 1, hit_at = ? WHERE id = ?`, s.stamp(), r.ID); err != nil {
		return fmt.Errorf("count an ignored mail: %w", err)
	}
	return nil
}
