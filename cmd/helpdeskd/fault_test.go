//go:build linux

package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/checker"
	"helpdeskd/cmd/helpdeskd/mailgen"
	"helpdeskd/ingest/imaptest"
	"helpdeskd/migrations"
)

// fault is one row of the table in docs/reliability.md. How often it strikes
// in the short form and in the long one (./faults.sh --long) is its run's.
type fault struct {
	id, name string // "F07", "frozen": the test is TestFault/F07-frozen
	what     string // in the table
	engines  []migrations.Engine
	run      func(tr *trial)
}

var (
	onlySQLite   = []migrations.Engine{migrations.SQLite}
	onlyPostgres = []migrations.Engine{migrations.Postgres}
)

// faults are those that need the whole program. What a test of one package
// proves stands in cmd/helpdeskd/faults.
var faults = []fault{
	{"F01", "kills", "SIGKILL at random under load", engines, killsAtRandom},
	{"F02", "edges", "SIGKILL at every edge of the state tables", engines, killAtEveryEdge},
	{"F03", "sync", "SIGKILL at a sync", onlySQLite, killAtSync},
	{"F04", "full", "the disk is full, and has room again", onlySQLite, fullDisk},
	{"F05", "limit", "a file may not grow (ulimit -f), and may again", onlySQLite, fileLimit},
	{"F06", "eio", "syncing fails with EIO", onlySQLite, syncFails},
	{"F07", "stopped", "the database crashes, and starts again", onlyPostgres, databaseStopped},
	{"F07", "frozen", "the database freezes, and goes on", onlyPostgres, databaseFrozen},
	{"F07", "locked", "somebody else holds the database locked", engines, databaseLocked},
	{"F08", "cut", "every connection is cut at a random byte", engines, lineCut},
	{"F09", "silent", "connections fall silent at a random byte", engines, lineHangs},
	{"F10", "slow", "a few bytes pass at a time", onlySQLite, lineSlow},
	{"F10", "backlog", "a backlog of thirty days, taken in one go", engines, backlog},
	{"F11", "move", "the connection is reset in MOVE", engines, resetInMove},
	{"F11", "store", "the connection is reset in COPY, STORE or EXPUNGE", engines, resetInStore},
	{"F18", "answer", "the answer to a mail, or its last dot, is lost", engines, answerLost},
	{"F19", "refused", "nothing answers; 5xx and 4xx to single mails", engines, sendingTrouble},
	{"F19", "putoff", "421, 432, 451 and 452 again and again", engines, putOff},
	{"F21", "frozen", "of two nodes the holder freezes, and goes on", onlyPostgres, holderFrozen},
	{"F21", "killed", "one of two nodes is killed", onlyPostgres, eitherKilled},
	{"F21", "copied", "a node is copied with its id", onlyPostgres, nodeCopied},
	{"F21", "second", "a second one on an embedded database", onlySQLite, secondRefused},
	{"F22", "clock", "SIGKILL, and the clock is a day off", engines, clockOff},
	{"F23", "migration", "SIGKILL while the schema is made", engines, killInMigration},
	{"F24", "newer", "a newer schema; upgrades from every release (none yet)", engines, newerSchema},
	{"F26", "files", "no file descriptors (ulimit -n 64)", engines, noFiles},
	{"F26", "names", "no name is found", onlySQLite, noNames},
}

// TestFault does to a helpdesk what must not hurt it, and has the checker
// judge. Its results are written to the file that HELPDESKD_FAULTS names.
func TestFault(t *testing.T) {
	for _, f := range faults {
		t.Run(f.id+"-"+f.name, func(t *testing.T) {
			t.Parallel() // each has its own of everything, and mostly waits
			for _, engine := range f.engines {
				t.Run(string(engine), func(t *testing.T) {
					t.Parallel()
					tr := &trial{t: t, engine: engine, result: checker.Result{Fault: f.id, What: f.what, Engine: string(engine), Test: t.Name()}}
					tr.rand = rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 7))
					t.Cleanup(tr.note)
					f.run(tr)
				})
			}
		})
	}
}

// trial is one fault on one engine.
type trial struct {
	*house
	t      *testing.T
	engine migrations.Engine
	rand   *rand.Rand
	result checker.Result
	lots   int       // of mail that were fed
	began  time.Time // of the recovery that is being measured
}

// note writes the result down.
func (tr *trial) note() {
	tr.result.Failed = tr.t.Failed() && tr.result.Clean()
	if tr.t.Skipped() {
		return
	}
	tr.t.Logf("struck %d times", tr.result.Tried)
	if tr.result.Tried == 0 {
		tr.t.Error("the fault never struck")
	}
	if path := os.Getenv("HELPDESKD_FAULTS"); path != "" {
		if err := tr.result.Append(path); err != nil {
			tr.t.Error(err)
		}
	}
}

// many is how often to do something: in the short form, and in the long one.
func many(short, long int) int {
	if longForm() {
		return long
	}
	return short
}

// longForm reports whether `faults.sh --long` runs.
func longForm() bool { return os.Getenv("HELPDESKD_FAULTS_LONG") != "" }

// open makes the house: on the usual database of the engine where dsn is "".
func (tr *trial) open(dsn string, o imaptest.Options) {
	helpdeskd(tr.t) // built before anything is measured
	tr.house = newHouseOn(tr.t, cmp.Or(dsn, freshDSN(tr.t, tr.engine)), o)
}

// usual is a house whose waits for silent servers are short.
func (tr *trial) usual() {
	tr.open("", imaptest.Options{})
	tr.env = []string{"FAULT_HASTE=3s"}
}

// struck counts.
func (tr *trial) struck(n int) { tr.result.Tried += n }

// over begins to measure a recovery: the fault has ended now.
func (tr *trial) over() { tr.began = time.Now() }

// recovered ends the measuring.
func (tr *trial) recovered() {
	tr.result.Recovered = append(tr.result.Recovered, time.Since(tr.began).Seconds())
}

// taken waits until all mail put in so far is kept.
func (tr *trial) taken(timeout time.Duration) {
	tr.t.Helper()
	n := len(tr.record.Entries)
	if _, err := checker.Wait(tr.t.Context(), tr.dsn, timeout, func(s checker.State) bool { return s.Kept >= n }); err != nil {
		tr.t.Fatal(err)
	}
}

// judge has the checker look, and counts what it finds.
func (tr *trial) judge(opt checker.Options) {
	tr.t.Helper()
	found := tr.check(opt)
	tr.result.Count(found)
}

// requests are mails of a mixed company, made with the trial's own seed. Names
// keep the threads of several lots apart.
func (tr *trial) requests(name string, n int) []checker.Entry {
	return generated(name, mailgen.New(tr.rand.Uint64(), helpAddress, max(400, n), mailgen.Usual, time.Now().Add(-time.Hour)).Many(n))
}

// feed puts mail in, a few at a time, until ok.
func (tr *trial) feed(what string, ok func() bool) {
	tr.t.Helper()
	var mails []checker.Entry
	until(tr.t, time.Minute, what, func() bool {
		if len(mails) < 2 {
			tr.lots++
			mails = tr.requests(fmt.Sprint("lot ", tr.lots), 100)
		}
		tr.put(mails[:2]...)
		mails = mails[2:]
		for range 4 {
			if ok() {
				return true
			}
			time.Sleep(10 * time.Millisecond)
		}
		return false
	})
}

// sleep lets the helpdesk work for a random while, so that the fault strikes
// at any moment of its work.
func (tr *trial) sleep(most time.Duration) { time.Sleep(rand.N(most)) }
