package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/migrations/archive"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
	"helpdeskd/tracker/carry"
	"helpdeskd/tracker/seal"
)

// desk is a small desk on a database: three tickets, one of them with a large
// file, a mail that waits to be sent, and a thing.
type smallDesk struct {
	dir, dsn string
	env      []string
}

func newSmallDesk(t *testing.T, e migrations.Engine) smallDesk {
	t.Helper()
	d := emptyDesk(t, e)
	db, err := migrations.Open(t.Context(), d.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Hasten(t.Context()); err != nil {
		t.Fatal(err)
	}
	st := tracker.New(db, tracker.Options{CheapHashes: true})
	things := inventory.New(st)
	a, err := st.CreateAccount(t.Context(), tracker.Actor{}, tracker.NewAccount{Email: "ines@desk.example", Name: "Ines", Role: tracker.Admin, Notify: tracker.NotifyAll, Password: "seven green umbrellas"})
	if err != nil {
		t.Fatal(err)
	}
	box, err := st.OpenMailbox(t.Context(), "help", "help@desk.example", tracker.Begin{Everything: true})
	if err != nil {
		t.Fatal(err)
	}
	var raws []tracker.RawMail
	for _, subject := range []string{"The printer is on fire", "Größe 😀", strings.Repeat("long ", 50)} {
		raws = append(raws, tracker.RawMail{ReceivedAt: time.Now(), Data: []byte("From: ida@corp.example\r\nSubject: " + subject + "\r\nMessage-ID: <" + letterOf(len(raws)) + "@corp.example>\r\n\r\nHelp " + subject)})
	}
	if _, err := st.Keep(t.Context(), nil, box.ID, raws); err != nil {
		t.Fatal(err)
	}
	work, err := st.Claim(t.Context(), nil, box.ID, 10)
	if err != nil {
		t.Fatal(err)
	}
	var items []tracker.Item
	for i, w := range work {
		items = append(items, tracker.Item{Work: w, Mail: tracker.Inbound{Digest: w.Digest, From: []tracker.Address{{Name: "Ida", Address: "ida@corp.example"}}, Subject: "Subject " + letterOf(i), MessageID: letterOf(i) + "@corp.example", Class: tracker.ClassHuman, Text: "Help", Reply: "Help"}})
	}
	if out, err := st.Receive(t.Context(), nil, items); err != nil || len(out) != 3 {
		t.Fatalf("received %d mails: %v", len(out), err)
	}
	if _, _, err := st.PutBlob(t.Context(), bytes.NewReader(bytes.Repeat([]byte("0123456789abcdef"), 40_000))); err != nil {
		t.Fatal(err)
	}
	shelf, err := things.EnsureLocation(t.Context(), a.Actor(), "Main > Store", inventory.Warehouse)
	if err != nil {
		t.Fatal(err)
	}
	thing, err := things.Register(t.Context(), a.Actor(), inventory.AssetEdit{Model: &inventory.ModelEdit{Category: "computer", Name: "Nordfell Book 14"}}, inventory.Place{Status: inventory.Stowed, LocationID: shelf.ID})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := things.Move(t.Context(), a.Actor(), thing.ID, inventory.Place{Status: inventory.Deployed, HolderID: 1}, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := st.IndexPending(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return d
}

func letterOf(n int) string { return string(rune('a' + n)) }

func emptyDesk(t *testing.T, e migrations.Engine) smallDesk {
	t.Helper()
	d := smallDesk{dir: t.TempDir()}
	d.dsn = "sqlite:" + filepath.Join(d.dir, "helpdeskd.db")
	if e == migrations.Postgres {
		d.dsn = dbtest.DSN(t, e)
	}
	d.env = []string{"HELPDESKD_DATA_DIR=" + d.dir, "HELPDESKD_DATABASE=" + d.dsn}
	return d
}

// run runs a command on the desk, and wants its exit status and words.
func (d smallDesk) run(t *testing.T, code int, stdin, want string, args ...string) result {
	t.Helper()
	r := program(t, stdin, d.env, append(args, flagsOf(args[0])...)...)
	if r.code != code || !strings.Contains(r.out+r.err, want) {
		t.Fatalf("%s: exit %d instead of %d, or without %q:\n%s%s", strings.Join(args, " "), r.code, code, want, r.out, r.err)
	}
	return r
}

func flagsOf(command string) []string {
	if command == "restore" || command == "move" {
		return []string{"--lease-wait=50ms"}
	}
	return nil
}

// holds returns what the desk's database holds, as it would be carried.
func (d smallDesk) holds(t *testing.T) archive.Manifest {
	t.Helper()
	db, err := migrations.Connect(t.Context(), d.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	snap, err := db.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	m, err := (&carry.Source{DB: db, Snap: snap, At: time.Now()}).Pour(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (d smallDesk) ask(t *testing.T, query string) (n int64) {
	t.Helper()
	db, err := migrations.Connect(t.Context(), d.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Get(t.Context(), &n, query); err != nil {
		t.Fatal(err)
	}
	return n
}

func (d smallDesk) exec(t *testing.T, query string) {
	t.Helper()
	db, err := migrations.Connect(t.Context(), d.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Tx(t.Context(), func(tx *migrations.Tx) error {
		_, err := tx.Exec(t.Context(), query)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// changedByRestore are the tables that a restore must change.
var changedByRestore = []string{"counter", "event", "lease", "mailbox", "outbox", "search_queue", "setting"}

func sameButFor(t *testing.T, a, b archive.Manifest, but []string) {
	t.Helper()
	for _, name := range archive.Differ(a, b) {
		if !slices.Contains(but, name) {
			t.Errorf("%s is not what it was", name)
		}
	}
}

func both(t *testing.T, fn func(t *testing.T, from, to migrations.Engine)) {
	for _, from := range []migrations.Engine{migrations.SQLite, migrations.Postgres} {
		for _, to := range []migrations.Engine{migrations.SQLite, migrations.Postgres} {
			t.Run(string(from)+" to "+string(to), func(t *testing.T) {
				t.Parallel()
				fn(t, from, to)
			})
		}
	}
}

func TestBackupAndRestore(t *testing.T) {
	both(t, func(t *testing.T, from, to migrations.Engine) {
		d, there := newSmallDesk(t, from), emptyDesk(t, to)
		file := filepath.Join(t.TempDir(), "desk.backup")
		d.run(t, 0, "", "is NOT in it", "backup", file)
		was := d.holds(t)
		d.run(t, 1, "", "is there already", "backup", file)
		d.run(t, 0, "", "sha256", "backup", "--force", file)
		if n := d.ask(t, `SELECT COUNT(*) FROM backup WHERE size > 1000 AND NOT encrypted`); n != 2 {
			t.Errorf("the database knows of %d backups", n)
		}
		if s, err := os.Stat(file); err != nil || s.Mode().Perm() != 0o600 {
			t.Errorf("the file: %v %v", s, err)
		}
		queued := d.ask(t, `SELECT COUNT(*) FROM outbox WHERE state = 'queued'`)
		if queued != 6 { // an acknowledgement and a notice a ticket
			t.Fatalf("%d mails wait", queued)
		}

		there.run(t, 0, "", "the next ticket is HD-11", "restore", file)
		sameButFor(t, was, there.holds(t), append(changedByRestore, "backup"))
		if n := there.ask(t, `SELECT COUNT(*) FROM outbox WHERE state = 'held'`); n != queued {
			t.Errorf("%d mails are held, of %d", n, queued)
		}
		if n := there.ask(t, `SELECT COUNT(*) FROM mailbox WHERE reconcile_at IS NOT NULL AND no_acks_before > 0`); n != 1 {
			t.Errorf("%d mailboxes want to be looked through", n)
		}
		if n := there.ask(t, `SELECT COUNT(*) FROM search_queue`); n != 0 {
			t.Errorf("%d things are not indexed", n)
		}
		there.run(t, 1, "", "is not empty", "restore", file)
		there.run(t, 1, "no\n", "nothing was changed", "restore", "--force", file)
		there.exec(t, `UPDATE ticket SET subject = 'later'`)
		there.run(t, 0, "replace\n", "restored", "restore", "--force", file)
		if n := there.ask(t, `SELECT COUNT(*) FROM ticket WHERE subject = 'later'`); n != 0 {
			t.Error("the former tickets are still there")
		}
		aside, err := filepath.Glob(filepath.Join(there.dir, "*.before-*"))
		if err != nil || len(aside) != 1 && to == migrations.SQLite {
			t.Errorf("kept aside: %v, %v", aside, err)
		}
	})
}

// A number that was given out after the backup is never given again, and what
// came before the restore is not acknowledged twice.
func TestAfterARestoreNothingIsGivenTwice(t *testing.T) {
	d := newSmallDesk(t, migrations.SQLite)
	file := filepath.Join(t.TempDir(), "desk.backup")
	d.run(t, 0, "", "", "backup", file)
	d.run(t, 0, "replace\n", "", "restore", "--force", file)
	db, err := migrations.Open(t.Context(), d.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	st := tracker.New(db, tracker.Options{})
	receive := func(id string, at time.Time) tracker.Outcome {
		t.Helper()
		if _, err := st.Keep(t.Context(), nil, 1, []tracker.RawMail{{ReceivedAt: at, Data: []byte("Subject: " + id + "\r\n\r\n" + id)}}); err != nil {
			t.Fatal(err)
		}
		work, err := st.Claim(t.Context(), nil, 1, 1)
		if err != nil || len(work) != 1 {
			t.Fatalf("claimed %d: %v", len(work), err)
		}
		out, err := st.Receive(t.Context(), nil, []tracker.Item{{Work: work[0], Mail: tracker.Inbound{Digest: work[0].Digest, From: []tracker.Address{{Address: id + "@corp.example"}}, Subject: id, MessageID: id + "@corp.example", Class: tracker.ClassHuman, Text: id, Reply: id}}})
		if err != nil || len(out) != 1 {
			t.Fatalf("received: %v", err)
		}
		return out[0]
	}
	before := receive("before", time.Now().Add(-time.Minute))
	if before.Acks != 0 || before.Ticket != "HD-1101" {
		t.Errorf("mail from before the restore: %+v", before)
	}
	if after := receive("after", time.Now().Add(time.Second)); after.Acks != 1 || after.Ticket != "HD-1102" {
		t.Errorf("mail from after the restore: %+v", after)
	}
	if r, err := st.LastRestore(t.Context()); err != nil || r == nil || r.Waiting != 6 || r.Held != 6 {
		t.Errorf("the last restore: %+v, %v", r, err)
	}
	released, cancelled, err := st.SettleRestored(t.Context(), tracker.Actor{}, true)
	if err != nil || released != 3 || cancelled != 3 {
		t.Errorf("released %d, cancelled %d: %v", released, cancelled, err)
	}
	if r, err := st.LastRestore(t.Context()); err != nil || r != nil {
		t.Errorf("nothing is left to decide, and yet: %+v, %v", r, err)
	}
}

func TestEncryptedBackup(t *testing.T) {
	d := newSmallDesk(t, migrations.SQLite)
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) string {
		if err := os.WriteFile(path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path(name)
	}
	one, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	two, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	write("one", one.String()+"\n")
	write("other", sure(age.GenerateX25519Identity()).String())
	write("word", "correct horse battery\n")
	write("wrong", "another horse\n")
	key := path("key")
	if _, err := seal.Make(key); err != nil {
		t.Fatal(err)
	}
	secret, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	d.env = append(d.env, "HELPDESKD_KEY_FILE="+key)
	d.run(t, 1, "", "--with-key needs", "backup", "--with-key", path("x"))
	d.run(t, 1, "", "is no age key", "backup", "--recipient=age1nonsense", path("x"))
	d.run(t, 1, "", "no terminal", "backup", "--passphrase", path("x"))
	d.run(t, 0, "", "sha256", "backup", "--with-key", "--recipient="+one.Recipient().String(), "--recipients-file="+write("two", "# Bo\n"+two.Recipient().String()+"\n"), path("keys"))
	d.run(t, 0, "", "sha256", "backup", "--passphrase-file="+path("word"), path("passphrase"))
	for _, name := range []string{"keys", "passphrase"} {
		b, err := os.ReadFile(path(name))
		if err != nil || bytes.Contains(b, []byte("manifest")) || !bytes.HasPrefix(b, []byte("age-encryption.org/v1")) {
			t.Errorf("%s is not encrypted: %v", name, err)
		}
	}
	there := emptyDesk(t, migrations.SQLite)
	there.run(t, 1, "", "give --identity", "restore", path("keys"))
	there.run(t, 1, "", "another one", "restore", "--identity="+path("other"), path("keys"))
	there.run(t, 1, "", "another one", "restore", "--passphrase-file="+path("wrong"), path("passphrase"))
	there.run(t, 0, "", "the key file came with the backup", "restore", "--identity="+path("one"), path("keys"))
	if b, err := os.ReadFile(filepath.Join(there.dir, "key")); err != nil || !bytes.Equal(b, secret) {
		t.Errorf("the key file: %q, %v", b, err)
	}
	emptyDesk(t, migrations.SQLite).run(t, 0, "", "restored", "restore", "--passphrase-file="+path("word"), path("passphrase"))
}

func sure[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A damaged backup leaves the database as it was, on both engines.
func TestADamagedBackupChangesNothing(t *testing.T) {
	for _, e := range []migrations.Engine{migrations.SQLite, migrations.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			d := newSmallDesk(t, e)
			file := filepath.Join(t.TempDir(), "desk.backup")
			d.run(t, 0, "", "", "backup", file)
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			was := d.holds(t)
			for _, damaged := range [][]byte{b[:len(b)/2], b[:len(b)-2500], flipped(b, len(b)-3000), []byte("nothing"), nil} {
				if err := os.WriteFile(file, damaged, 0o600); err != nil {
					t.Fatal(err)
				}
				d.run(t, 1, "replace\n", "backup", "restore", "--force", file)
				sameButFor(t, was, d.holds(t), nil)
			}
			d.run(t, 0, "", "ines@desk.example", "user", "list")
			left, _ := filepath.Glob(filepath.Join(d.dir, "*arriving*"))
			if len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func flipped(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

// Who interrupts a backup finds nothing half-named.
func TestAnInterruptedBackupLeavesNothing(t *testing.T) {
	d := newSmallDesk(t, migrations.SQLite)
	file := filepath.Join(t.TempDir(), "desk.backup")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var out, errs bytes.Buffer
	code := execute(ctx, []string{"backup", file}, console{in: strings.NewReader(""), out: &out, err: &errs, environ: d.env})
	left, _ := filepath.Glob(filepath.Dir(file) + "/*")
	if code == 0 || len(left) > 0 {
		t.Errorf("exit %d, left %v: %s", code, left, errs.String())
	}
}

func TestMove(t *testing.T) {
	both(t, func(t *testing.T, from, to migrations.Engine) {
		d, there := newSmallDesk(t, from), emptyDesk(t, to)
		was := d.holds(t)
		d.run(t, 2, "", "--to", "move")
		d.run(t, 1, "", "very database", "move", "--to="+d.dsn)
		d.run(t, 0, "", "database = ", "move", "--to="+there.dsn)
		sameButFor(t, was, there.holds(t), []string{"lease", "search_queue"})
		if n := there.ask(t, `SELECT COUNT(*) FROM search_queue`); n != 0 {
			t.Errorf("%d things are not indexed", n)
		}
		d.run(t, 1, "", "was moved to", "user", "list")
		d.run(t, 1, "", "was moved to", "backup", filepath.Join(t.TempDir(), "x"))
		there.run(t, 0, "", "ines@desk.example", "user", "list")
		d.run(t, 0, "", "moved", "move", "--to="+there.dsn) // once more: nothing is left to do
		d.run(t, 0, "", "is open again", "move", "--undo")
		d.run(t, 0, "", "ines@desk.example", "user", "list")
		d.run(t, 1, "", "is not empty", "move", "--to="+there.dsn)
		there.run(t, 0, "", "moved", "move", "--to="+emptyDesk(t, from).dsn)
	})
}

// A helpdeskd that is at work keeps restore and move away.
func TestWhoIsAtWorkIsLeftAlone(t *testing.T) {
	d := newSmallDesk(t, migrations.Postgres)
	file := filepath.Join(t.TempDir(), "desk.backup")
	d.run(t, 0, "", "", "backup", file)
	db, err := migrations.Open(t.Context(), d.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	st := tracker.New(db, tracker.Options{Node: "elsewhere", LeaseTTL: 60 * time.Millisecond})
	l, err := st.Acquire(t.Context(), "clock")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"restore", "--force", file}, {"move", "--to=" + emptyDesk(t, migrations.SQLite).dsn}} {
		r := program(t, "replace\n", d.env, append(args, "--lease-wait=60s")...)
		if r.code != 1 || !strings.Contains(r.err, "node elsewhere) is at work") {
			t.Errorf("%s: exit %d: %s%s", args[0], r.code, r.out, r.err)
		}
	}
	if err := l.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	place, err := openPlace(d.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer place.Close()
	d.run(t, 1, "", "another helpdeskd is running", "move", "--to="+emptyDesk(t, migrations.SQLite).dsn)
	d.run(t, 0, "", "sha256", "backup", "--force", file)
}
