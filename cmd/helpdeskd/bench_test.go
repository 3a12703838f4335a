package main

import (
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// One database serves for one measurement after another, as docs/performance.md has it.
func TestBenchesShareADatabase(t *testing.T) {
	t.Parallel()
	for _, engine := range []migrations.Engine{migrations.SQLite, migrations.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			dsn := dbtest.DSN(t, engine)
			if engine == migrations.SQLite && !strings.Contains(dsn, ":") {
				dsn = "sqlite:" + dsn
			}
			for _, run := range []struct {
				args []string
				says string
			}{
				{[]string{"seed", "60"}, ""},
				{[]string{"web", "--tickets=60", "--pages=1", "--idle=0s"}, "page /board "},
				{[]string{"ingest", "--tickets=60", "--messages=20", "--single=1"}, "20 tickets, "},
				{[]string{"reply", "--tickets=60", "--queued=5", "--replies=1"}, "of 1"},
			} {
				d := launch(t, nil, append(append([]string{"bench"}, run.args...), "--database", dsn)...)
				if code := d.exit(t, time.Minute); code != 0 || !strings.Contains(d.log.String(), run.says) {
					t.Fatalf("bench %s ended with %d, and says:\n%s", strings.Join(run.args, " "), code, d.log.String())
				}
			}
		})
	}
}
