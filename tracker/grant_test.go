package tracker

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker/oauth"
	"helpdeskd/tracker/seal"
)

func sealedStore(t *testing.T, db *migrations.DB) *Store {
	t.Helper()
	key, err := seal.Make(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	return New(db, Options{Key: key})
}

func TestGrantIsSealedAndRotatesOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		ctx := t.Context()
		s := sealedStore(t, db)
		box, err := s.OpenMailbox(ctx, "desk", "desk@acme.example", Begin{})
		if err != nil {
			t.Fatal(err)
		}
		k := s.Grants("desk")
		if _, err := k.Grant(ctx); migrations.KindOf(err) != migrations.NotFound {
			t.Fatal(err)
		}
		signed := time.Now().Add(-time.Hour).Truncate(time.Microsecond).UTC()
		as := ActingAs(ctx, Actor{AccountID: 7})
		if err := k.Replace(as, oauth.Grant{Refresh: "refresh-one", ClientID: "app", Subject: "desk@acme.example", At: signed}); err != nil {
			t.Fatal(err)
		}
		g, err := k.Grant(ctx)
		if err != nil || g.Refresh != "refresh-one" || g.ClientID != "app" || g.Subject != "desk@acme.example" || !g.At.Equal(signed) {
			t.Fatalf("%v %+v", err, g)
		}
		// Many rotate the same one: one wins, and its token stays.
		won := make([]bool, 6)
		var all sync.WaitGroup
		for i := range won {
			all.Go(func() {
				next := g
				next.Refresh = fmt.Sprintf("refresh-two-%d", i)
				err := k.Rotate(ctx, g.N, next)
				won[i] = err == nil
				if err != nil && migrations.KindOf(err) != migrations.Conflict {
					t.Error(err)
				}
			})
		}
		all.Wait()
		now, err := k.Grant(ctx)
		if err != nil || now.N != g.N+1 || !now.At.Equal(signed) {
			t.Fatalf("%v %+v", err, now)
		}
		n := 0
		for i := range won {
			if won[i] {
				n++
				if now.Refresh != fmt.Sprintf("refresh-two-%d", i) {
					t.Fatalf("another one's token is there than the winner's (%d)", i)
				}
			}
		}
		if n != 1 {
			t.Fatalf("%d rotations of one token", n)
		}
		// Nothing readable is in the database, and the former is gone.
		var rows []string
		if err := db.Select(ctx, &rows, `SELECT refresh FROM mailbox_grant`); err != nil || len(rows) != 1 || strings.Contains(rows[0], "refresh") {
			t.Fatalf("%v %q", err, rows)
		}
		// Sealed for this mailbox: it opens in no other row.
		other := s.Grants("other")
		if err := db.Tx(ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO mailbox_grant (mailbox, n, client_id, subject, refresh, signed_at, created_at, used_at) VALUES ('other', 1, 'app', '', ?, 1, 1, 1)`, rows[0])
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := other.Grant(ctx); migrations.KindOf(err) != migrations.Invalid {
			t.Fatalf("a sealed token was taken from another mailbox: %v", err)
		}
		// Signed out and in again, an old rotation comes too late.
		if err := s.ForgetGrant(ctx, Actor{}, "desk"); err != nil {
			t.Fatal(err)
		}
		if err := k.Rotate(ctx, now.N, now); migrations.KindOf(err) != migrations.Conflict {
			t.Fatalf("a forgotten sign-in came back: %v", err)
		}
		if err := s.ForgetGrant(ctx, Actor{}, "desk"); migrations.KindOf(err) != migrations.NotFound {
			t.Fatal(err)
		}
		if err := k.Replace(ctx, oauth.Grant{Refresh: "refresh-three", ClientID: "app", At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		for _, was := range []int64{g.N, now.N} {
			if err := k.Rotate(ctx, was, now); migrations.KindOf(err) != migrations.Conflict {
				t.Fatalf("an old sign-in rotated over the new one: %v", err)
			}
		}
		if g, err := k.Grant(ctx); err != nil || g.Refresh != "refresh-three" {
			t.Fatalf("%v %v", g, err)
		}
		var events []string
		if err := db.Select(ctx, &events, `SELECT actor || ' ' || kind || was || became FROM event WHERE subject = 'mailbox' AND subject_id = ? ORDER BY id`, box.ID); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(events, ", "); !strings.HasSuffix(got, "account:7 signed_in, system signed_out, system signed_in") {
			t.Errorf("%s", got)
		}
		// Without the key file nothing is read and nothing stored.
		bare := New(db, Options{}).Grants("desk")
		if _, err := bare.Grant(ctx); migrations.KindOf(err) != migrations.Invalid {
			t.Fatal(err)
		}
		if err := bare.Replace(ctx, oauth.Grant{Refresh: "x"}); migrations.KindOf(err) != migrations.Invalid {
			t.Fatal(err)
		}
	})
}

// TestNewSignInWinsOverRotation has a person sign in while others rotate.
func TestNewSignInWinsOverRotation(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		ctx := t.Context()
		k := sealedStore(t, db).Grants("desk")
		if err := k.Replace(ctx, oauth.Grant{Refresh: "old", ClientID: "app"}); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				for range 5 {
					if g, err := k.Grant(ctx); err == nil && g.Refresh != "new" {
						_ = k.Rotate(ctx, g.N, g) // a conflict is what is looked for
					}
				}
			})
		}
		all.Go(func() {
			if err := k.Replace(ctx, oauth.Grant{Refresh: "new", ClientID: "app"}); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		if g, err := k.Grant(ctx); err != nil || g.Refresh != "new" {
			t.Fatalf("%v, %v", g.Refresh, err)
		}
	})
}
