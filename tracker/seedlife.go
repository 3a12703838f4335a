package tracker

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// PastStep is one thing that happened to a past request.
type PastStep struct {
	At        time.Time
	Do        PastDeed
	AccountID int64    // who did it; 0 for the client and for the system
	Kind      NoteKind // of a note
	Text      string   // of a note, a mail, a fix, a reason
	Raw       []byte   // the client's mail
	MessageID string   // of it
}

// PastDeed is what a PastStep did.
type PastDeed string

// The deeds.
const (
	PastTaken     PastDeed = "taken"     // by AccountID, who set priority and category
	PastNote      PastDeed = "note"      // an internal note
	PastReply     PastDeed = "reply"     // to the client
	PastAnswer    PastDeed = "answer"    // of the client
	PastFix       PastDeed = "fix"       // recorded, and the client asked whether all is solved
	PastConfirmed PastDeed = "confirmed" // the client's mail says yes
	PastCompleted PastDeed = "completed" // by AccountID; with a text, that is the fix and nobody is asked
	PastSilent    PastDeed = "silent"    // completed, since the client said nothing
	PastDropped   PastDeed = "dropped"   // with the reason
)

// seedAccount is an account as its mails name it.
type seedAccount struct {
	ID    int64  `db:"id"`
	Name  string `db:"name"`
	Email string `db:"email"`
}

func (b *seeder) readAccounts(ctx context.Context, tx *migrations.Tx) error {
	var all []seedAccount
	if err := tx.Select(ctx, &all, `SELECT id, name, email FROM account`); err != nil {
		return err
	}
	b.accounts = map[int64]seedAccount{}
	for _, a := range all {
		b.accounts[a.ID] = a
	}
	return nil
}

// pastTicket is a request on its way from step to step.
type pastTicket struct {
	Past
	id, client              int64
	from                    string
	stage                   Stage
	assignee                int64
	triaged, fixed, stageAt *migrations.Stamp
	unconfirmed, news       bool
	reason                  string
	updated                 migrations.Stamp
	answered                migrations.Stamp // when a technician first spoke with the client, 0 for never
}

// tell collects the rows of a request that has Steps.
func (b *seeder) tell(ctx context.Context, tx *migrations.Tx, p Past) error {
	if b.accounts == nil {
		if err := b.readAccounts(ctx, tx); err != nil {
			return err
		}
	}
	opened := migrations.At(p.OpenedAt)
	client, err := b.client(ctx, tx, p, opened)
	if err != nil {
		return err
	}
	b.number++
	t := &pastTicket{Past: p, id: b.id("ticket"), client: client, from: strings.ToLower(p.Client.Address), stage: Requested, stageAt: &opened, updated: opened}
	number := b.number
	b.row("search_queue", "ticket", t.id)
	if p.Via != "" {
		by := Actor{AccountID: p.AccountID}
		b.event(opened, by, t.id, "opened", "", "")
		b.row("note", b.id("note"), t.id, p.AccountID, string(p.Via), p.Body, opened)
		b.event(opened, by, t.id, "note", "", string(p.Via))
		if p.Via == NotePhone || p.Via == NoteInPerson {
			t.heard(opened)
		}
		b.knows(t, FromTechnician, nil, p.AccountID)
		b.take(t, p.AccountID, opened)
	} else {
		message := b.received(t, p.Raw, p.MessageID, p.Subject, p.Body, FateNew, opened)
		b.event(opened, Actor{ClientID: client}, t.id, "opened", "", "")
		b.sent(MailAck, t.id, message, client, p, opened)
		b.knows(t, FromMail, &message, 0)
	}
	for _, st := range p.Steps {
		if err := b.step(t, st); err != nil {
			return fmt.Errorf("tell %q: %w", p.Subject, err)
		}
	}
	var closed *migrations.Stamp
	if t.stage.Closed() {
		closed = t.stageAt
	}
	fix := ""
	if t.fixed != nil {
		fix = t.Fix
	}
	summary := ""
	if t.stage == Completed {
		summary = t.Summary
	}
	b.row("ticket", t.id, number, p.Subject, string(t.stage), p.Level, p.Star, t.triaged, client, t.from, orNull(t.assignee), orNull(p.CategoryID), b.mailbox,
		fix, t.fixed, t.reason, opened, *t.stageAt, closed, nil, opened, t.updated, t.unconfirmed, t.news, orNull(int64(t.answered)), summary)
	return nil
}

// knows collects what the first words of a request say, but for the assets
// that they name.
func (b *seeder) knows(t *pastTicket, source string, message *int64, account int64) {
	at := migrations.At(t.OpenedAt)
	b.row("fact", t.id, string(FactWho), nonEmpty(t.Client.Name, t.from), FromRequester, false, message, orNull(account), t.client, at)
	for _, x := range readFacts(t.Subject, t.Body) {
		b.row("fact", t.id, string(x.item), x.value, source, x.guess, message, orNull(account), 0, at)
	}
}

