package migrations_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// onPostgres opens a database of its own, with more in its address.
func onPostgres(t *testing.T, more string) *migrations.DB {
	t.Helper()
	db, err := migrations.Open(t.Context(), dbtest.DSN(t, migrations.Postgres)+more)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// inTx runs fn in a transaction, which has one connection to itself.
func inTx(t *testing.T, db *migrations.DB, fn func(tx *migrations.Tx)) {
	t.Helper()
	if err := db.Tx(t.Context(), func(tx *migrations.Tx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

func number(t *testing.T, q migrations.Queryer, query string, args ...any) (n int) {
	t.Helper()
	if err := q.Get(t.Context(), &n, query, args...); err != nil {
		t.Fatal(err)
	}
	return n
}

const kept = `SELECT count(*) FROM pg_prepared_statements`

// A statement is kept from its second time on, the newest two hundred at most,
// and what an older one says is still right.
func TestStatementsAreKept(t *testing.T) {
	inTx(t, onPostgres(t, ""), func(tx *migrations.Tx) {
		for range 3 {
			number(t, tx, migrations.Anew+`SELECT CAST(? AS BIGINT) + 2`, 1)
		}
		for i := range 3 {
			if n := number(t, tx, `SELECT CAST(? AS BIGINT) + 1`, i); n != i+1 {
				t.Errorf("%d and one are %d", i, n)
			}
			if n, want := number(t, tx, kept), min(i, 1); n != want {
				t.Errorf("%d are kept after it was asked %d times", n, i+1)
			}
		}
		for range 3 { // each round throws out what the one before has prepared
			for i := range 300 {
				for j := range 3 {
					if n := number(t, tx, fmt.Sprintf(`SELECT CAST(? AS BIGINT) * %d`, i), j); n != i*j {
						t.Fatalf("%d times %d is %d", i, j, n)
					}
					if _, err := tx.Exec(t.Context(), fmt.Sprintf(`UPDATE setting SET value = value WHERE name = ? AND %d = 1`, i), "none"); err != nil {
						t.Fatal(err)
					}
				}
			}
			if n := number(t, tx, kept); n != 200 {
				t.Errorf("%d are kept", n)
			}
		}
		for range 2 {
			if n := number(t, tx, `SELECT CAST(? AS BIGINT) + 1`, 41); n != 42 {
				t.Errorf("41 and one are %d", n)
			}
		}
		if n := number(t, tx, kept); n != 200 {
			t.Errorf("%d are kept", n)
		}
	})
}

// Behind a pooler nothing is kept: the setting does not come through.
func TestNothingIsKeptBehindAPooler(t *testing.T) {
	inTx(t, onPostgres(t, "&helpdeskd.direct=off"), func(tx *migrations.Tx) {
		for i := range 5 {
			if n := number(t, tx, `SELECT CAST(? AS BIGINT) + 1`, i); n != i+1 {
				t.Errorf("%d and one are %d", i, n)
			}
		}
		if n := number(t, tx, kept); n != 0 {
			t.Errorf("%d are kept", n)
		}
	})
}

// Once a table is changed, what was kept about it costs one error a connection.
func TestAChangedTableIsReadAnew(t *testing.T) {
	db := onPostgres(t, "")
	do := func(query string) {
		inTx(t, db, func(tx *migrations.Tx) {
			if _, err := tx.Exec(t.Context(), query); err != nil {
				t.Fatal(err)
			}
		})
	}
	do(`CREATE TABLE changed (a BIGINT)`)
	do(`INSERT INTO changed VALUES (1)`)
	for range 4 {
		number(t, db, `SELECT a FROM changed WHERE a = ?`, 1)
	}
	do(`ALTER TABLE changed ALTER COLUMN a TYPE INT`)
	failed := 0
	for range 40 {
		var n int
		if err := db.Get(t.Context(), &n, `SELECT a FROM changed WHERE a = ?`, 1); err != nil {
			failed++
		} else if n != 1 {
			t.Fatalf("read %d", n)
		}
	}
	if failed != 1 {
		t.Errorf("%d of 40 failed on one connection", failed)
	}
	// And where somebody had the server forget.
	do(`DEALLOCATE ALL`)
	failed = 0
	for range 40 {
		var n int
		if err := db.Get(t.Context(), &n, `SELECT a FROM changed WHERE a = ?`, 1); err != nil {
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("%d of 40 failed after the server forgot", failed)
	}
}

// Whoever gives up in the middle harms nobody who comes after: every other
// question is answered, and with its own answer.
func TestGivingUpHarmsNobody(t *testing.T) {
	db := onPostgres(t, "")
	for range 3 {
		number(t, db, `SELECT CAST(? AS BIGINT) FROM pg_sleep(0.001)`, 1)
	}
	var wg sync.WaitGroup
	var gaveUp atomic.Int64
	for range 8 {
		wg.Go(func() {
			for i := range 60 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%12)*200*time.Microsecond)
				var n int
				err := db.Get(ctx, &n, `SELECT CAST(? AS BIGINT) FROM pg_sleep(0.001)`, i)
				cancel()
				switch {
				case err == nil && n != i:
					t.Errorf("asked for %d, got %d", i, n)
				case err != nil:
					gaveUp.Add(1)
				}
				if err := db.Get(t.Context(), &n, `SELECT CAST(? AS BIGINT) + 1`, i); err != nil || n != i+1 {
					t.Errorf("%d and one are %d (%v)", i, n, err)
				}
			}
		})
	}
	wg.Wait()
	if gaveUp.Load() == 0 {
		t.Error("nobody gave up")
	}
}

// A server that ended the connection meanwhile is asked anew, also where the
// connection had to forget a statement first.
func TestAnEndedConnectionIsReplaced(t *testing.T) {
	dsn := dbtest.DSN(t, migrations.Postgres)
	db, err := migrations.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	other, err := migrations.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for i := range 210 {
		for range 2 {
			number(t, db, fmt.Sprintf(`SELECT CAST(? AS BIGINT) * %d`, i), 1)
		}
	}
	const last = `SELECT CAST(? AS BIGINT) - 1`
	number(t, db, last, 1)
	if n := number(t, other, `SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()) AS x`); n == 0 {
		t.Fatal("no connection was ended")
	}
	if n := number(t, db, last, 8); n != 7 {
		t.Errorf("8 less one is %d", n)
	}
}
