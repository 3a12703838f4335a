package tracker

import (
	"context"
	"fmt"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// Mailbox is the state of a mailbox that the configuration declares.
type Mailbox struct {
	ID            int64             `db:"id"`
	Name          string            `db:"name"`
	Address       string            `db:"address"`
	BeginAt       *migrations.Stamp `db:"begin_at"` // mail that arrived earlier is not ours; nil: everything is
	Begun         bool              `db:"begun"`    // BeginAt alone says what is ours
	Shadow        string            `db:"shadow"`   // ShadowOn and its like
	ShadowAt      *migrations.Stamp `db:"shadow_at"`
	ReconcileAt   *migrations.Stamp `db:"reconcile_at"` // a person or a restore asked for a reconciliation
	UIDValidity   int64             `db:"uidvalidity"`
	LastPollAt    *migrations.Stamp `db:"last_poll_at"`
	LastOKAt      *migrations.Stamp `db:"last_ok_at"`
	LastError     string            `db:"last_error"`
	LastErrorAt   *migrations.Stamp `db:"last_error_at"`
	LastErrorKind string            `db:"last_error_kind"` // as of Poll.Kind
	SendError     string            `db:"send_error"`      // why its mail can not leave; "" when it can
	SendErrorAt   *migrations.Stamp `db:"send_error_at"`
	Waiting       int64             `db:"waiting"` // messages in the folder at the last poll
	CreatedAt     migrations.Stamp  `db:"created_at"`
}

// Begin says from where on a mailbox's mail is ours. The zero value means
// from now on: what lies there when the mailbox is first opened stays alone.
type Begin struct {
	Everything bool
	Since      time.Time
	Shadow     bool // begin in shadow mode; counts until a person switches the mailbox on
}

// Policy is how far a mailbox's mail is trusted. Receive weighs every claim
// of a mail by it; the features are chosen by setting, never by host name.
type Policy struct {
	MailboxID  int64
	Address    string
	Aliases    []string // further addresses that reach the mailbox
	OwnDomains []string // domains inside the organisation; the address's own where empty
	// TrustAuthAs believes X-MS-Exchange-Organization-AuthAs: Internal, which
	// Exchange stamps and strips from outside.
	TrustAuthAs bool
	// TrustAuthResults believes the topmost Authentication-Results, when it
	// carries AuthservID (Exchange writes none: leave it empty there).
	TrustAuthResults bool
	AuthservID       string
	FormSenders      []string      // who may name another person as the requester
	AckMaxAge        time.Duration // older mail is not acknowledged; three days where zero
	NoAcks           bool
}

func (p Policy) ackMaxAge() time.Duration {
	if p.AckMaxAge == 0 {
		return 72 * time.Hour
	}
	return p.AckMaxAge
}

// isOurs reports whether an address is one of the mailbox's own, with or
// without a plus-address part.
func (p Policy) isOurs(address string) bool {
	local, domain, ok := cutAddress(address)
	if !ok {
		return false
	}
	local, _, _ = strings.Cut(local, "+")
	bare := local + "@" + domain
	if strings.EqualFold(bare, p.Address) {
		return true
	}
	for _, a := range p.Aliases {
		if strings.EqualFold(bare, a) {
			return true
		}
	}
	return false
}

// isInside reports whether an address belongs to the organisation.
func (p Policy) isInside(address string) bool {
	_, domain, ok := cutAddress(address)
	if !ok {
		return false
	}
	if len(p.OwnDomains) == 0 {
		_, own, _ := cutAddress(p.Address)
		return own == domain
	}
	for _, d := range p.OwnDomains {
		if strings.EqualFold(d, domain) {
			return true
		}
	}
	return false
}

func cutAddress(a string) (local, domain string, ok bool) {
	a = strings.ToLower(a)
	i := strings.LastIndexByte(a, '@')
	if i <= 0 || i == len(a)-1 {
		return "", "", false
	}
	return a[:i], a[i+1:], true
}

// SetPolicy gives a mailbox its policy; until then nothing of it is trusted.
func (s *Store) SetPolicy(p Policy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.policies[p.MailboxID] = p
}

func (s *Store) policy(mailboxID int64) Policy {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.policies[mailboxID]
}

const mailboxColumns = `id, name, address, begin_at, begun, shadow, shadow_at, reconcile_at, uidvalidity, last_poll_at, last_ok_at, last_error, last_error_at, last_error_kind, send_error, send_error_at, waiting, created_at`

// OpenMailbox returns the mailbox of that name, creating it on first use;
// only then does b matter. A changed address is taken over.
func (s *Store) OpenMailbox(ctx context.Context, name, address string, b Begin) (Mailbox, error) {
	var m Mailbox
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		m, err = s.openMailboxTx(ctx, tx, name, address, b)
		return err
	})
	if err != nil {
		return Mailbox{}, fmt.Errorf("open mailbox %s: %w", name, err)
	}
	return m, nil
}

