//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"helpdeskd/ingest/imaptest"
	"helpdeskd/migrations"
)

// nodes are two helpdesks on one PostgreSQL and one mailbox.
type nodes struct {
	tr   *trial
	at   [2]*house
	runs [2]*daemon
}

// two starts them. A silent one loses its leases after two seconds.
func (tr *trial) two() *nodes {
	tr.open("", imaptest.Options{})
	tr.env = []string{"FAULT_HASTE=2s"}
	tr.patience = "&idle_in_transaction_session_timeout=2000"
	other := *tr.house
	other.dir, other.listen = tr.t.TempDir(), freeAddr(tr.t)
	n := &nodes{tr: tr, at: [2]*house{tr.house, &other}}
	n.start(0)
	key, err := os.ReadFile(filepath.Join(tr.dir, "key")) // which nodes share
	if err == nil {
		err = os.WriteFile(filepath.Join(other.dir, "key"), key, 0o600)
	}
	if err != nil {
		tr.t.Fatal(err)
	}
	n.start(1)
	return n
}

func (n *nodes) start(i int) {
	n.tr.t.Helper()
	n.runs[i] = n.at[i].serve()
	n.runs[i].ready(n.tr.t)
}

// id is the node's own name.
func (n *nodes) id(i int) string {
	n.tr.t.Helper()
	text, err := os.ReadFile(filepath.Join(n.at[i].dir, "node"))
	if err != nil {
		n.tr.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// holder is which of them has a lease.
func (n *nodes) holder(lease string) (at int) {
	n.tr.t.Helper()
	until(n.tr.t, 30*time.Second, "one of the nodes has "+lease, func() bool {
		var who string
		n.tr.query(&who, `SELECT COALESCE(MAX(holder), '') FROM lease WHERE name = '`+lease+`'`)
		node, _, _ := strings.Cut(who, "/")
		for i := range n.at {
			if node == n.id(i) {
				at = i
				return true
			}
		}
		return false
	})
	return at
}

func (n *nodes) stop() {
	for _, d := range n.runs {
		d.stop(n.tr.t)
	}
}

// holderFrozen freezes who has the mailbox, or the outbox, under load, and has
// it go on when the other has taken over: it finds that it lost its lease.
func holderFrozen(tr *trial) {
	n := tr.two()
	freezes := many(4, 60)
	for i := range freezes {
		lease := []string{"mailbox:1", "outbox"}[i%2]
		tr.put(tr.requests(fmt.Sprint("before ", i), 25)...)
		at := n.holder(lease)
		tr.sleep(200 * time.Millisecond)
		frozen := n.runs[at]
		syscall.Kill(frozen.cmd.Process.Pid, syscall.SIGSTOP)
		tr.struck(1)
		tr.over()
		tr.put(tr.requests(fmt.Sprint("while ", i), 25)...)
		until(tr.t, time.Minute, "the other takes over", func() bool { return n.holder(lease) != at })
		tr.taken(time.Minute)
		tr.recovered()
		syscall.Kill(frozen.cmd.Process.Pid, syscall.SIGCONT)
		tr.put(tr.requests(fmt.Sprint("after ", i), 10)...)
		tr.settle(time.Minute)
		frozen.logs(tr.t, "lost to another node")
	}
	n.stop()
	opt := tr.options()
	opt.MaxUncertain = freezes
	tr.judge(opt)
}

// eitherKilled kills one of two nodes, again and again.
func eitherKilled(tr *trial) {
	n := tr.two()
	kills := many(6, 80)
	for i := range kills {
		tr.put(tr.requests(fmt.Sprint("lot ", i), 40)...)
		tr.sleep(400 * time.Millisecond)
		at := n.holder("mailbox:1")
		if i%3 == 0 {
			at = 1 - at
		}
		n.runs[at].kill()
		tr.struck(1)
		tr.over()
		tr.early()
		tr.taken(time.Minute)
		tr.recovered()
		n.start(at)
	}
	tr.settle(time.Minute)
	tr.account(adminAddress, "Ada Admin", "admin")
	tr.pardon()
	n.stop()
	opt := tr.options()
	opt.MaxUncertain = kills
	tr.judge(opt)
}

// nodeCopied starts a copy of a node, as a cloned machine is. They would take
// the leases from one another without end: one of them ends, and says why, and
// has another id when it is started again.
func nodeCopied(tr *trial) {
	n := tr.two()
	n.runs[1].stop(tr.t)
	id := n.id(0)
	if err := os.WriteFile(filepath.Join(n.at[1].dir, "node"), []byte(id+"\n"), 0o600); err != nil {
		tr.t.Fatal(err)
	}
	n.start(1)
	tr.struck(1)
	tr.put(tr.requests("copied", 60)...)
	until(tr.t, time.Minute, "one of the two ends", func() bool { return !n.runs[0].running() || !n.runs[1].running() })
	ended := 0
	if n.runs[0].running() {
		ended = 1
	}
	if code := n.runs[ended].exit(tr.t, time.Second); code != 1 || !strings.Contains(n.runs[ended].log.String(), "was copied") {
		tr.t.Errorf("exit status %d: %s", code, tail(n.runs[ended].log.String(), 3))
	}
	if n.id(ended) == id {
		tr.t.Error("it has the same id still")
	}
	n.start(ended)
	tr.put(tr.requests("started again", 60)...)
	tr.settle(time.Minute)
	if !n.runs[0].running() || !n.runs[1].running() {
		tr.t.Error("one of them ended again")
	}
	n.stop()
	opt := tr.options()
	opt.MaxUncertain = 1
	tr.judge(opt)
}

// secondRefused starts a second helpdesk on an embedded database, which says
// that there is one already.
func secondRefused(tr *trial) {
	tr.usual()
	d := tr.serve()
	d.ready(tr.t)
	tr.put(tr.requests("second", 20)...)
	other := *tr.house
	other.listen = freeAddr(tr.t)
	for _, dir := range []string{tr.dir, tr.t.TempDir()} { // the same folder; another one, with the same database
		other.dir = dir
		code, said := other.command("serve")
		if code != 1 || !strings.Contains(said, "another helpdeskd is running on") || strings.Contains(said, "goroutine") {
			tr.t.Errorf("exit status %d: %s", code, said)
		}
		tr.struck(1)
	}
	tr.settle(time.Minute)
	d.stop(tr.t)
	tr.judge(tr.options())
}

// clockOff starts the helpdesk again and again with a clock that is a day
// late, right, or a day early.
func clockOff(tr *trial) {
	tr.usual()
	clocks := []string{"0", "24h", "0", "-24h", "0"}
	for i := range many(len(clocks), 6*len(clocks)) {
		tr.put(tr.requests(fmt.Sprint("clock ", i), many(40, 10))...)
		d := tr.serve("FAULT_CLOCK=" + clocks[i%len(clocks)])
		tr.taken(time.Minute)
		tr.sleep(300 * time.Millisecond)
		d.kill()
		tr.struck(1)
	}
	tr.over()
	d := tr.serve()
	tr.settle(time.Minute)
	tr.recovered()
	tr.account(adminAddress, "Ada Admin", "admin")
	tr.pardon()
	d.stop(tr.t)
	// An answer waits ten minutes for its mail that was put off: by a clock that
	// jumps they may be over at once. It opens the ticket then, which stays one.
	tr.overtaken()
	opt := tr.options()
	opt.MaxUncertain = tr.result.Tried
	opt.AckHours = 3 // an hour's acknowledgements yesterday, today and tomorrow
	tr.judge(opt)
}

// killInMigration kills a program that makes the schema, at any moment of it.
func killInMigration(tr *trial) {
	tr.open("", imaptest.Options{})
	if tr.engine == migrations.SQLite {
		tr.dsn = "sqlite:" + filepath.Join(tr.dir, "fresh.db")
	} else {
		tr.runAll(`DROP SCHEMA public CASCADE`, `CREATE SCHEMA public`)
	}
	for range many(8, 80) {
		d := launch(tr.t, nil, "--config", tr.write(), "migrate")
		d.quiet = true
		time.Sleep(time.Duration(tr.rand.Int64N(int64(150 * time.Millisecond))))
		d.kill()
		tr.struck(1)
	}
	tr.over()
	if code, said := tr.command("migrate"); code != 0 {
		tr.t.Fatalf("exit status %d after the kills: %s", code, said)
	}
	tr.recovered()
	tr.put(tr.requests("migrated", 30)...)
	d := tr.serve()
	tr.settle(time.Minute)
	d.stop(tr.t)
	tr.judge(tr.options())
}

// runAll changes the database behind the helpdesk's back.
func (h *house) runAll(queries ...string) {
	h.t.Helper()
	db, err := migrations.Connect(h.t.Context(), h.dsn)
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	err = db.Tx(h.t.Context(), func(tx *migrations.Tx) error {
		for _, q := range queries {
			if _, err := tx.Exec(h.t.Context(), q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// newerSchema starts on a database of a newer helpdesk, which is refused and
// left as it is; and on those of all releases.
func newerSchema(tr *trial) {
	tr.usual()
	tr.put(tr.requests("newer", 20)...)
	d := tr.serve()
	tr.settle(time.Minute)
	d.stop(tr.t)
	tr.runAll(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)`)
	if code, said := tr.command("serve"); code != 1 || !strings.Contains(said, "written by a newer helpdeskd") {
		tr.t.Errorf("exit status %d: %s", code, said)
	}
	tr.struck(1)
	tr.runAll(`DELETE FROM goose_db_version WHERE version_id = 9999`)
	tr.judge(tr.options())
	releases, err := filepath.Glob("testdata/releases/*." + string(tr.engine) + ".sql")
	if err != nil {
		tr.t.Fatal(err)
	}
	if len(releases) == 0 {
		tr.t.Log("no releases yet: nothing to upgrade from")
	}
	for _, file := range releases {
		tr.upgrade(file)
	}
}

// upgrade starts on the schema of a release: the SQL text that makes its
// empty database, as testdata/releases/VERSION.ENGINE.sql.
func (tr *trial) upgrade(file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		tr.t.Fatal(err)
	}
	old := &trial{t: tr.t, engine: tr.engine, rand: tr.rand}
	old.usual()
	if tr.engine == migrations.SQLite {
		old.dsn = "sqlite:" + filepath.Join(old.dir, "old.db")
	} else {
		old.runAll(`DROP SCHEMA public CASCADE`, `CREATE SCHEMA public`)
	}
	old.runAll(string(text))
	old.put(old.requests(filepath.Base(file), 20)...)
	d := old.serve()
	old.settle(time.Minute)
	d.stop(tr.t)
	tr.struck(1)
	tr.result.Count(old.check(old.options()))
}
