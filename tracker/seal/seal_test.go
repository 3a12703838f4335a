package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"helpdeskd/migrations"
)

func testKey(t interface{ Fatal(...any) }, fill byte) *Key {
	k, err := New(bytes.Repeat([]byte{fill}, size))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSealedOpensInItsContextOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, other := testKey(t, 1), testKey(t, 2)
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		context := rapid.String().Draw(t, "context")
		sealed := k.Seal(context, plain)
		if again := k.Seal(context, plain); again == sealed {
			t.Fatal("the same text twice: the nonce is not random")
		}
		if len(plain) > 3 && strings.Contains(sealed, string(plain)) {
			t.Fatal("it is readable")
		}
		got, err := k.Open(context, sealed)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%q, %v", got, err)
		}
		if _, err := k.Open(context+"x", sealed); err == nil {
			t.Fatal("it opened in another context")
		}
		if _, err := other.Open(context, sealed); err == nil {
			t.Fatal("another key opened it")
		}
		// Another key's name on it does not help either.
		forged := strings.Replace(sealed, k.ID(), other.ID(), 1)
		if _, err := other.Open(context, forged); err == nil {
			t.Fatal("another key opened it under its own name")
		}
		i := rapid.IntRange(0, len(sealed)-1).Draw(t, "at")
		b := []byte(sealed)
		b[i] ^= 1
		if got, err := k.Open(context, string(b)); err == nil {
			t.Fatalf("changed at %d it opened as %q", i, got)
		}
	})
}

func TestKeyNeverPrints(t *testing.T) {
	dir := t.TempDir()
	k, err := Make(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", k, "in", struct{ K *Key }{k})
	want := "key " + k.ID()
	for _, s := range []string{fmt.Sprint(k), fmt.Sprintf("%v %+v %#v %s %x", k, k, k, k, k)} {
		if strings.ReplaceAll(strings.ReplaceAll(s, want, ""), " ", "") != "" {
			t.Errorf("%q", s)
		}
	}
	if !strings.Contains(log.String(), want) {
		t.Errorf("%s", log.String())
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "below", "key")
	if _, err := Read(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%v", err)
	}
	k, err := Make(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := os.Stat(path)
	if err != nil || s.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", s.Mode(), err)
	}
	again, err := Read(path)
	if err != nil || again.ID() != k.ID() {
		t.Fatalf("%v, %v", again, err)
	}
	if third, err := Make(path); err != nil || third.ID() != k.ID() {
		t.Fatalf("a second Make: %v, %v", third, err)
	}
	left, _ := os.ReadDir(filepath.Dir(path))
	if len(left) != 1 {
		t.Fatalf("left behind: %v", left)
	}
	for _, mode := range []fs.FileMode{0o604, 0o620, 0o666} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); migrations.KindOf(err) != migrations.Invalid || !strings.Contains(err.Error(), "chmod 600 "+path) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	for _, text := range []string{"", "helpdeskd-key-1:AAAA\n", "hello", strings.Repeat("A", 10000)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		os.Chmod(path, 0o600)
		if _, err := Read(path); migrations.KindOf(err) != migrations.Invalid || !strings.Contains(err.Error(), "holds no key") {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

// TestKeyIsMadeOnce has many processes start at the same moment.
func TestKeyIsMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	ids := make([]string, 16)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			if k, err := Make(path); err == nil {
				ids[i] = k.ID()
			}
		})
	}
	all.Wait()
	for _, id := range ids {
		if id == "" || id != ids[0] {
			t.Fatalf("%v", ids)
		}
	}
}
