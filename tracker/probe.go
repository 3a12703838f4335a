package tracker

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// The kinds of probes.
const (
	ProbeRound   = "round"   // a mail that we send to the mailbox itself, to see it become a ticket
	ProbeHeaders = "headers" // a mail from outside with forged trust headers, to see whether they are stripped
)

// probeLives is for how long the mail of a probe is waited for.
const probeLives = 24 * time.Hour

// Probe is a mail by which somebody tries a mailbox, and how far it has come.
// Nonce is in its subject; nobody else can know it.
type Probe struct {
	ID        int64             `db:"id"`
	MailboxID int64             `db:"mailbox_id"`
	Kind      string            `db:"kind"`
	Nonce     string            `db:"nonce"`
	MailID    string            `db:"mail_id"`    // Message-ID without brackets, of a round trip
	AccountID int64             `db:"account_id"` // who tries; 0 for the command line
	ForgedID  string            `db:"forged_id"`  // the authserv-id in whose name headers are forged; "" for none
	Outside   string            `db:"outside"`    // the address that a header test is sent from
	Sent      string            `db:"sent"`       // the server's answer to the mail
	SentAt    *migrations.Stamp `db:"sent_at"`
	Trouble   string            `db:"trouble"` // why it could not be sent
	Result    string            `db:"result"`  // HeaderTest as JSON
	InboxFrom int64             `db:"inbox_from"`
	CreatedAt migrations.Stamp  `db:"created_at"`
	EndedAt   *migrations.Stamp `db:"ended_at"`
}

const probeColumns = `id, mailbox_id, kind, nonce, mail_id, COALESCE(account_id, 0) AS account_id, forged_id, outside, sent, sent_at, trouble, result, inbox_from, created_at, ended_at`

// Subject returns the subject that the probe's mail must have.
func (p Probe) Subject() string {
	if p.Kind == ProbeHeaders {
		return "helpdeskd header test " + p.Nonce
	}
	return "helpdeskd mailbox test " + p.Nonce
}

// Headers returns what a header test came to, nil before.
func (p Probe) Headers() *HeaderTest {
	var h HeaderTest
	if p.Result == "" || json.Unmarshal([]byte(p.Result), &h) != nil {
		return nil
	}
	return &h
}

var probeSubject = regexp.MustCompile(`helpdeskd (?:header|mailbox) test ([a-z2-7]{26})`)

// StartRound begins a round trip through a mailbox; one that runs is given up.
func (s *Store) StartRound(ctx context.Context, actor Actor, mailboxID int64) (Probe, error) {
	return s.startProbe(ctx, actor, Probe{MailboxID: mailboxID, Kind: ProbeRound})
}

// StartHeaders begins a header test of a mailbox, to be sent from an address
// outside; one that runs is given up. ForgedID is the authserv-id in whose
// name verdicts are forged, "" to forge them as Exchange writes them.
func (s *Store) StartHeaders(ctx context.Context, actor Actor, mailboxID int64, outside, forgedID string) (Probe, error) {
	outside, err := connectionAddress("outside", outside)
	if err != nil {
		return Probe{}, err
	}
	return s.startProbe(ctx, actor, Probe{MailboxID: mailboxID, Kind: ProbeHeaders, Outside: outside, ForgedID: clip(oneLine(forgedID), 253)})
}

