//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/checker"
	"helpdeskd/ingest/imaptest"
)

// cluster is a PostgreSQL of one's own, which may be stopped and frozen. It
// keeps what it has committed through a crash of its processes; it does not
// sync, as no test pulls the plug.
type cluster struct {
	t    testing.TB
	bin  string
	dir  string
	port string
	cred *syscall.Credential
}

func newCluster(t testing.TB) *cluster {
	t.Helper()
	if os.Getenv("HELPDESKD_TEST_POSTGRES") == "" {
		t.Skip("HELPDESKD_TEST_POSTGRES is not set: ./test.sh sets it")
	}
	all, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl")
	if len(all) == 0 {
		t.Skip("there is no PostgreSQL server here: ./test.sh installs it")
	}
	c := &cluster{t: t, bin: filepath.Dir(all[len(all)-1])}
	_, c.port, _ = strings.Cut(freeAddr(t), ":")
	parent, err := os.MkdirTemp("", "helpdeskd-pg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(parent) })
	c.dir = filepath.Join(parent, "data")
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		u, err := user.Lookup("postgres")
		if err != nil {
			t.Skip("there is no user postgres")
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		c.cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(parent, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	c.run("initdb", "-D", c.dir, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	conf := fmt.Sprintf("listen_addresses = '127.0.0.1'\nport = %s\nunix_socket_directories = '%s'\nfsync = off\nfull_page_writes = off\nshared_buffers = 16MB\n", c.port, parent)
	if err := os.WriteFile(filepath.Join(c.dir, "postgresql.auto.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	c.start()
	t.Cleanup(func() {
		c.signal(syscall.SIGCONT)
		c.command("pg_ctl", "-D", c.dir, "-m", "immediate", "-w", "stop").Run()
	})
	return c
}

func (c *cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin, name), args...)
	cmd.Dir = filepath.Dir(c.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.cred}
	return cmd
}

func (c *cluster) run(name string, args ...string) {
	c.t.Helper()
	if out, err := c.command(name, args...).CombinedOutput(); err != nil {
		c.t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

func (c *cluster) start() { c.run("pg_ctl", "-D", c.dir, "-l", c.dir+".log", "-w", "start") }

// crash ends all of its processes at once.
func (c *cluster) crash() { c.run("pg_ctl", "-D", c.dir, "-m", "immediate", "-w", "stop") }

func (c *cluster) dsn() string {
	return "postgres://postgres@127.0.0.1:" + c.port + "/postgres?sslmode=disable"
}

// signal reaches all of its processes, the first one first.
func (c *cluster) signal(sig syscall.Signal) {
	text, err := os.ReadFile(filepath.Join(c.dir, "postmaster.pid"))
	if err != nil {
		return // it does not run
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return
	}
	syscall.Kill(pid, sig)
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, s := range stats {
		text, _ := os.ReadFile(s)
		_, rest, _ := strings.Cut(string(text), ") ")
		if f := strings.Fields(rest); len(f) > 1 && f[1] == first {
			child, _ := strconv.Atoi(filepath.Base(filepath.Dir(s)))
			syscall.Kill(child, sig)
		}
	}
}

// onCluster is a house on a PostgreSQL of its own, with short waits.
func (tr *trial) onCluster() *cluster {
	c := newCluster(tr.t)
	tr.open(c.dsn(), imaptest.Options{})
	// A server may be silent for 3.25 s then, see migrations/postgres.go.
	tr.patience = "&statement_timeout=1000&idle_in_transaction_session_timeout=2000&connect_timeout=2"
	tr.env = []string{"FAULT_HASTE=3s"}
	return c
}

// databaseStopped has the database crash and start again under load.
func databaseStopped(tr *trial) {
	c := tr.onCluster()
	d := tr.serve()
	d.ready(tr.t)
	tr.account(adminAddress, "Ada Admin", "admin")
	for i := range many(4, 60) {
		tr.put(tr.requests(fmt.Sprint("stop ", i), 30)...)
		tr.sleep(500 * time.Millisecond)
		c.crash()
		tr.struck(1)
		tr.sleep(300 * time.Millisecond)
		c.start()
		tr.over()
		tr.taken(time.Minute)
		tr.recovered()
	}
	tr.settle(time.Minute)
	tr.pardon()
	d.stop(tr.t)
	tr.judge(tr.options())
}

// databaseFrozen has the database freeze for longer than anybody waits, and go on.
func databaseFrozen(tr *trial) {
	c := tr.onCluster()
	d := tr.serve()
	d.ready(tr.t)
	tr.account(adminAddress, "Ada Admin", "admin")
	for i := range many(3, 25) {
		tr.put(tr.requests(fmt.Sprint("freeze ", i), 30)...)
		tr.sleep(400 * time.Millisecond)
		before := complaints(d)
		c.signal(syscall.SIGSTOP)
		until(tr.t, time.Minute, "the daemon gives up waiting", func() bool { return complaints(d) > before })
		tr.struck(1)
		c.signal(syscall.SIGCONT)
		tr.over()
		tr.taken(time.Minute)
		tr.recovered()
	}
	tr.settle(time.Minute)
	tr.pardon()
	d.stop(tr.t)
	tr.judge(tr.options())
}

// complaints counts what the daemon warned of.
func complaints(d *daemon) int {
	log := d.log.String()
	return strings.Count(log, "level=WARN") + strings.Count(log, "level=ERROR")
}

// databaseLocked has somebody else lock the database for longer than anybody waits.
func databaseLocked(tr *trial) {
	tr.usual()
	if tr.engine == onlyPostgres[0] {
		tr.patience = "&statement_timeout=1000"
	}
	d := tr.serve()
	d.ready(tr.t)
	for i := range many(1, 10) {
		db, err := checker.Connect(tr.dsn)
		if err != nil {
			tr.t.Fatal(err)
		}
		conn, err := db.Conn(tr.t.Context())
		if err != nil {
			tr.t.Fatal(err)
		}
		lock := "BEGIN; LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE"
		if tr.engine == onlySQLite[0] {
			lock = "BEGIN EXCLUSIVE"
		}
		if _, err := conn.ExecContext(tr.t.Context(), lock); err != nil {
			tr.t.Fatal(err)
		}
		before := complaints(d)
		tr.put(tr.requests(fmt.Sprint("lock ", i), 30)...)
		until(tr.t, time.Minute, "the daemon gives up waiting", func() bool { return complaints(d) > before })
		tr.struck(1)
		if _, err := conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
			tr.t.Fatal(err)
		}
		tr.over()
		conn.Close()
		db.Close()
		tr.taken(time.Minute)
		tr.recovered()
	}
	tr.settle(time.Minute)
	d.stop(tr.t)
	tr.judge(tr.options())
}
