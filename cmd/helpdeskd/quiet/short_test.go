package quiet

import (
	"io"
	"log/slog"
	"testing"
)

// TestTheShortWayMissesNothing: what is not looked at for shapes has none.
func TestTheShortWayMissesNothing(t *testing.T) {
	h := New(slog.DiscardHandler)
	for _, s := range []string{"mail decided", "new", "HD-12", "human", "bearer abcdef", "Basic dXNlcjpw", "LOGIN a@b.example pw", "AUTH PLAIN AGEAYg", "key=abc", "dXNlcjABCDEFGHIJKLMNOPQRST",
		"abcdefghijklmnopqrstuvwxyz", "eyJhbGciOiJ.eyJzdWIiOi", "hd.abcdefghijklmnopqrstuvwx", "code=1", "?t=x", `"password":"x"`, "cookie: a"} {
		long := s
		for _, x := range shapes {
			long = x.is.ReplaceAllString(long, x.to)
		}
		if short := h.Clean(s); short != long {
			t.Errorf("%q became %q, and should be %q", s, short, long)
		}
	}
}

// BenchmarkLine is the line that is written for every mail.
func BenchmarkLine(b *testing.B) {
	log := slog.New(New(slog.NewTextHandler(io.Discard, nil), "correct horse battery", "another secret"))
	for b.Loop() {
		log.Info("mail decided", slog.Int("inbox", 7), slog.String("fate", "new"), slog.String("class", "human"), slog.String("ticket", "HD-12"), slog.Int("acks", 1))
	}
}