func (s *Store) startProbe(ctx context.Context, actor Actor, p Probe) (Probe, error) {
	mailboxID, kind := p.MailboxID, p.Kind
	p.AccountID = actor.AccountID
	p.Nonce, _ = NewToken()
	id, _ := NewToken()
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		var m Mailbox
		if err := tx.Get(ctx, &m, `SELECT `+mailboxColumns+` FROM mailbox WHERE id = ?`, mailboxID); err != nil {
			return err
		}
		_, domain, _ := cutAddress(m.Address)
		p.MailID = "test." + id + "@" + domain
		p.CreatedAt = s.stamp()
		if _, err := tx.Exec(ctx, `UPDATE probe SET ended_at = ? WHERE mailbox_id = ? AND kind = ? AND ended_at IS NULL`, p.CreatedAt, mailboxID, kind); err != nil {
			return err
		}
		if err := tx.Get(ctx, &p.InboxFrom, `SELECT COALESCE(MAX(id), 0) FROM inbox`); err != nil {
			return err
		}
		var err error
		p.ID, err = tx.Insert(ctx, `INSERT INTO probe (mailbox_id, kind, nonce, mail_id, account_id, forged_id, outside, inbox_from, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
			mailboxID, kind, p.Nonce, p.MailID, orNull(p.AccountID), p.ForgedID, p.Outside, p.InboxFrom, p.CreatedAt)
		if err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "mailbox", SubjectID: mailboxID, Kind: "tested", Became: kind})
	})
	if err != nil {
		return Probe{}, fmt.Errorf("start a test of mailbox %d: %w", mailboxID, err)
	}
	return p, nil
}

// LastProbe returns the newest probe of a kind; NotFound where there was none.
func (s *Store) LastProbe(ctx context.Context, mailboxID int64, kind string) (Probe, error) {
	var p Probe
	err := s.db.Get(ctx, &p, `SELECT `+probeColumns+` FROM probe WHERE mailbox_id = ? AND kind = ? ORDER BY id DESC LIMIT 1`, mailboxID, kind)
	if migrations.KindOf(err) == migrations.NotFound {
		return p, migrations.NotFoundf("There was no such test.")
	}
	if err != nil {
		return p, fmt.Errorf("read the last test of mailbox %d: %w", mailboxID, err)
	}
	return p, nil
}

// ProbeSent records the server's answer to a probe's mail, or why it could not
// be sent, in plain words.
func (s *Store) ProbeSent(ctx context.Context, id int64, answer, trouble string) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE probe SET sent = ?, trouble = ?, sent_at = ? WHERE id = ?`, clip(oneLine(answer), 500), clip(manyLines(trouble), 1000), s.stamp(), id)
		return err
	})
	if err != nil {
		return fmt.Errorf("record how test %d was sent: %w", id, err)
	}
	s.live.nudge()
	return nil
}

// ProbeMail returns what the inbox holds of a probe's mail; NotFound while it
// has not arrived. The mail of a round trip is known by its Message-ID as soon
// as it is kept, others once they are decided.
func (s *Store) ProbeMail(ctx context.Context, p Probe) (InboxRow, error) {
	var r InboxRow
	err := s.db.Get(ctx, &r, inboxSelect+`WHERE i.mailbox_id = ? AND i.id > ? AND (i.mail_id = ? OR i.subject LIKE ?) ORDER BY i.id LIMIT 1`,
		p.MailboxID, p.InboxFrom, p.MailID, "%"+p.Nonce+"%")
	if migrations.KindOf(err) == migrations.NotFound {
		return r, migrations.NotFoundf("The test mail has not arrived yet.")
	}
	if err != nil {
		return r, fmt.Errorf("look for the mail of test %d: %w", p.ID, err)
	}
	return r, nil
}

// ProbeRehearsal returns what the mail of a probe would have done, in shadow
// mode; nil elsewhere.
func (s *Store) ProbeRehearsal(ctx context.Context, r InboxRow) (*Rehearsal, error) {
	var text string
	if err := s.db.Get(ctx, &text, `SELECT rehearsal FROM inbox WHERE id = ?`, r.ID); err != nil {
		return nil, fmt.Errorf("read what mail %d would do: %w", r.ID, err)
	}
	var did Rehearsal
	if text == "" || json.Unmarshal([]byte(text), &did) != nil {
		return nil, nil
	}
	return &did, nil
}

