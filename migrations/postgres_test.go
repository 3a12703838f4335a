package migrations_test

import (
	"context"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// A server that froze, or vanished without a word, frees whoever waits for it,
// and once it answers again the same pool works.
func TestAFrozenServerFreesItsCallers(t *testing.T) {
	dsn, frozen := throughIce(t, dbtest.DSN(t, migrations.Postgres))
	db, err := migrations.Open(t.Context(), dsn+"&statement_timeout=200&connect_timeout=1")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var one int
	if err := db.Get(t.Context(), &one, `SELECT 1`); err != nil {
		t.Fatal(err)
	}
	for what, ask := range map[string]func(context.Context) error{
		"a query":       func(ctx context.Context) error { return db.Get(ctx, &one, `SELECT 1`) },
		"a transaction": func(ctx context.Context) error { return db.Tx(ctx, func(*migrations.Tx) error { return nil }) },
	} {
		frozen.set(true)
		back := make(chan error, 1)
		go func() { back <- ask(context.Background()) }() // whose context says nothing about time
		select {
		case err := <-back:
			if err == nil {
				t.Errorf("%s was answered by a frozen server", what)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s is still waited for", what)
		}
		frozen.set(false)
		if err := ask(t.Context()); err != nil {
			t.Errorf("%s after the thaw: %v", what, err)
		}
	}
}

// A node that froze in the middle of a transaction holds nobody up for ever.
func TestAFrozenTransactionIsEnded(t *testing.T) {
	dsn := dbtest.DSN(t, migrations.Postgres)
	one, err := migrations.Open(t.Context(), dsn+"&idle_in_transaction_session_timeout=200")
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	two, err := migrations.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	err = one.Tx(t.Context(), func(tx *migrations.Tx) error {
		if _, err := tx.Exec(t.Context(), `INSERT INTO setting (name, value, updated_at) VALUES ('look.company', 'late', 1)`); err != nil {
			return err
		}
		// Frozen here, as far as the other can see, which wants the same row.
		return two.Tx(t.Context(), func(tx *migrations.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO setting (name, value, updated_at) VALUES ('look.company', 'on time', 1)`)
			return err
		})
	})
	if err == nil {
		t.Error("the frozen transaction was committed")
	}
	var value string
	if err := two.Get(t.Context(), &value, `SELECT value FROM setting WHERE name = 'look.company'`); err != nil || value != "on time" {
		t.Errorf("%q, %v", value, err)
	}
}

// What a connection asks of its server, unless the address asks for other.
func TestSettingsOfAConnection(t *testing.T) {
	dsn := dbtest.DSN(t, migrations.Postgres)
	for add, wanted := range map[string]map[string]string{
		"": {"statement_timeout": "1min", "idle_in_transaction_session_timeout": "15s", "jit": "off"},
		"&statement_timeout=2min&idle_in_transaction_session_timeout=0&jit=on": {"statement_timeout": "2min", "idle_in_transaction_session_timeout": "0", "jit": "on"},
	} {
		db, err := migrations.Open(t.Context(), dsn+add)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for name, want := range wanted {
			var is string
			if err := db.Get(t.Context(), &is, `SELECT current_setting($1)`, name); err != nil || is != want {
				t.Errorf("%q: %s is %q, wanted %q (%v)", add, name, is, want, err)
			}
		}
	}
}

func TestABadAddressKeepsItsPassword(t *testing.T) {
	_, err := migrations.Open(t.Context(), "postgres://helpdeskd:hunter2@db:not a port/x")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("got %v", err)
	}
}

// ice is a way to a server that can be frozen: what is sent then arrives
// nowhere, and no connection ends.
type ice struct {
	mu     sync.Mutex
	thawed *sync.Cond
	frozen bool
}

func (i *ice) set(frozen bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.frozen = frozen
	i.thawed.Broadcast()
}

func (i *ice) wait() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for i.frozen {
		i.thawed.Wait()
	}
}

// throughIce returns dsn by way of a proxy.
func throughIce(t *testing.T, dsn string) (string, *ice) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	to := u.Host
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	i := &ice{}
	i.thawed = sync.NewCond(&i.mu)
	t.Cleanup(func() { l.Close(); i.set(false) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", to)
			if err != nil {
				c.Close()
				continue
			}
			for _, way := range [][2]net.Conn{{c, s}, {s, c}} {
				go func() {
					defer way[1].Close()
					b := make([]byte, 32<<10)
					for {
						n, err := way[0].Read(b)
						i.wait()
						if _, werr := way[1].Write(b[:n]); err != nil || werr != nil {
							return
						}
					}
				}()
			}
		}
	}()
	u.Host = l.Addr().String()
	return u.String(), i
}
