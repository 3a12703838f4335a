//go:build linux

package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/checker"
)

// The five faults that the checker must catch, put into a house that really
// runs: first it finds nothing, then exactly what was put in.
func TestCheckerCatchesFaultsOfARealRun(t *testing.T) {
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			h := newHouse(t, engine)
			h.account(adminAddress, "Ada Admin", "admin")
			all := few("seeded", 31, 62)
			h.put(all[:60]...)
			d := h.serve()
			h.settle(time.Minute)
			h.check(h.options())

			// A dropped mail: it was sent, and never reached anything.
			h.record.Add(all[60])
			// A mail moved before it was kept.
			if err := h.imap.Deliver(helpLogin, "Processed", all[61].Raw, time.Time{}); err != nil {
				t.Fatal(err)
			}
			h.record.Add(all[61])
			// A doubled ticket, with its mail in it.
			h.run(`INSERT INTO ticket (id, number, subject, stage, level, star, client_id, client_address, mailbox_id, opened_at, stage_at, created_at, updated_at)
				SELECT 9001, 9001, subject, stage, level, star, client_id, client_address, mailbox_id, opened_at, stage_at, created_at, updated_at FROM ticket WHERE number = 1`)
			h.run(`INSERT INTO message (id, ticket_id, direction, state, inbox_id, from_name, from_address, subject, body, at)
				SELECT 9001, 9001, direction, state, inbox_id, from_name, from_address, subject, body, at FROM message WHERE id = (SELECT MIN(id) FROM message)`)
			// A second acknowledgement, and one to a robot: helpdeskd itself sends them.
			robot := h.robot(all[:60])
			queue := func(to, from string) {
				h.run(`INSERT INTO outbox (kind, priority, state, due_at, mailbox_id, ticket_id, message_id, client_id, to_address, detail, created_at)
					SELECT 'ack', 3, 'queued', 1, mailbox_id, ticket_id, message_id, client_id, ` + to + `, '{"ack":{}}', created_at FROM ` + from)
			}
			queue("to_address", `outbox WHERE id = (SELECT MIN(id) FROM outbox WHERE kind = 'ack')`)
			queue("client_address", `(SELECT t.mailbox_id, t.id AS ticket_id, m.id AS message_id, t.client_id, t.client_address, t.created_at
				FROM inbox i JOIN ticket t ON t.id = i.ticket_id JOIN message m ON m.inbox_id = i.id AND m.id < 9001 WHERE i.digest = '`+checker.Digest(robot.Raw)+`') robot`)
			state, err := checker.Wait(t.Context(), h.dsn, 30*time.Second, func(s checker.State) bool { return s.Queued+s.Sending == 0 })
			if err != nil {
				t.Fatal(err)
			}
			d.stop(t)
			found, err := checker.Check(t.Context(), &h.record, h.sink.All(), h.options())
			if err != nil {
				t.Fatal(err)
			}
			t.Log(state)
			for _, want := range []struct {
				kind checker.Kind
				what string
			}{
				{checker.Lost, all[60].Key + " was put in 1 times and kept 0 times"},
				{checker.MovedEarly, all[61].Key},
				{checker.Doubled, "HD-9001"},
				{checker.Misacked, "was acknowledged twice"},
				{checker.Misacked, robot.Key + ", which must have none"},
			} {
				if !slices.ContainsFunc(found, func(f checker.Finding) bool { return f.Kind == want.kind && strings.Contains(f.What, want.what) }) {
					t.Errorf("not found: %s: %s", want.kind, want.what)
				}
			}
			if t.Failed() {
				for _, f := range found {
					t.Log(f)
				}
			}
		})
	}
}

// robot returns an entry whose ticket must not be acknowledged.
func (h *house) robot(entries []checker.Entry) checker.Entry {
	h.t.Helper()
	for _, e := range entries {
		if e.Ack == checker.AckNever && e.Requester == "" && slices.Contains(e.Fates, "new") && len(h.inbox(`fate = 'new' AND digest = '`+checker.Digest(e.Raw)+`'`)) == 1 {
			return e
		}
	}
	h.t.Fatal("no robot opened a ticket")
	return checker.Entry{}
}

// run changes the database behind the helpdesk's back.
func (h *house) run(q string) {
	h.t.Helper()
	db, err := checker.Connect(h.dsn)
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	r, err := db.ExecContext(h.t.Context(), q)
	if err != nil {
		h.t.Fatalf("%s: %v", q, err)
	}
	if n, err := r.RowsAffected(); err != nil || n != 1 {
		h.t.Fatalf("%s: changed %d rows, %v", q, n, err)
	}
}
