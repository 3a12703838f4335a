package tracker

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker/erased"
)

// Erasing is who is being erased, or looked at for that.
type Erasing struct {
	ClientID  int64    // 0: nobody's, only addresses are known
	Addresses []string // lower case
	Names     []string // full names that they are known by
	redact    func(string) string
	named     *regexp.Regexp // one of the addresses; nil for none
}

// Redact returns a text without the person's addresses and full names.
func (p Erasing) Redact(text string) string { return p.redact(text) }

// Like returns a pattern for LIKE, of LOWER(column), that finds each of the
// person's addresses.
func (p Erasing) Like() []string {
	var all []string
	for _, a := range p.Addresses {
		all = append(all, "%"+likeEscape.Replace(a)+"%")
	}
	return all
}

var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// AlsoPerson is what a package that keeps things of people in tables of its
// own does when one is counted, exported or erased.
type AlsoPerson struct {
	Count  func(ctx context.Context, q migrations.Queryer, p Erasing) ([]Count, error)
	Export func(ctx context.Context, p Erasing, create func(name string) (io.Writer, error)) error
	Erase  func(ctx context.Context, tx *migrations.Tx, p Erasing) error
	Merge  func(ctx context.Context, tx *migrations.Tx, from, into int64) error // everything that names from names into
}

// AlsoErase adds a package's share of what belongs to people. To be called
// before anybody is erased.
func (s *Store) AlsoErase(a AlsoPerson) { s.alsoPerson = append(s.alsoPerson, a) }

// Erasure says whom to erase, and how.
type Erasure struct {
	Address string // one of theirs
	Keep    bool   // their tickets stay: stage, dates and fix, without their words and name
}

// erasingOf gathers who an address belongs to.
func (s *Store) erasingOf(ctx context.Context, q read, address string) (Erasing, error) {
	address = strings.ToLower(strings.TrimSpace(address))
	p := Erasing{}
	c, err := clientByAddress(ctx, q, address)
	if err != nil {
		return p, err
	}
	if c != nil {
		return s.erasingClient(ctx, q, c.ID, nil)
	}
	known, err := exists(ctx, q, `SELECT 1 FROM message WHERE LOWER(from_address) = ? UNION ALL SELECT 1 FROM inbox WHERE LOWER(sender) = ? UNION ALL SELECT 1 FROM outbox WHERE to_address = ?
		UNION ALL SELECT 1 FROM ticket WHERE LOWER(client_address) = ? LIMIT 1`, address, address, address, address)
	if err != nil {
		return p, err
	}
	if !known {
		return p, migrations.NotFoundf("Nobody has the address %s here.", address)
	}
	return s.erasingClient(ctx, q, 0, []string{address})
}

func (s *Store) erasingClient(ctx context.Context, q read, clientID int64, more []string) (Erasing, error) {
	p := Erasing{ClientID: clientID, Addresses: more}
	var names []string
	if clientID != 0 {
		var of []string
		if err := q.Select(ctx, &of, `SELECT address FROM client_address WHERE client_id = ?`, clientID); err != nil {
			return p, fmt.Errorf("read the addresses of client %d: %w", clientID, err)
		}
		p.Addresses = append(p.Addresses, of...)
		of = nil
		if err := q.Select(ctx, &of, `SELECT f.address FROM former_address f WHERE f.client_id = ? AND f.address NOT IN (SELECT a.address FROM client_address a)`, clientID); err != nil {
			return p, fmt.Errorf("read the former addresses of client %d: %w", clientID, err)
		}
		p.Addresses = append(p.Addresses, of...)
		if err := q.Select(ctx, &names, `SELECT name FROM client WHERE id = ? AND erased_at IS NULL UNION SELECT from_name FROM message WHERE client_id = ?`, clientID, clientID); err != nil {
			return p, fmt.Errorf("read the names of client %d: %w", clientID, err)
		}
	}
	slices.Sort(p.Addresses)
	p.Addresses = slices.Compact(p.Addresses)
	if len(p.Addresses) > 0 {
		var of []string
		err := selectIn(ctx, q, &of, `SELECT DISTINCT from_name FROM message WHERE LOWER(from_address) IN (?)`, p.Addresses)
		if err == nil {
			names = append(names, of...)
			of = nil
			err = selectIn(ctx, q, &of, `SELECT DISTINCT to_name FROM outbox WHERE to_address IN (?)`, p.Addresses)
		}
		if err != nil {
			return p, fmt.Errorf("read the names of a person: %w", err)
		}
		names = append(names, of...)
	}
	p.Names = fullNames(names)
	p.redact = redactor(p.Addresses, p.Names)
	p.named = termPattern(p.Addresses, nil)
	return p, nil
}

