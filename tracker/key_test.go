package tracker

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker/seal"
)

func TestKeyBelongsToItsDatabase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		ctx, dir := t.Context(), t.TempDir()
		path, other := filepath.Join(dir, "key"), filepath.Join(dir, "other")
		refused := func(what, path, says string) {
			t.Helper()
			for _, open := range []func() (*seal.Key, error){
				func() (*seal.Key, error) { return OpenKey(ctx, db, path) },
				func() (*seal.Key, error) { return CheckKey(ctx, db, path) },
			} {
				if k, err := open(); k != nil || migrations.KindOf(err) != migrations.Invalid || !strings.Contains(err.Error(), says) {
					t.Fatalf("%s: %v, %v", what, k, err)
				}
			}
		}
		// Nothing is sealed: looking makes nothing, the first start makes the file.
		if k, err := CheckKey(ctx, db, path); k != nil || err != nil {
			t.Fatalf("%v, %v", k, err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Fatal("looking made a key")
		}
		key, err := OpenKey(ctx, db, path)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := CheckKey(ctx, db, path); err != nil || again.ID() != key.ID() {
			t.Fatalf("%v, %v", again, err)
		}
		if _, err := seal.Make(other); err != nil {
			t.Fatal(err)
		}
		refused("another key", other, "is not the one that the secrets in this database are sealed with (key "+key.ID())
		refused("another key, told to a second node", other, "Several nodes on one database share one key file")
		if err := os.Rename(path, path+".away"); err != nil {
			t.Fatal(err)
		}
		refused("no key", path, "is missing")
		if _, err := os.Stat(path); err == nil {
			t.Fatal("a lost key was replaced")
		}
		if err := os.Rename(path+".away", path); err != nil {
			t.Fatal(err)
		}
		// A store seals for one place only, and not at all without a key.
		s := New(db, Options{Key: key})
		sealed, err := s.Seal("grant:desk", []byte("hush"))
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := s.Open("grant:desk", sealed); err != nil || string(plain) != "hush" {
			t.Fatalf("%q, %v", plain, err)
		}
		if _, err := s.Open("grant:other", sealed); migrations.KindOf(err) != migrations.Invalid {
			t.Fatal(err)
		}
		bare := New(db, Options{})
		if _, err := bare.Seal("x", nil); migrations.KindOf(err) != migrations.Invalid {
			t.Fatal(err)
		}
		if _, err := bare.Open("grant:desk", sealed); migrations.KindOf(err) != migrations.Invalid {
			t.Fatal(err)
		}
	})
}

// TestTwoNewNodesAgreeOnAKey has nodes with a key each begin on one database
// at the same moment: one wins, the others are told.
func TestTwoNewNodesAgreeOnAKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		dir := t.TempDir()
		errs := make([]error, 4)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { _, errs[i] = OpenKey(t.Context(), db, filepath.Join(dir, string(rune('a'+i)))) })
		}
		all.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if migrations.KindOf(err) != migrations.Invalid {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Fatalf("%d nodes won: %v", won, errs)
		}
	})
}