// EndProbe ends a probe and drops the ticket that its mail opened, if that is
// still open; a held mail of it is rejected.
func (s *Store) EndProbe(ctx context.Context, actor Actor, p Probe) error {
	const why = "a test of the mailbox"
	r, err := s.ProbeMail(ctx, p)
	if err != nil && migrations.KindOf(err) != migrations.NotFound {
		return err
	}
	if err == nil && r.State == inboxDone {
		if err := s.dropProbe(ctx, actor, r, why); err != nil {
			return fmt.Errorf("end test %d: %w", p.ID, err)
		}
	}
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE probe SET ended_at = ? WHERE id = ? AND ended_at IS NULL`, s.stamp(), p.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("end test %d: %w", p.ID, err)
	}
	return nil
}

func (s *Store) dropProbe(ctx context.Context, actor Actor, r InboxRow, why string) error {
	if r.TicketNumber != 0 && r.Fate == FateNew {
		t, err := s.TicketByNumber(ctx, r.TicketNumber)
		if err != nil || t.Stage.Closed() {
			return err
		}
		_, err = s.SetStage(ctx, actor, t.Number, StageChange{Stage: Dropped, Reason: why}, AnyVersion)
		return err
	}
	if r.Fate != FatePending {
		return nil
	}
	var id int64
	err := s.db.Get(ctx, &id, `SELECT id FROM message WHERE inbox_id = ? AND state = 'held' ORDER BY id LIMIT 1`, r.ID)
	if migrations.KindOf(err) == migrations.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return s.RejectHeld(ctx, actor, id, why)
}

// probeTx returns the round trip that a mail from our own address belongs to,
// nil for none: only we can know its nonce or its Message-ID.
func (s *Store) probeTx(ctx context.Context, tx *migrations.Tx, d *decision) (*Probe, error) {
	m := probeSubject.FindStringSubmatch(d.in.Subject)
	if m == nil {
		return nil, nil
	}
	var p Probe
	err := tx.Get(ctx, &p, `SELECT `+probeColumns+` FROM probe WHERE nonce = ? AND mailbox_id = ? AND kind = ? AND ended_at IS NULL AND created_at > ?`,
		m[1], d.work.MailboxID, ProbeRound, s.stamp()-migrations.Stamp(probeLives/time.Microsecond))
	if migrations.KindOf(err) == migrations.NotFound {
		return nil, nil
	}
	return &p, err
}

// probeClientTx returns who asks in a round trip: who tries the mailbox.
func (s *Store) probeClientTx(ctx context.Context, tx *migrations.Tx, p *Probe) (*Client, string, error) {
	if p.AccountID == 0 {
		return nil, "", nil
	}
	var who struct {
		Email string `db:"email"`
		Name  string `db:"name"`
	}
	err := tx.Get(ctx, &who, `SELECT email, name FROM account WHERE id = ?`, p.AccountID)
	if err != nil {
		return nil, "", err
	}
	c, err := s.clientTx(ctx, tx, Address{Name: who.Name, Address: strings.ToLower(who.Email)})
	return c, who.Email, err
}

// RecordHeaderTest keeps what a header test came to, once: what is recorded
// stays, as several pages may find its mail at the same time.
func (s *Store) RecordHeaderTest(ctx context.Context, actor Actor, id int64, h HeaderTest) error {
	b, err := json.Marshal(h)
	if err != nil {
		return err
	}
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		var p Probe
		err := tx.Get(ctx, &p, `UPDATE probe SET result = ? WHERE id = ? AND kind = ? AND result = '' RETURNING `+probeColumns, string(b), id, ProbeHeaders)
		if migrations.KindOf(err) == migrations.NotFound {
			return tx.Get(ctx, &p, `SELECT `+probeColumns+` FROM probe WHERE id = ? AND kind = ?`, id, ProbeHeaders)
		}
		if err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "mailbox", SubjectID: p.MailboxID, Kind: "headers_tested", Became: h.Verdict()})
	})
	if err != nil {
		return fmt.Errorf("record header test %d: %w", id, err)
	}
	return nil
}