// refuse says why a person can not be erased now.
func (s *Store) refuseErasing(ctx context.Context, q read, p Erasing) error {
	if len(p.Addresses) == 0 {
		return nil
	}
	var names []string
	if err := selectIn(ctx, q, &names, `SELECT name FROM account WHERE LOWER(email) IN (?) AND enabled`, p.Addresses); err != nil {
		return fmt.Errorf("look for an account: %w", err)
	}
	if len(names) > 0 {
		return migrations.Conflictf("%s signs in here. Close their account first.", names[0])
	}
	var sending []int64
	if err := selectIn(ctx, q, &sending, `SELECT id FROM outbox WHERE state = 'sending' AND state <> 'sent' AND to_address IN (?)`, p.Addresses); err != nil {
		return fmt.Errorf("look for mail on its way: %w", err)
	}
	if len(sending) > 0 {
		return migrations.Conflictf("A mail to them is being sent this very moment. Please try again in a minute.")
	}
	return nil
}

// Erase erases a person everywhere; docs/admin.md says what that is, and what
// can not be found. It is done in many small transactions, so that people's
// work goes on; what a crash interrupts, the clock finishes. told, where not
// nil, is called as it goes on.
func (s *Store) Erase(ctx context.Context, actor Actor, e Erasure, told func(done, all int)) error {
	var p Erasing
	var uid string
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if p, err = s.erasingOf(ctx, tx, e.Address); err != nil {
			return err
		}
		if err := s.refuseErasing(ctx, tx, p); err != nil {
			return err
		}
		uid, _ = NewToken()
		var hashes []string
		for _, a := range p.Addresses {
			hashes = append(hashes, s.hashAddress(a))
		}
		id, err := tx.Insert(ctx, `INSERT INTO erasure (uid, client_id, addresses, keep, account_id, begun_at) VALUES (?, ?, ?, ?, ?, ?) RETURNING id`,
			uid, orNull(p.ClientID), strings.Join(hashes, "\n"), e.Keep, orNull(actor.AccountID), s.stamp())
		if err != nil {
			return err
		}
		begun := "begun"
		if p.ClientID == 0 {
			begun = "begun_address"
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "erasure", SubjectID: id, Kind: begun, Became: clientRef(p.ClientID)})
	})
	if err == nil {
		err = s.eraseRun(ctx, eraseRun{uid: uid, actor: actor, who: p, keep: e.Keep, told: told})
	}
	if err != nil {
		return fmt.Errorf("erase a person: %w", err)
	}
	return nil
}

// ErasureState is how far the erasure of a client is, or how it was.
type ErasureState struct {
	BegunAt migrations.Stamp `db:"begun_at"`
	DoneAt  migrations.Stamp `db:"done_at"` // 0: under way
	Keep    bool             `db:"keep"`
	By      string           `db:"by_name"` // the account's name; "" for a command
	Step    int              `db:"step"`    // of Steps, a moment ago
	Steps   int              `db:"steps"`   // 0: not counted yet
}

// ErasureOf returns the latest erasure of a client, NotFound where there is none.
func (s *Store) ErasureOf(ctx context.Context, clientID int64) (ErasureState, error) {
	var e ErasureState
	err := s.db.Get(ctx, &e, `SELECT e.begun_at, COALESCE(e.done_at, 0) AS done_at, e.keep, COALESCE(a.name, '') AS by_name, e.step, e.steps
		FROM erasure e LEFT JOIN account a ON a.id = e.account_id WHERE e.client_id = ? ORDER BY e.id DESC LIMIT 1`, clientID)
	if migrations.KindOf(err) == migrations.NotFound {
		return e, migrations.NotFoundf("Nobody has erased this person.")
	}
	if err != nil {
		return e, fmt.Errorf("read the erasure of client %d: %w", clientID, err)
	}
	return e, nil
}

