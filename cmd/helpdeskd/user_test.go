package main

import (
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

func TestUserCommands(t *testing.T) {
	for _, e := range []migrations.Engine{migrations.SQLite, migrations.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			env := append(sqliteEnv(t), "HELPDESKD_DATABASE="+dbtest.DSN(t, e))
			steps := []struct {
				stdin, args string
				code        int
				want        string // on stdout, or on stderr where the code is not 0
			}{
				{"", "user list", 0, "Nobody yet"},
				{"long enough for Ida\n", "user add Ida@aster.example --name=Ida --role=admin", 0, "added Ida <ida@aster.example> as admin\n"},
				{"long enough for Bo\r\n", "user add bo@aster.example --name=Bo", 0, "added Bo <bo@aster.example> as technician\n"},
				{"long enough for Bo\n", "user add bo@aster.example --name=Bo", 1, "There is already an account with the address bo@aster.example."},
				{"short\n", "user add c@aster.example --name=C", 1, "This password has 5 characters"},
				{"", "user add c@aster.example --name=C", 1, "no password came on stdin"},
				{"long enough for C\n", "user add c@aster.example --name=C --role=king", 1, `The role must be admin, technician or manager, not "king".`},
				{"long enough for C\n", "user add c@aster.example", 2, "--name"},
				{"", "user disable ida@aster.example", 1, "Ida is the last administrator"},
				{"", "user disable bo@aster.example", 0, "disabled Bo"},
				{"", "user list", 0, "bo@aster.example   Bo    technician  disabled  never"},
				{"", "user enable BO@aster.example", 0, "enabled Bo"},
				{"another long one\n", "user password bo@aster.example", 0, "the password of Bo <bo@aster.example> is set"},
				{"x\n", "user password nobody@aster.example", 1, "There is no such account."},
			}
			for _, step := range steps {
				r := program(t, step.stdin, env, strings.Fields(step.args)...)
				text := r.out
				if step.code != 0 {
					text = r.err
				}
				if r.code != step.code || !strings.Contains(text, step.want) || step.code != 0 && strings.Count(r.err, "\n") != 1 {
					t.Fatalf("%s: exit %d, stdout %q, stderr %q; want %d, %q", step.args, r.code, r.out, r.err, step.code, step.want)
				}
			}
			store := openTestStore(t, env)
			if _, err := store.CheckPassword(t.Context(), "bo@aster.example", "another long one", "127.0.0.1"); err != nil {
				t.Errorf("the password that was set: %v", err)
			}
		})
	}
}
