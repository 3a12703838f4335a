//go:build linux

package main

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/archive"
)

// A desk is backed up while mail comes and goes, and restored into the same
// and the other engine: what it held at that moment is there, nothing is sent,
// and everything holds that verify knows of.
func TestRestoreDrill(t *testing.T) {
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, engine)
			mails := few("drill", 11, 400)
			h.put(mails[:150]...)
			h.serve()
			work := smallDesk{dir: h.dir, dsn: h.dsn, env: []string{"HELPDESKD_CONFIG=" + h.write()}}
			until(t, time.Minute, "some mail is decided", func() bool { return work.ask(t, `SELECT COUNT(*) FROM ticket`) > 20 })
			h.put(mails[150:]...)
			file := filepath.Join(t.TempDir(), "drill.backup")
			work.run(t, 0, "", "sha256", "backup", file)
			work.run(t, 0, "", "is whole", "verify", file)
			work.run(t, 0, "", "all is well", "verify")
			for _, to := range engines {
				there := emptyDesk(t, to)
				there.run(t, 0, "", "restored", "restore", file)
				there.run(t, 1, "", "the key file opens what is sealed", "verify") // it was not in the backup
				key, err := os.ReadFile(filepath.Join(work.dir, "key"))
				if err == nil {
					err = os.WriteFile(filepath.Join(there.dir, "key"), key, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
				there.run(t, 0, "", "all is well", "verify")
				if n := there.ask(t, `SELECT COUNT(*) FROM outbox WHERE state IN ('queued', 'sending')`); n != 0 {
					t.Errorf("%d mails would be sent by themselves", n)
				}
				if n := there.ask(t, `SELECT COUNT(*) FROM ticket`); n < 20 {
					t.Errorf("%d tickets are back", n)
				}
				// What a second backup of the restored desk holds is what the first holds.
				again := filepath.Join(t.TempDir(), "again.backup")
				there.run(t, 0, "", "sha256", "backup", again)
				sameButFor(t, manifestOf(t, file), manifestOf(t, again), append(slices.Clone(changedByRestore), "backup", "search_doc")) // which is filled up
			}
		})
	}
}

// A kill in the middle leaves what was there, or what says that it must be run
// again, which then works.
func TestKilledInTheMiddle(t *testing.T) {
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			d := newSmallDesk(t, engine)
			was := d.holds(t)
			file := filepath.Join(t.TempDir(), "desk.backup")
			d.run(t, 0, "", "", "backup", file)
			there := emptyDesk(t, engine)
			for i := range 8 {
				at := time.Duration(5+i*25) * time.Millisecond
				killed(t, at, d.env, "backup", "--force", file+"2")
				killed(t, at, there.env, "restore", "--lease-wait=1ms", file)
				killed(t, at, d.env, "move", "--lease-wait=1ms", "--keep", "--to="+emptyDesk(t, migrations.SQLite).dsn)
				sameButFor(t, was, d.holds(t), []string{"backup"})
			}
			d.run(t, 0, "", "sha256", "backup", "--force", file+"2")
			d.run(t, 0, "", "is whole", "verify", file+"2")
			r := program(t, "replace\n", there.env, "restore", "--force", "--lease-wait=1ms", file)
			if r.code != 0 {
				t.Fatalf("restored after kills: exit %d: %s", r.code, r.err)
			}
			sameButFor(t, was, there.holds(t), append(slices.Clone(changedByRestore), "backup"))
			there.run(t, 0, "", "all is well", "verify")
			d.run(t, 0, "", "all is well", "verify")
			left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*.part"))
			if len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// killed runs a command and kills it after a while, if it still runs.
func killed(t *testing.T, after time.Duration, env []string, args ...string) {
	t.Helper()
	d := launch(t, env, args...)
	d.quiet = true
	select {
	case <-d.done:
	case <-time.After(after):
		_ = d.cmd.Process.Signal(syscall.SIGKILL)
		<-d.done
	}
}

// manifestOf returns what a backup says of itself.
func manifestOf(t *testing.T, file string) archive.Manifest {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := archive.Read(t.Context(), f, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
