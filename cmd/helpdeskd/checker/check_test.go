package checker

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// world is a small helpdesk made by hand: what it holds is right, until a
// test puts a fault in.
type world struct {
	t      *testing.T
	db     *sql.DB
	opt    Options
	record Record
	sent   []Received
	files  []string // by entry
}

const (
	anna  = "anna@corp.example"
	robot = "no-reply@backup.example"
)

// newWorld holds five mails: Anna's request, her reply, a copy of her
// request, Ben's request without a Message-ID, and a robot's notice.
func newWorld(t *testing.T, engine migrations.Engine) *world {
	dsn := dbtest.DSN(t, engine)
	m, err := migrations.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	w := &world{t: t, opt: Options{DSN: dsn, Maildir: t.TempDir(), Processed: "Processed"}}
	if w.db, err = Connect(dsn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.db.Close() })
	w.record = Record{Address: "help@corp.example", Staff: []string{"tina@corp.example"}}
	w.exec(`INSERT INTO mailbox (id, name, address, created_at) VALUES (1, 'help', 'help@corp.example', 1)`)
	request := raw(anna, "<1@corp.example>", "", "mkaaaaaaaaaa")
	w.mail(1, Entry{Key: "Anna's request", Raw: request, Thread: "anna", Fates: []string{"new"}, Ticket: true, Requester: anna, Ack: AckMust, Marker: "mkaaaaaaaaaa"}, "new", 1)
	w.mail(2, Entry{Key: "Anna's reply", Raw: raw(anna, "<2@corp.example>", "<1@corp.example>", "mkbbbbbbbbbb"), Thread: "anna", Fates: []string{"append"}, Ticket: true, Marker: "mkbbbbbbbbbb"}, "append", 1)
	w.mail(3, Entry{Key: "the copy", Raw: request, Thread: "anna", Fates: []string{"duplicate"}}, "duplicate", 1)
	w.mail(4, Entry{Key: "Ben's request", Raw: raw("ben@corp.example", "", "", "mkcccccccccc"), Thread: "ben", Fates: []string{"new"}, Ticket: true, Requester: "ben@corp.example", Ack: AckMust, Marker: "mkcccccccccc"}, "new", 2)
	w.mail(5, Entry{Key: "the robot's notice", Raw: raw(robot, "<5@backup.example>", "", "mkdddddddddd"), Thread: "robot", Fates: []string{"new"}, Ticket: true, Requester: robot, Ack: AckNever, Marker: "mkdddddddddd"}, "new", 3)
	w.ack(1, "ack", anna, 1, "<1@corp.example>")
	w.ack(2, "ack", "ben@corp.example", 2, "")
	w.notify(3, 1)
	return w
}

func raw(from, id, reply, marker string) []byte {
	s := "From: " + from + "\r\nTo: help@corp.example\r\nSubject: it does not work\r\n"
	if id != "" {
		s += "Message-ID: " + id + "\r\n"
	}
	if reply != "" {
		s += "In-Reply-To: " + reply + "\r\n"
	}
	return []byte(s + "\r\nPlease help, " + marker + ".\r\n")
}

