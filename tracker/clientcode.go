package tracker

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// A code has eight digits. Each may be tried five times, and an address gets
// three within throttleWindow: 15 guesses among 100,000,000.
const (
	codeDigits      = 8
	codeTries       = 5
	codeLife        = 15 * time.Minute
	codesPerAddress = 3
	// A person who signs in each hour of a working day and mistypes some needs
	// no more; without it a stranger could have an address mailed 288 times a day.
	codesPerDay     = 12
	codesPerNetwork = 20
	codeTriesFrom   = 40 // of one network

	// ClientSessionLife is how long one sees one's requests after proving an address.
	ClientSessionLife = time.Hour
)

// CodeDetail is which code a mail carries.
type CodeDetail struct {
	ID int64 `json:"id"` // of the client_code row
}

// NewCode returns a random code. It is made when its mail is rendered, so that
// its clear text is nowhere but in that mail.
func NewCode() string {
	n, _ := rand.Int(rand.Reader, big.NewInt(100_000_000)) // never fails since Go 1.24
	return fmt.Sprintf("%0*d", codeDigits, n)
}

func hashCode(challenge, code string) string { return HashToken("code " + challenge + " " + code) }

// AskCode mails a code to an address of somebody who has asked for something
// before. It returns a challenge for the asking browser alone, without which
// the code opens nothing, and the same for every address; only too many from
// one network (ip without port) are Temporary.
func (s *Store) AskCode(ctx context.Context, address, ip string) (challenge string, err error) {
	challenge, hash := NewToken()
	address = strings.ToLower(strings.TrimSpace(address))
	if err := s.count(ctx, tries{{name: "code-from:" + network(ip), limit: codesPerNetwork}}); err != nil {
		return "", fmt.Errorf("ask for a code: %w", err)
	}
	if err := s.count(ctx, tries{{name: "code:" + address, limit: codesPerAddress}, {name: "code-day:" + address, limit: codesPerDay, of: throttleDay}}); err != nil {
		if migrations.KindOf(err) != migrations.Temporary {
			return "", fmt.Errorf("ask for a code: %w", err)
		}
		s.log.Warn("codes for an address throttled", slog.String("from", ip))
		return challenge, nil
	}
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		var who struct {
			ID   int64  `db:"id"`
			Name string `db:"name"`
		}
		err := tx.Get(ctx, &who, `SELECT c.id, c.name FROM client_address a JOIN client c ON c.id = a.client_id WHERE a.address = ? AND c.erased_at IS NULL`, address)
		if migrations.KindOf(err) == migrations.NotFound || err == nil && (!sendable(address) || s.accountBox() == 0) {
			return nil
		}
		if err != nil {
			return err
		}
		id, err := tx.Insert(ctx, `INSERT INTO client_code (challenge, client_id, expires_at, created_at) VALUES (?, ?, ?, ?) RETURNING id`,
			hash, who.ID, migrations.At(s.Now().Add(codeLife)), s.stamp())
		if err != nil {
			return err
		}
		_, err = s.EnqueueTx(ctx, tx, Mail{Kind: MailCode, MailboxID: s.accountBox(), ClientID: who.ID, ToAddress: address, ToName: nameUnless(who.Name, address), Code: &CodeDetail{ID: id}})
		return err
	})
	if err != nil {
		return "", fmt.Errorf("ask for a code: %w", err)
	}
	return challenge, nil
}

// renderedCodeTx keeps the hash of the code that a mail carries.
func (s *Store) renderedCodeTx(ctx context.Context, tx *migrations.Tx, id int64, code string) error {
	var challenge string
	err := tx.Get(ctx, &challenge, `SELECT challenge FROM client_code WHERE id = ?`, id)
	if migrations.KindOf(err) == migrations.NotFound {
		return nil // too late: the mail's code opens nothing
	}
	if err != nil {
		return fmt.Errorf("read code %d: %w", id, err)
	}
	if _, err := tx.Exec(ctx, `UPDATE client_code SET hash = ? WHERE id = ? AND hash = ''`, hashCode(challenge, code), id); err != nil {
		return fmt.Errorf("keep code %d: %w", id, err)
	}
	return nil
}

