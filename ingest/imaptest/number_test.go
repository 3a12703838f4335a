package imaptest

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Dovecot goes by the numbers that mail was given, also of mail that comes
// while it has the folder open, and goes on counting from them.
func TestNumberedMailKeepsItsOrder(t *testing.T) {
	s := New(t, Options{Users: []User{{"desk@aldermere.example", "pass"}}})
	sent := 0
	put := func(n int, number bool) {
		t.Helper()
		for range n {
			raw := fmt.Appendf(nil, "From: anna@aldermere.example\r\nSubject: mail %d\r\n\r\nHello\r\n", sent)
			if err := s.Deliver("desk@aldermere.example", "INBOX", raw, time.Time{}); err != nil {
				t.Fatal(err)
			}
			sent++
		}
		if number {
			if err := s.Number("desk@aldermere.example", "INBOX"); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(300, true)
	c, err := imapclient.DialInsecure(net.JoinHostPort(s.Host, strconv.Itoa(s.Port)), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Login("desk@aldermere.example", "pass").Wait(); err != nil {
		t.Fatal(err)
	}
	validity := uint32(0)
	for _, more := range []struct {
		n      int
		number bool
	}{{0, false}, {50, true}, {1, false}, {50, true}} {
		put(more.n, more.number)
		box, err := c.Select("INBOX", nil).Wait()
		if err != nil {
			t.Fatal(err)
		}
		if validity != 0 && box.UIDValidity != validity {
			t.Fatalf("UIDVALIDITY was %d and is %d", validity, box.UIDValidity)
		}
		validity = box.UIDValidity
		got, err := c.Fetch(imap.UIDSet{imap.UIDRange{Start: 1, Stop: 0}}, &imap.FetchOptions{UID: true, Envelope: true}).Collect()
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(got, func(a, b *imapclient.FetchMessageBuffer) int { return int(a.UID) - int(b.UID) })
		if len(got) != sent {
			t.Fatalf("%d of %d mails", len(got), sent)
		}
		for i, m := range got {
			if m.UID != imap.UID(i+1) || m.Envelope.Subject != fmt.Sprintf("mail %d", i) {
				t.Fatalf("UID %d is %q", m.UID, m.Envelope.Subject)
			}
		}
	}
}