func (w *world) exec(q string, args ...any) {
	w.t.Helper()
	if strings.HasPrefix(w.opt.DSN, "postgres") {
		for i := 1; strings.Contains(q, "?"); i++ {
			q = strings.Replace(q, "?", fmt.Sprintf("$%d", i), 1)
		}
	}
	r, err := w.db.ExecContext(w.t.Context(), q, args...)
	if err != nil {
		w.t.Fatalf("%s: %v", q, err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		w.t.Fatalf("%s: changed nothing (%v)", q, err)
	}
}

// mail puts a mail through the whole house.
func (w *world) mail(id int64, e Entry, fate string, ticket int64) {
	w.record.Add(e)
	w.file("Processed", id, e.Raw)
	d := Digest(e.Raw)
	if fate != "duplicate" {
		w.exec(`INSERT INTO blob (digest, size, place, data, created_at) VALUES (?, ?, 'row', ?, 1)`, d, len(e.Raw), e.Raw)
	}
	if fate == "new" {
		w.exec(`INSERT INTO ticket (id, number, subject, stage, level, star, client_address, opened_at, stage_at, created_at, updated_at)
			VALUES (?, ?, 'it does not work', 'requested', 1, FALSE, ?, 1, 1, 1, 1)`, ticket, ticket, e.Requester)
	}
	w.exec(`INSERT INTO inbox (id, mailbox_id, uidvalidity, uid, digest, size, received_at, kept_at, state, fate, ticket_id, done_at, moved_at)
		VALUES (?, 1, 7, ?, ?, ?, 1, 1, 'done', ?, ?, 1, 1)`, id, id, d, len(e.Raw), fate, ticket)
	if fate != "duplicate" {
		w.exec(`INSERT INTO message (id, ticket_id, direction, state, inbox_id, from_name, from_address, subject, body, at)
			VALUES (?, ?, 'in', 'shown', ?, '', ?, 'it does not work', ?, 1)`, id, ticket, id, e.Requester, string(e.Raw))
	}
}

func (w *world) file(folder string, id int64, raw []byte) {
	w.t.Helper()
	dir := w.opt.Maildir
	if folder != "" {
		dir = filepath.Join(dir, "."+folder)
	}
	path := filepath.Join(dir, "cur", fmt.Sprintf("%d.mail:2,S", id))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, raw, 0o644); err != nil {
		w.t.Fatal(err)
	}
	w.files = append(w.files, path)
}

// ack queues, sends and receives an automatic answer.
func (w *world) ack(id int64, kind, to string, ticket int64, reply string) {
	mailID := fmt.Sprintf("hd.%d@corp.example", id)
	w.exec(`INSERT INTO outbox (id, kind, priority, state, due_at, mailbox_id, ticket_id, to_address, mail_id, created_at)
		VALUES (?, ?, 3, 'sent', 1, 1, ?, ?, ?, 1)`, id, kind, ticket, to, mailID)
	w.receive(to, mailID, fmt.Sprintf("Subject: [HD-%d] We have your request\r\nAuto-Submitted: auto-replied\r\nX-Auto-Response-Suppress: All\r\nIn-Reply-To: %s\r\n", ticket, reply))
}

func (w *world) notify(id, ticket int64) {
	mailID := fmt.Sprintf("hd.%d@corp.example", id)
	w.exec(`INSERT INTO outbox (id, kind, priority, state, due_at, mailbox_id, ticket_id, to_address, mail_id, created_at)
		VALUES (?, 'notify', 4, 'sent', 1, 1, ?, 'tina@corp.example', ?, 1)`, id, ticket, mailID)
	w.receive("tina@corp.example", mailID, fmt.Sprintf("Subject: [HD-%d] New\r\nAuto-Submitted: auto-generated\r\n", ticket))
}

func (w *world) receive(to, mailID, headers string) {
	data := "From: help@corp.example\r\nTo: " + to + "\r\nMessage-ID: <" + mailID + ">\r\n" + headers + "\r\nHello.\r\n"
	w.sent = append(w.sent, Received{From: "help@corp.example", To: []string{strings.ToLower(to)}, Data: []byte(data)})
}

func (w *world) check() []Finding {
	w.t.Helper()
	found, err := Check(context.Background(), &w.record, w.sent, w.opt)
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

func TestARightWorldHasNoFindings(t *testing.T) {
	for _, engine := range []migrations.Engine{migrations.SQLite, migrations.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			w := newWorld(t, engine)
			for _, f := range w.check() {
				t.Error(f)
			}
			early, err := Early(t.Context(), w.opt)
			if err != nil || len(early) > 0 {
				t.Error(early, err)
			}
		})
	}
}

