package web

import (
	"io"
	"net/http"
	"time"
)

// How long a request's body may take to arrive: that of a form, and that of
// files from somebody who is signed in. Whoever sends nothing any more holds a
// connection no longer than this.
const (
	formTime  = time.Minute
	filesTime = 15 * time.Minute
)

// hurry gives a request's body its time.
func (s *site) hurry(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			c := http.NewResponseController(w)
			if c.SetReadDeadline(time.Now().Add(s.opts.formTime)) == nil { // else a test's recorder
				r.Body = &hurried{r.Body, c}
			}
		}
		next.ServeHTTP(w, r)
	})
}

// hurried is a body with a deadline, which ends with it: the server notices by
// reading on that a browser went away, and would take a deadline for that.
type hurried struct {
	io.ReadCloser
	c *http.ResponseController
}

func (b *hurried) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.c.SetReadDeadline(time.Time{})
	}
	return n, err
}
