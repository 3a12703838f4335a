package tracker

import (
	"context"
	"fmt"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// Past is a request of the past, as Seed stores it.
type Past struct {
	Client     Address
	Department string
	Subject    string
	Raw        []byte // the mail that opened it
	Body       string
	MessageID  string
	Answer     string // a technician's reply, "" for none
	Stage      string // requested, in_progress, confirming, completed, dropped
	Level      int
	Star       bool
	CategoryID int64 // 0 for none
	AccountID  int64 // who worked it, 0 for nobody
	Fix        string
	OpenedAt   time.Time
	StageAt    time.Time
	Summary    string // what it was and why, for managers; of what is completed only
	Archived   bool
	Said       []PastWords // what followed, the oldest first

	// Without a Stage the request goes from one to the next as the steps say,
	// each at its own time: Answer, StageAt, Fix, Archived and Said do not count.
	Steps []PastStep
	Via   NoteKind // with Steps: written down by AccountID, not mailed; Body is the note
}

// PastWords is one later message of a past request, by its client or, with an
// AccountID, by a technician.
type PastWords struct {
	AccountID int64
	Raw       []byte // the client's mail
	Body      string
	MessageID string
	At        time.Time
}

// Seed stores requests of the past in one transaction, with everything that
// they would have left behind had they come by mail: clients, raw mails, inbox
// rows, messages, acknowledgements, tokens, events. It is how a database of a
// size is made for measuring; nothing is sent, and nothing is deduplicated.
func (s *Store) Seed(ctx context.Context, mailboxID int64, past []Past) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		b := &seeder{mailbox: mailboxID, clients: map[string]int64{}, next: map[string]int64{}, now: s.stamp(), sums: tally{}}
		for _, table := range seedTables {
			if table.id {
				var top int64
				if err := tx.Get(ctx, &top, `SELECT COALESCE(MAX(id), 0) FROM `+table.name); err != nil {
					return err
				}
				b.next[table.name] = top
			}
		}
		if err := tx.Get(ctx, &b.number, `SELECT value FROM counter WHERE name = 'ticket'`); err != nil {
			return err
		}
		for _, p := range past {
			add := b.add
			if p.Stage == "" {
				add = b.tell
			}
			if err := add(ctx, tx, p); err != nil {
				return err
			}
		}
		b.inTime()
		return b.store(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("seed %d requests: %w", len(past), err)
	}
	return nil
}

// seedTables are the tables that Seed writes, in the order of their references.
var seedTables = []struct {
	name, columns string
	id            bool
}{
	{"client", "id, name, name_folded, department, created_at", true},
	{"client_address", "address, client_id, created_at", false},
	{"blob", "digest, size, place, data, created_at", false},
	{"ticket", "id, number, subject, stage, level, star, triaged_at, client_id, client_address, assignee_id, category_id, mailbox_id, fix, fixed_at, drop_reason, opened_at, stage_at, closed_at, archived_at, created_at, updated_at, unconfirmed, news, first_answer_at, summary", true},
	{"inbox", "id, mailbox_id, digest, size, received_at, kept_at, state, attempts, fate, class, sender, subject, ticket_id, acks, done_at, moved_at", true},
	{"message", "id, ticket_id, direction, state, inbox_id, client_id, account_id, from_name, from_address, subject, body, digest, mail_id, identity, content, at", true},
	{"message_ref", "ref, ticket_id, known", false},
	{"note", "id, ticket_id, account_id, kind, body, at", true},
	{"fact", "ticket_id, item, value, source, guess, message_id, account_id, thing_id, at", false},
	{"outbox", "id, kind, priority, state, due_at, attempts, mailbox_id, ticket_id, message_id, client_id, to_address, to_name, mail_id, sending_at, sent_at, response, created_at", true},
	{"reply_token", "hash, ticket_id, client_id, outbox_id, created_at", false},
	{"event", "at, actor, subject, subject_id, kind, was, became", false},
	{"search_queue", "kind, ref", false},
}

// seeder collects rows by table, so that each table is one long INSERT.
type seeder struct {
	mailbox int64
	number  int64
	now     migrations.Stamp
	next    map[string]int64
	clients map[string]int64
	rows    map[string][][]any

	accounts map[int64]seedAccount
	sums     tally
}