// Each fault is put in on purpose, and must be found as what it is.
func TestSeededFaultsAreFound(t *testing.T) {
	faults := []struct {
		name string
		kind Kind
		what string
		seed func(w *world)
	}{
		{"a dropped mail, nowhere at all", Lost, "Ben's request", func(w *world) {
			w.exec(`DELETE FROM message WHERE id = 4`)
			w.exec(`DELETE FROM outbox WHERE id = 2`)
			w.exec(`DELETE FROM inbox WHERE id = 4`)
			w.exec(`DELETE FROM ticket WHERE id = 2`)
			os.Remove(w.files[3])
			w.sent = append(w.sent[:1:1], w.sent[2:]...)
		}},
		{"a mail whose message is missing", Lost, "Anna's reply", func(w *world) { w.exec(`DELETE FROM message WHERE id = 2`) }},
		{"a mail whose words are missing", Lost, "mkbbbbbbbbbb", func(w *world) { w.exec(`UPDATE message SET body = 'hello' WHERE id = 2`) }},
		{"a mail gone from the folders", Lost, "Anna's reply", func(w *world) { os.Remove(w.files[1]) }},
		{"a mail put into quarantine", Lost, "Ben's request", func(w *world) { w.exec(`UPDATE inbox SET fate = 'quarantine', ticket_id = NULL WHERE id = 4`) }},
		{"a mail called sent that never came", Lost, "outbox row 3", func(w *world) { w.sent = w.sent[:2] }},
		{"a doubled ticket", Doubled, "HD-4", func(w *world) {
			w.exec(`INSERT INTO ticket (id, number, subject, stage, level, star, client_address, opened_at, stage_at, created_at, updated_at)
				SELECT 4, 4, subject, stage, level, star, client_address, opened_at, stage_at, created_at, updated_at FROM ticket WHERE id = 2`)
			w.exec(`INSERT INTO message (id, ticket_id, direction, state, inbox_id, from_name, from_address, subject, body, at)
				SELECT 9, 4, direction, state, inbox_id, from_name, from_address, subject, body, at FROM message WHERE id = 4`)
		}},
		{"a copy that opened a ticket", Misthreaded, "anna", func(w *world) {
			w.exec(`INSERT INTO ticket (id, number, subject, stage, level, star, client_address, opened_at, stage_at, created_at, updated_at)
				SELECT 4, 4, subject, stage, level, star, client_address, opened_at, stage_at, created_at, updated_at FROM ticket WHERE id = 1`)
			w.exec(`UPDATE inbox SET fate = 'new', ticket_id = 4 WHERE id = 3`)
		}},
		{"a mail kept twice", Doubled, "Ben's request", func(w *world) {
			w.exec(`INSERT INTO inbox (id, mailbox_id, uidvalidity, uid, digest, size, received_at, kept_at, state, fate, ticket_id)
				SELECT 9, 1, 7, 9, digest, size, 1, 1, 'done', 'duplicate', 2 FROM inbox WHERE id = 4`)
		}},
		{"a mail twice in the folder", Doubled, "Ben's request", func(w *world) { w.file("Processed", 99, w.record.Entries[3].Raw) }},
		{"a reply in a strange ticket", Misthreaded, "Anna's reply", func(w *world) {
			w.exec(`UPDATE inbox SET ticket_id = 2 WHERE id = 2`)
			w.exec(`UPDATE message SET ticket_id = 2 WHERE id = 2`)
		}},
		{"a ticket that answers somebody else", Mistaken, "Ben's request", func(w *world) { w.exec(`UPDATE ticket SET client_address = 'eve@corp.example' WHERE id = 2`) }},
		{"a second ack", Misacked, "HD-1 was acknowledged twice", func(w *world) { w.ack(9, "ack", anna, 1, "<1@corp.example>") }},
		{"the same ack sent again", Doubled, "came 2 times", func(w *world) { w.sent = append(w.sent, w.sent[0]) }},
		{"an ack to a robot", Misacked, "must have none", func(w *world) { w.ack(9, "ack", robot, 3, "<5@backup.example>") }},
		{"any mail to a robot", Misacked, "went to the robot robot@forms.example", func(w *world) {
			w.record.Robots = []string{"robot@forms.example"}
			w.receive("Robot@forms.example", "hd.77@corp.example", "Subject: hello\r\n")
		}},
		{"an ack to the helpdesk", Misacked, "the helpdesk itself", func(w *world) { w.ack(9, "ack", "help@corp.example", 3, "") }},
		{"an ack to somebody else", Misacked, "belongs to ben@corp.example", func(w *world) {
			w.exec(`DELETE FROM outbox WHERE id = 2`)
			w.sent = append(w.sent[:1:1], w.sent[2:]...)
			w.ack(2, "ack", anna, 2, "")
		}},
		{"a missing ack", Misacked, "ben@corp.example opened 1", func(w *world) {
			w.exec(`DELETE FROM outbox WHERE id = 2`)
			w.sent = append(w.sent[:1:1], w.sent[2:]...)
		}},
		{"an ack that refers to nothing", Misthreaded, "does not refer to", func(w *world) {
			w.sent[0].Data = []byte(strings.Replace(string(w.sent[0].Data), "<1@corp.example>", "<other@corp.example>", 1))
		}},
		{"a mail moved before it was kept", MovedEarly, "Ben's request", func(w *world) {
			w.exec(`DELETE FROM message WHERE id = 4`)
			w.exec(`DELETE FROM inbox WHERE id = 4`)
		}},
		{"a mail left in the inbox", Unfinished, "Ben's request", func(w *world) {
			os.Remove(w.files[3])
			w.file("", 4, w.record.Entries[3].Raw)
		}},
		{"a mail half done", Unfinished, "Ben's request", func(w *world) { w.exec(`UPDATE inbox SET state = 'working' WHERE id = 4`) }},
		{"an answer still queued", Unfinished, "outbox row 3", func(w *world) { w.exec(`UPDATE outbox SET state = 'queued' WHERE id = 3`) }},
		{"an answer nobody wrote down", Unexplained, "stand in no outbox", func(w *world) { w.exec(`DELETE FROM outbox WHERE id = 3`) }},
		{"an uncertain answer without a kill", Unfinished, "1 sendings are uncertain", func(w *world) { w.exec(`UPDATE outbox SET state = 'uncertain' WHERE id = 3`) }},
	}
	for _, engine := range []migrations.Engine{migrations.SQLite, migrations.Postgres} {
		for _, f := range faults {
			t.Run(string(engine)+"/"+f.name, func(t *testing.T) {
				w := newWorld(t, engine)
				f.seed(w)
				found := w.check()
				for _, x := range found {
					if x.Kind == f.kind && strings.Contains(x.What, f.what) {
						return
					}
				}
				t.Errorf("not found: %v", found)
			})
		}
	}
}