// errCode is said of every code that does not open, whatever the reason.
func errCode() error {
	return migrations.InvalidAt("code", "This code does not fit. Please compare it with the newest mail; a code works for 15 minutes, and five times it may be mistyped.")
}

// EnterCode trades a code for a session, whose token it returns. A code that
// does not fit is Invalid, too many tries from one network are Temporary.
func (s *Store) EnterCode(ctx context.Context, challenge, code, ip string) (session string, err error) {
	if err := s.count(ctx, tries{{name: "code-try-from:" + network(ip), limit: codeTriesFrom}}); err != nil {
		return "", fmt.Errorf("enter a code: %w", err)
	}
	code = strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1 // people copy blanks along
		}
		return r
	}, clip(code, 100))
	if !IsToken(challenge) || len(code) != codeDigits {
		return "", fmt.Errorf("enter a code: %w", errCode())
	}
	hash := HashToken(challenge)
	session, sessionHash := NewToken()
	var refused error
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		refused = nil
		var row struct {
			ID       int64  `db:"id"`
			ClientID int64  `db:"client_id"`
			Hash     string `db:"hash"`
		}
		err := tx.Get(ctx, &row, `UPDATE client_code SET tries = tries + 1 WHERE challenge = ? AND hash <> '' AND used_at IS NULL AND expires_at > ? AND tries < ? RETURNING id, client_id, hash`,
			hash, s.stamp(), codeTries)
		if migrations.KindOf(err) == migrations.NotFound || err == nil && subtle.ConstantTimeCompare([]byte(row.Hash), []byte(hashCode(hash, code))) != 1 {
			refused = errCode() // and the try is counted
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE client_code SET used_at = ? WHERE id = ?`, s.stamp(), row.ID); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO client_session (hash, client_id, expires_at, created_at) VALUES (?, ?, ?, ?)`,
			sessionHash, row.ClientID, migrations.At(s.Now().Add(ClientSessionLife)), s.stamp())
		if err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: Actor{ClientID: row.ClientID}, Subject: "client", SubjectID: row.ClientID, Kind: "address_proved"})
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return "", fmt.Errorf("enter a code: %w", err)
	}
	return session, nil
}

// ClientOfSession returns who has proved an address, 0 for nobody (any more).
func (s *Store) ClientOfSession(ctx context.Context, session string) (id int64, err error) {
	if !IsToken(session) {
		return 0, nil
	}
	err = s.db.Get(ctx, &id, `SELECT x.client_id FROM client_session x JOIN client c ON c.id = x.client_id AND c.erased_at IS NULL WHERE x.hash = ? AND x.expires_at > ?`, HashToken(session), s.stamp())
	if migrations.KindOf(err) == migrations.NotFound {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look up who proved an address: %w", err)
	}
	return id, nil
}

// LeaveClientSession ends a session before its time.
func (s *Store) LeaveClientSession(ctx context.Context, session string) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM client_session WHERE hash = ?`, HashToken(session))
		return err
	})
	if err != nil {
		return fmt.Errorf("end a client's session: %w", err)
	}
	return nil
}

// sweepGuests forgets links, codes and sessions whose time is over.
func (s *Store) sweepGuests(ctx context.Context, l *Lease) error {
	now := s.stamp()
	some, err := exists(ctx, s.db, `SELECT 1 FROM client_link WHERE expires_at <= ? UNION ALL SELECT 1 FROM client_code WHERE expires_at <= ?
		UNION ALL SELECT 1 FROM client_session WHERE expires_at <= ? LIMIT 1`, now, now, now)
	if err != nil || !some {
		return err
	}
	return s.underLease(ctx, l, func(tx *migrations.Tx) error {
		for _, table := range []string{"client_link", "client_code", "client_session"} {
			if _, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE expires_at <= ?`, now); err != nil {
				return fmt.Errorf("sweep %s: %w", table, err)
			}
		}
		return nil
	})
}
