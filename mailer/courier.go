package mailer

import (
	"context"
	"errors"
	"time"
)

// courier is a way to a server that is open and ready for a mail: an SMTP
// session, or Microsoft Graph.
type courier interface {
	// deliver sends one mail to one recipient. Commit is called when nothing of
	// it has been sent; when it fails, nothing is.
	deliver(ctx context.Context, e envelope, data []byte, commit func() error) verdict
	onDotDo(do func()) // what to do when all is sent and no answer is in: for failpoints
	stale() bool       // it should be replaced before it is used
	idle() bool        // it has not been used for long
	carried() int      // so many mails were tried over it
	close()            // politely
	drop()             // at once
	outlet() *outlet   // whose it is
	belongs(to *outlet)
}

var (
	_ courier = (*session)(nil)
	_ courier = (*graph)(nil)
)

// open opens the way out that is configured. It fails with a *trouble that
// names the step.
func open(ctx context.Context, c SMTPConfig, wait timeouts) (courier, error) {
	if c.Graph != "" {
		g, err := openGraph(ctx, c, wait)
		if err != nil {
			return nil, err
		}
		return g, nil
	}
	s, err := connect(ctx, c, wait, nil)
	if errors.Is(err, errOldToken) {
		s, err = connect(ctx, c, wait, nil)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *session) outlet() *outlet    { return s.of }
func (s *session) belongs(to *outlet) { s.of = to }
func (s *session) idle() bool         { return time.Since(s.used) > s.wait.idle }
func (s *session) carried() int       { return s.sent }
func (s *session) onDotDo(do func())  { s.onDot = do }
func (s *session) drop()              { s.wire.Close() }