func TestEarlySeesAMailMovedBeforeItWasKept(t *testing.T) {
	w := newWorld(t, migrations.SQLite)
	w.file("Processed", 50, raw("eve@corp.example", "<50@corp.example>", "", "mkeeeeeeeeee"))
	early, err := Early(t.Context(), w.opt)
	if err != nil || len(early) != 1 || early[0].Kind != MovedEarly {
		t.Fatal(early, err)
	}
}

func TestAKillMayLeaveOneUncertain(t *testing.T) {
	w := newWorld(t, migrations.SQLite)
	w.exec(`UPDATE outbox SET state = 'uncertain' WHERE id = 2`)
	w.opt.MaxUncertain = 1
	for _, came := range []bool{true, false} {
		if !came {
			w.sent = append(w.sent[:1:1], w.sent[2:]...)
		}
		if found := w.check(); len(found) > 0 {
			t.Errorf("came %v: %v", came, found)
		}
	}
}

func TestWireIsWhatTheServerHandsOut(t *testing.T) {
	for in, want := range map[string]string{"a\nb": "a\r\nb", "a\r\nb\r\n": "a\r\nb\r\n", "a\rb": "a\rb", "\n\n": "\r\n\r\n", "a\x00b": "a\x80b"} {
		if got := string(Wire([]byte(in))); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// What is wrong with the database itself is found on both engines.
func TestOrphansAreFound(t *testing.T) {
	for _, engine := range []migrations.Engine{migrations.SQLite, migrations.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			w := newWorld(t, engine)
			if engine == migrations.Postgres {
				if _, err := w.db.ExecContext(t.Context(), `ALTER TABLE message DISABLE TRIGGER ALL`); err != nil { // changes no row
					t.Fatal(err)
				}
			}
			w.exec(`UPDATE message SET ticket_id = 4711 WHERE id = 2`)
			found, err := Integrity(t.Context(), w.opt.DSN)
			if err != nil || len(found) != 1 || found[0].Kind != Damaged || !strings.Contains(found[0].What, "message") {
				t.Fatal(found, err)
			}
		})
	}
}
