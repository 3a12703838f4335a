package main

import (
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

func TestReconcileCommand(t *testing.T) {
	for _, e := range []migrations.Engine{migrations.SQLite, migrations.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			env := append(sqliteEnv(t), "HELPDESKD_DATABASE="+dbtest.DSN(t, e))
			if r := program(t, "", env, "reconcile"); r.code != 1 || !strings.Contains(r.err, "no mailbox") {
				t.Fatalf("without a mailbox: %+v", r)
			}
			store := openTestStore(t, env)
			for _, name := range []string{"desk", "house"} {
				if _, err := store.OpenMailbox(t.Context(), name, name+"@aldermere.example", tracker.Begin{}); err != nil {
					t.Fatal(err)
				}
			}
			asked := func(want ...bool) {
				t.Helper()
				all, err := store.Mailboxes(t.Context())
				if err != nil || len(all) != 2 || (all[0].ReconcileAt != nil) != want[0] || (all[1].ReconcileAt != nil) != want[1] {
					t.Fatalf("%+v %v", all, err)
				}
			}
			if r := program(t, "", env, "reconcile", "--mailbox=garden"); r.code != 1 || !strings.Contains(r.err, `there is no mailbox "garden"`) {
				t.Fatalf("an unknown one: %+v", r)
			}
			asked(false, false)
			if r := program(t, "", env, "reconcile", "--mailbox=house"); r.code != 0 || !strings.HasPrefix(r.out, "house: ") || strings.Contains(r.out, "desk: ") {
				t.Fatalf("one: %+v", r)
			}
			asked(false, true)
			if r := program(t, "", env, "reconcile"); r.code != 0 || strings.Count(r.out, "\n") != 2 {
				t.Fatalf("all: %+v", r)
			}
			asked(true, true)
		})
	}
}