func (b *seeder) id(table string) int64 {
	b.next[table]++
	return b.next[table]
}

func (b *seeder) row(table string, values ...any) {
	if b.rows == nil {
		b.rows = map[string][][]any{}
	}
	b.rows[table] = append(b.rows[table], values)
}

// took counts a mail that was taken, and what became of it.
func (b *seeder) took(fate string) {
	b.sums.add(b.mailbox, taken, 1)
	b.sums.add(b.mailbox, fate, 1)
}

func (b *seeder) event(at migrations.Stamp, actor Actor, ticket int64, kind, was, became string) {
	b.row("event", at, actor.String(), "ticket", ticket, kind, was, became)
}

func (b *seeder) client(ctx context.Context, tx *migrations.Tx, p Past, at migrations.Stamp) (int64, error) {
	address := strings.ToLower(p.Client.Address)
	if id, ok := b.clients[address]; ok {
		return id, nil
	}
	known, err := clientByAddress(ctx, tx, address)
	if err != nil {
		return 0, err
	}
	id := int64(0)
	if known != nil {
		id = known.ID
	} else {
		id = b.id("client")
		b.row("client", id, p.Client.Name, Fold(p.Client.Name), p.Department, at)
		b.row("client_address", address, id, at)
		b.row("search_queue", "client", id)
	}
	b.clients[address] = id
	return id, nil
}

// add collects the rows of one request.
func (b *seeder) add(ctx context.Context, tx *migrations.Tx, p Past) error {
	opened, stage := migrations.At(p.OpenedAt), migrations.At(p.StageAt)
	clientID, err := b.client(ctx, tx, p, opened)
	if err != nil {
		return err
	}
	from := strings.ToLower(p.Client.Address)
	ticket, inbox, message := b.id("ticket"), b.id("inbox"), b.id("message")
	b.number++
	var triaged, fixed, closed, archived *migrations.Stamp
	dropReason := ""
	if p.Stage != "requested" {
		triaged = &stage
	}
	if p.Fix != "" {
		fixed = &stage
	}
	if p.Stage == "completed" || p.Stage == "dropped" {
		closed = &stage
	}
	if p.Stage == "dropped" {
		dropReason = "asked for by mistake"
	}
	if p.Archived {
		archived = &b.now
	}
	digest := Digest(p.Raw)
	b.row("blob", digest, len(p.Raw), "row", p.Raw, opened)
	b.row("ticket", ticket, b.number, p.Subject, p.Stage, p.Level, p.Star, triaged, clientID, from, orNull(p.AccountID), orNull(p.CategoryID), b.mailbox,
		p.Fix, fixed, dropReason, opened, stage, closed, archived, opened, stage, false, false, firstAnswerOf(p, stage), p.Summary)
	b.took(FateNew)
	b.row("inbox", inbox, b.mailbox, digest, len(p.Raw), opened, opened, inboxDone, 1, FateNew, string(ClassHuman), from, p.Subject, ticket, 1, opened, opened)
	b.row("message", message, ticket, "in", "shown", inbox, clientID, nil, p.Client.Name, from, p.Subject, p.Body, digest, p.MessageID, "mail:"+digest, digest, opened)
	b.row("message_ref", p.MessageID, ticket, true)
	b.row("search_queue", "ticket", ticket)
	b.event(opened, Actor{ClientID: clientID}, ticket, "opened", "", "")
	b.sent(MailAck, ticket, message, clientID, p, opened)
	if p.Answer != "" {
		out := b.id("message")
		b.row("message", out, ticket, "out", "shown", nil, nil, orNull(p.AccountID), "IT helpdesk", "", "Re: "+p.Subject, p.Answer, "", "", "", "", stage)
		b.event(stage, Actor{AccountID: p.AccountID}, ticket, "replied", "", "")
		b.sent(MailReply, ticket, out, clientID, p, stage)
	}
	for _, w := range p.Said {
		b.said(w, p, ticket, clientID)
	}
	if p.Stage != "requested" {
		b.event(stage, Actor{AccountID: p.AccountID}, ticket, "stage", "requested", p.Stage)
	}
	return nil
}

