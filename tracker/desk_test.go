package tracker

import (
	"sync"
	"testing"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// testClock is a clock that a test moves.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// desk is a Store on a fresh database with one account of each role.
type desk struct {
	*Store
	clock                *testClock
	admin, tech, manager Account
	mailbox              Mailbox
}

const testPassword = "seven green umbrellas"

// eachDesk runs fn on both engines.
func eachDesk(t *testing.T, fn func(t *testing.T, d *desk)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		d := &desk{clock: &testClock{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}}
		d.Store = New(db, Options{Clock: d.clock.Now})
		// Hashing is slow on purpose: one hash serves all three.
		hash, err := d.hasher.hash(t.Context(), testPassword)
		if err != nil {
			t.Fatal(err)
		}
		make := func(email, name string, role AccountRole) (a Account) {
			err := db.Tx(t.Context(), func(tx *migrations.Tx) (err error) {
				a, err = d.createAccountTx(t.Context(), tx, Actor{}, NewAccount{Email: email, Name: name, Role: role, Notify: NotifyAll}, hash)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		d.admin = make("ines@desk.example", "Ines Admin", Admin)
		d.tech = make("tomas@desk.example", "Tomas Tech", Technician)
		d.manager = make("mara@desk.example", "Mara Manager", Manager)
		d.mailbox = must(d.OpenMailbox(t.Context(), "help", "help@desk.example", Begin{Everything: true}))(t)
		fn(t, d)
	})
}

// open makes a ticket of a client, known by the address before the @.
func (d *desk) open(t *testing.T, subject, who string) Ticket {
	t.Helper()
	var number int64
	err := d.db.Tx(t.Context(), func(tx *migrations.Tx) error {
		a := Address{Name: cases.Title(language.Und).String(who), Address: who + "@office.example"}
		c, err := d.clientTx(t.Context(), tx, a)
		if err != nil {
			return err
		}
		id, n, err := d.openTx(t.Context(), tx, opening{Actor: clientActor(c), MailboxID: d.mailbox.ID, Client: c, Address: a.Address, Subject: subject, OpenedAt: d.stamp()})
		number = n
		if err != nil {
			return err
		}
		_, err = tx.Insert(t.Context(), `INSERT INTO message (ticket_id, direction, state, client_id, from_name, from_address, subject, body, at) VALUES (?, 'in', 'shown', ?, ?, ?, ?, ?, ?) RETURNING id`,
			id, c.ID, a.Name, a.Address, subject, "Please help: "+subject, d.stamp())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return must(d.TicketByNumber(t.Context(), number))(t)
}

// must returns what a method returned, or ends the test.
func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// wantKind ends the test unless err has the kind.
func wantKind(t *testing.T, err error, kind migrations.Kind) {
	t.Helper()
	if err == nil || migrations.KindOf(err) != kind {
		t.Fatalf("got error %v (%s), want kind %s", err, migrations.KindOf(err), kind)
	}
}