func (s *Store) openMailboxTx(ctx context.Context, tx *migrations.Tx, name, address string, b Begin) (m Mailbox, err error) {
	var begin *migrations.Stamp
	if !b.Everything {
		at := s.stamp()
		if !b.Since.IsZero() {
			at = migrations.At(b.Since)
		}
		begin = &at
	}
	// A date, and everything, need no UID to begin with.
	begun := b.Everything || !b.Since.IsZero()
	_, err = tx.Exec(ctx, `INSERT INTO mailbox (name, address, begin_at, begun, created_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET address = excluded.address`, name, strings.ToLower(address), begin, begun, s.stamp())
	if err == nil && b.Shadow {
		err = s.beginShadowTx(ctx, tx, name)
	}
	if err != nil {
		return m, err
	}
	return m, tx.Get(ctx, &m, `SELECT `+mailboxColumns+` FROM mailbox WHERE name = ?`, name)
}

// Mailboxes returns every mailbox, by name.
func (s *Store) Mailboxes(ctx context.Context) ([]Mailbox, error) {
	var all []Mailbox
	if err := s.db.Select(ctx, &all, `SELECT `+mailboxColumns+` FROM mailbox ORDER BY name`); err != nil {
		return nil, fmt.Errorf("list mailboxes: %w", err)
	}
	return all, nil
}

// KnownMailbox is Mailbox for ids that people may mistype.
func (s *Store) KnownMailbox(ctx context.Context, id int64) (Mailbox, error) {
	m, err := s.Mailbox(ctx, id)
	if migrations.KindOf(err) == migrations.NotFound {
		return m, migrations.NotFoundf("There is no such mailbox.")
	}
	return m, err
}

// Mailbox returns one mailbox.
func (s *Store) Mailbox(ctx context.Context, id int64) (Mailbox, error) {
	var m Mailbox
	if err := s.db.Get(ctx, &m, `SELECT `+mailboxColumns+` FROM mailbox WHERE id = ?`, id); err != nil {
		return Mailbox{}, fmt.Errorf("read mailbox %d: %w", id, err)
	}
	return m, nil
}

// Poll is how one look into a mailbox went.
type Poll struct {
	UIDValidity uint32
	Waiting     int    // messages in the folder
	Err         string // in plain words, with what to do; "" when all went well
	Kind        string // of the error: PollSignIn, or the step that failed
}

// PollSignIn is a server that refuses us: trying again does not help.
const PollSignIn = "login"

// PollResult records how a look into the mailbox went. A success is written
// at most every ten seconds, so that an idle desk leaves the disk alone.
func (s *Store) PollResult(ctx context.Context, id int64, r Poll) error {
	r.Err = clip(manyLines(r.Err), 2000)
	now := s.stamp()
	var m Mailbox
	if err := s.db.Get(ctx, &m, `SELECT `+mailboxColumns+` FROM mailbox WHERE id = ?`, id); err != nil {
		return fmt.Errorf("record poll of mailbox %d: %w", id, err)
	}
	age := now - migrations.Or(m.LastOKAt)
	recent := age >= 0 && age < migrations.Stamp(10*time.Second/time.Microsecond)
	if r.Err == "" && m.LastError == "" && recent && m.Waiting == int64(r.Waiting) && m.UIDValidity == int64(r.UIDValidity) {
		return nil
	}
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if r.Err != "" {
			if _, err := tx.Exec(ctx, `UPDATE mailbox SET last_poll_at = ?, last_error = ?, last_error_at = ?, last_error_kind = ? WHERE id = ?`, now, r.Err, now, r.Kind, id); err != nil {
				return err
			}
			if m.LastError == r.Err {
				return nil
			}
			return s.RecordTx(ctx, tx, Event{Subject: "mailbox", SubjectID: id, Kind: "trouble"})
		}
		_, err := tx.Exec(ctx, `UPDATE mailbox SET last_poll_at = ?, last_ok_at = ?, last_error = '', last_error_kind = '', uidvalidity = ?, waiting = ? WHERE id = ?`,
			now, now, int64(r.UIDValidity), int64(r.Waiting), id)
		if err != nil || m.LastError == "" {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Subject: "mailbox", SubjectID: id, Kind: "recovered"})
	})
	if err != nil {
		return fmt.Errorf("record poll of mailbox %d: %w", id, err)
	}
	return nil
}

// SendResult records whether a mailbox's mail can leave: "" when it can, else
// why not, in plain words, with what to do. What it knows already it does not
// write again.
func (s *Store) SendResult(ctx context.Context, id int64, trouble string) error {
	trouble = clip(manyLines(trouble), 1000)
	m, err := s.Mailbox(ctx, id)
	if err != nil || m.SendError == trouble {
		return err
	}
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		kind, at := "recovered", (*migrations.Stamp)(nil)
		if trouble != "" {
			now := s.stamp()
			kind, at = "trouble", &now
		}
		if _, err := tx.Exec(ctx, `UPDATE mailbox SET send_error = ?, send_error_at = ? WHERE id = ?`, trouble, at, id); err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Subject: "mailbox", SubjectID: id, Kind: kind, Became: "sending"})
	})
	if err != nil {
		return fmt.Errorf("record how mailbox %d sends: %w", id, err)
	}
	return nil
}