// firstAnswerOf is when a technician first answered a past request, nil for never.
func firstAnswerOf(p Past, answered migrations.Stamp) any {
	var first migrations.Stamp
	if p.Answer != "" {
		first = answered
	}
	for _, w := range p.Said {
		if at := migrations.At(w.At); w.AccountID != 0 && (first == 0 || at < first) {
			first = at
		}
	}
	return orNull(int64(first))
}

// said collects one later message.
func (b *seeder) said(w PastWords, p Past, ticket, client int64) {
	at, id := migrations.At(w.At), b.id("message")
	if w.AccountID != 0 {
		b.row("message", id, ticket, "out", "shown", nil, nil, orNull(w.AccountID), "IT helpdesk", "", "Re: "+p.Subject, w.Body, "", "", "", "", at)
		b.event(at, Actor{AccountID: w.AccountID}, ticket, "replied", "", "")
		b.sent(MailReply, ticket, id, client, p, at)
		return
	}
	from, digest, inbox := strings.ToLower(p.Client.Address), Digest(w.Raw), b.id("inbox")
	b.row("blob", digest, len(w.Raw), "row", w.Raw, at)
	b.took(FateAppend)
	b.row("inbox", inbox, b.mailbox, digest, len(w.Raw), at, at, inboxDone, 1, FateAppend, string(ClassHuman), from, "Re: "+p.Subject, ticket, 0, at, at)
	b.row("message", id, ticket, "in", "shown", inbox, client, nil, p.Client.Name, from, "Re: "+p.Subject, w.Body, digest, w.MessageID, "mail:"+digest, digest, at)
	b.row("message_ref", w.MessageID, ticket, true)
	b.event(at, Actor{ClientID: client}, ticket, "answered", "", "")
}

// sent collects an answer that has left.
func (b *seeder) sent(kind string, ticket, message, client int64, p Past, at migrations.Stamp) {
	plain, hash := NewToken()
	id := b.id("outbox")
	_, domain, _ := strings.Cut(p.Client.Address, "@")
	mailID := "hd." + plain + "@" + domain
	b.row("outbox", id, kind, mailPriority[kind], OutboxSent, at, 1, b.mailbox, ticket, message, client, strings.ToLower(p.Client.Address), p.Client.Name, mailID, at, at, "250 ok", at)
	b.row("reply_token", hash, ticket, client, id, at)
	b.row("message_ref", mailID, ticket, true)
	b.event(at, Actor{}, ticket, "sent", "", kind)
}

// store writes what was collected.
func (b *seeder) store(ctx context.Context, tx *migrations.Tx) error {
	const parameters = 16_000 // of one statement; SQLite takes 32,766, PostgreSQL 65,535
	for _, t := range seedTables {
		columns := strings.Count(t.columns, ",") + 1
		one := "(" + strings.Repeat("?, ", columns-1) + "?)"
		for rows := b.rows[t.name]; len(rows) > 0; {
			n := min(len(rows), parameters/columns)
			var args []any
			for _, r := range rows[:n] {
				if len(r) != columns {
					return fmt.Errorf("%d values for the %d columns of %s", len(r), columns, t.name)
				}
				args = append(args, r...)
			}
			q := `INSERT INTO ` + t.name + ` (` + t.columns + `) VALUES ` + strings.Repeat(one+", ", n-1) + one
			if t.name == "blob" {
				q += ` ON CONFLICT (digest) DO NOTHING`
			}
			if _, err := tx.Exec(ctx, q, args...); err != nil {
				return fmt.Errorf("fill %s: %w", t.name, err)
			}
			rows = rows[n:]
		}
		if t.id && tx.Dialect() == migrations.Postgres {
			var top int64
			if err := tx.Get(ctx, &top, `SELECT setval(pg_get_serial_sequence('`+t.name+`', 'id'), (SELECT COALESCE(MAX(id), 1) FROM `+t.name+`))`); err != nil {
				return err
			}
		}
	}
	if _, err := tx.Exec(ctx, `UPDATE counter SET value = ? WHERE name = 'ticket'`, b.number); err != nil {
		return err
	}
	return b.sums.writeTx(ctx, tx)
}
