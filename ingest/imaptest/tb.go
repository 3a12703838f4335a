package imaptest

import (
	"context"
	"errors"
	"os"
)

// TB is what New needs of a *testing.T or *testing.B.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Skip(args ...any)
	Cleanup(func())
	Failed() bool
	Logf(format string, args ...any)
}

// New starts a Dovecot for one test, and stops it when the test ends. Without
// a Dovecot on the machine the test is skipped.
func New(t TB, o Options) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "helpdeskd-dovecot-")
	if err != nil {
		t.Fatalf("make a folder: %v", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s, err := Start(context.Background(), dir, o)
	if errors.Is(err, ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() {
		s.Kill() // Stop would take a second
		if t.Failed() {
			t.Logf("dovecot's log:\n%s", s.Log())
		}
	})
	return s
}