// hashAddress returns how an erased address is kept.
func (s *Store) hashAddress(address string) string {
	if s.erased == nil {
		return erased.New("", nil).Hash(address)
	}
	return s.erased.Hash(address)
}

// ResumeErasures finishes erasures that a crash interrupted.
func (s *Store) ResumeErasures(ctx context.Context) error {
	var open []struct {
		UID       string `db:"uid"`
		ClientID  int64  `db:"client_id"`
		Addresses string `db:"addresses"`
		Keep      bool   `db:"keep"`
		AccountID int64  `db:"account_id"`
	}
	// One that another process is at is left alone for a while.
	err := s.db.Select(ctx, &open, `SELECT uid, COALESCE(client_id, 0) AS client_id, addresses, keep, COALESCE(account_id, 0) AS account_id FROM erasure
		WHERE done_at IS NULL ORDER BY id LIMIT 20`)
	if err != nil {
		return fmt.Errorf("look for interrupted erasures: %w", err)
	}
	for _, o := range open {
		if s.erasing.has(o.UID) {
			continue
		}
		s.log.Info("finishing an erasure that was interrupted", slog.String("erasure", o.UID))
		found, err := s.addressesHashed(ctx, strings.Fields(o.Addresses))
		if err != nil {
			return err
		}
		p, err := s.erasingClient(ctx, s.db, o.ClientID, found)
		if err == nil {
			err = s.eraseRun(ctx, eraseRun{uid: o.UID, actor: Actor{AccountID: o.AccountID}, who: p, keep: o.Keep})
		}
		if err != nil {
			return fmt.Errorf("finish an erasure: %w", err)
		}
	}
	return nil
}

// addressesHashed returns every address in the database that has one of the hashes.
func (s *Store) addressesHashed(ctx context.Context, hashes []string) ([]string, error) {
	var all, found []string
	err := s.db.Select(ctx, &all, `SELECT address FROM client_address UNION SELECT address FROM former_address UNION SELECT LOWER(from_address) FROM message UNION SELECT LOWER(client_address) FROM ticket
		UNION SELECT to_address FROM outbox UNION SELECT LOWER(sender) FROM inbox`)
	if err != nil {
		return nil, fmt.Errorf("list the addresses: %w", err)
	}
	for _, a := range all {
		if a != "" && slices.Contains(hashes, s.hashAddress(a)) {
			found = append(found, a)
		}
	}
	return found, nil
}

// eraseAgain does after a restore what was done to a person before.
func (s *Store) eraseAgain(ctx context.Context, e erased.Entry, found []string) error {
	clients := []int64{}
	if len(found) > 0 {
		if err := selectIn(ctx, s.db, &clients, `SELECT DISTINCT client_id FROM client_address WHERE address IN (?) ORDER BY client_id`, found); err != nil {
			return fmt.Errorf("find whom to erase: %w", err)
		}
	}
	var client *int64
	if len(clients) > 0 {
		client = &clients[0]
	}
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		// An account that was open in the backup was closed before they were erased.
		for _, a := range found {
			if _, err := tx.Exec(ctx, `UPDATE account SET enabled = FALSE WHERE LOWER(email) = ?`, a); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE outbox SET state = 'uncertain' WHERE to_address = ? AND state = 'sending'`, a); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO erasure (uid, client_id, addresses, keep, account_id, begun_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (uid) DO NOTHING`,
			e.ID, client, strings.Join(e.Addresses, "\n"), e.Keep, orNull(e.AccountID), e.At)
		return err
	})
	if err != nil {
		return fmt.Errorf("erase a person: %w", err)
	}
	// Two whose addresses became one person after the backup are two here.
	for i, id := range append(slices.Clone(clients), 0) {
		if id == 0 && (len(clients) > 0 || i > 0) {
			break
		}
		more := found
		if i > 0 {
			more = nil
		}
		p, err := s.erasingClient(ctx, s.db, id, more)
		if err != nil {
			return err
		}
		run := eraseRun{uid: e.ID, actor: Actor{AccountID: e.AccountID}, who: p, keep: e.Keep, more: i+1 < len(clients), noScrub: true}
		if err := s.eraseRun(ctx, run); err != nil {
			return err
		}
	}
	return nil
}