// step collects the rows of one step.
func (b *seeder) step(t *pastTicket, st PastStep) error {
	at, by := migrations.At(st.At), Actor{AccountID: st.AccountID}
	if at < t.updated || t.stage.Closed() {
		return fmt.Errorf("%s at %s does not follow", st.Do, st.At)
	}
	t.updated, t.news = at, false
	switch st.Do {
	case PastTaken:
		b.take(t, st.AccountID, at)
		b.stage(t, by, at, "stage", InProgress)
	case PastNote:
		b.row("note", b.id("note"), t.id, orNull(st.AccountID), string(st.Kind), st.Text, at)
		if st.Kind == NotePhone || st.Kind == NoteInPerson {
			t.heard(at)
		}
		b.event(at, by, t.id, "note", "", string(st.Kind))
	case PastReply:
		b.replied(t, st.AccountID, st.Text, at)
	case PastAnswer, PastConfirmed:
		b.received(t, st.Raw, st.MessageID, "Re: "+t.Subject, st.Text, FateAppend, at)
		b.event(at, Actor{ClientID: t.client}, t.id, "message", "", "")
		if st.Do == PastConfirmed {
			b.stage(t, Actor{ClientID: t.client}, at, "confirmed", Completed)
		}
	case PastFix:
		t.Fix, t.fixed = st.Text, &at
		b.event(at, by, t.id, "fix", "", "")
		b.stage(t, by, at, "stage", Confirming)
		b.replied(t, st.AccountID, fmt.Sprintf("Hello %s,\n\nthis is what we did:\n\n%s", t.Client.Name, st.Text), at)
	case PastCompleted:
		if st.Text != "" {
			t.Fix, t.fixed = st.Text, &at
			b.event(at, by, t.id, "fix", "", "")
		}
		b.stage(t, by, at, "stage", Completed)
	case PastSilent:
		t.unconfirmed = true
		b.stage(t, Actor{}, at, "unconfirmed", Completed)
	case PastDropped:
		t.reason = st.Text
		b.stage(t, by, at, "stage", Dropped)
	default:
		return fmt.Errorf("there is no deed %q", st.Do)
	}
	return nil
}

// heard notes that a technician spoke with the client; only the first time counts.
func (t *pastTicket) heard(at migrations.Stamp) {
	if t.answered == 0 {
		t.answered = at
	}
}

func (b *seeder) take(t *pastTicket, account int64, at migrations.Stamp) {
	by := Actor{AccountID: account}
	t.assignee, t.triaged = account, &at
	b.event(at, by, t.id, "assigned", "", accountRef(account))
	b.event(at, by, t.id, "priority", "", priorityName(int64(t.Level), t.Star))
	b.event(at, by, t.id, "category", "0", strconv.FormatInt(t.CategoryID, 10))
}

func (b *seeder) stage(t *pastTicket, by Actor, at migrations.Stamp, kind string, to Stage) {
	b.event(at, by, t.id, kind, string(t.stage), string(to))
	t.stage, t.stageAt = to, &at
	t.news = t.news && !to.Closed()
}

// received collects a mail of the client and returns its message.
func (b *seeder) received(t *pastTicket, raw []byte, mailID, subject, body, fate string, at migrations.Stamp) int64 {
	id, inbox, digest, acks := b.id("message"), b.id("inbox"), Digest(raw), 0
	t.news = true
	if fate == FateNew {
		acks = 1
	}
	b.row("blob", digest, len(raw), "row", raw, at)
	b.took(fate)
	b.row("inbox", inbox, b.mailbox, digest, len(raw), at, at, inboxDone, 1, fate, string(ClassHuman), t.from, subject, t.id, acks, at, at)
	b.row("message", id, t.id, "in", "shown", inbox, t.client, nil, t.Client.Name, t.from, subject, body, digest, mailID, "mail:"+digest, digest, at)
	b.row("message_ref", mailID, t.id, true)
	return id
}

// replied collects an answer of a technician that has left.
func (b *seeder) replied(t *pastTicket, account int64, text string, at migrations.Stamp) {
	id, a := b.id("message"), b.accounts[account]
	b.row("message", id, t.id, "out", "shown", nil, nil, orNull(account), a.Name, a.Email, t.Subject, text, "", "", "", "", at)
	b.event(at, Actor{AccountID: account}, t.id, "answered", "", "")
	t.heard(at)
	b.sent(MailReply, t.id, id, t.client, t.Past, at)
}

// inTime puts the collected events in the order of their times.
func (b *seeder) inTime() {
	slices.SortStableFunc(b.rows["event"], func(x, y []any) int { return int(x[0].(migrations.Stamp) - y[0].(migrations.Stamp)) })
}
