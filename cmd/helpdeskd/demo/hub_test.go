package demo

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const testDomain = "aster.example"

func newTestHub(t *testing.T, addresses ...string) (*Hub, map[string]string) {
	t.Helper()
	h, err := NewHub(testDomain, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	passwords := map[string]string{}
	for _, a := range addresses {
		p, err := h.AddAccount(a)
		if err != nil {
			t.Fatal(err)
		}
		passwords[a] = p
	}
	return h, passwords
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(stop)
	return ctx
}

func testMail(from, to, more string) []byte {
	return []byte("From: " + from + "\r\nTo: " + to + "\r\nSubject: Lamp\r\n" + more + "\r\nThe lamp is out.\r\n.a line with a dot\r\n")
}

func TestMailGoesOverSMTPAndComesOutOfIMAP(t *testing.T) {
	h, passwords := newTestHub(t, "desk@aster.example", "ann@aster.example")
	ctx := within(t)
	if err := h.Submit(ctx, "ann@aster.example", []string{"desk+token@aster.example"}, testMail("Ann <ann@aster.example>", "desk@aster.example", "")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Await(ctx, "desk@aster.example", func(Letter) bool { return true }); err != nil {
		t.Fatal(err)
	}
	if own := h.Letters("ann@aster.example"); len(own) != 1 || !own[0].Sent {
		t.Errorf("the sender's own copies: %v", own)
	}

	c, err := imapclient.DialInsecure(h.IMAPAddr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Login("desk@aster.example", "wrong").Wait(); err == nil {
		t.Fatal("a wrong password was accepted")
	}
	if err := c.Login("desk@aster.example", passwords["desk@aster.example"]).Wait(); err != nil {
		t.Fatal(err)
	}
	if c.Caps().Has(imap.CapMove) {
		t.Error("MOVE is advertised, and imapmemserver's is broken")
	}
	box, err := c.Select("INBOX", nil).Wait()
	if err != nil {
		t.Fatal(err)
	}
	if box.NumMessages != 1 || box.UIDValidity < 1_000_000 {
		t.Fatalf("messages %d, UIDVALIDITY %d", box.NumMessages, box.UIDValidity)
	}
	body := &imap.FetchItemBodySection{Peek: true}
	got, err := c.Fetch(imap.UIDSetNum(1), &imap.FetchOptions{UID: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{body}}).Collect()
	if err != nil || len(got) != 1 {
		t.Fatalf("%d messages, %v", len(got), err)
	}
	raw := string(got[0].FindBodySection(body))
	if !strings.Contains(raw, "\r\n.a line with a dot\r\n") || !strings.Contains(raw, "AuthAs: Internal\r\n") {
		t.Errorf("got %q", raw)
	}

	// The way that a client without MOVE must go.
	if err := c.Create("Processed", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Copy(imap.UIDSetNum(1), "Processed").Wait(); err != nil {
		t.Fatal(err)
	}
	if err := c.Store(imap.UIDSetNum(1), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}, Silent: true}, nil).Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.UIDExpunge(imap.UIDSetNum(1)).Close(); err != nil {
		t.Fatal(err)
	}
	for folder, want := range map[string]uint32{"INBOX": 0, "Processed": 1} {
		d, err := c.Select(folder, nil).Wait()
		if err != nil || d.NumMessages != want {
			t.Errorf("%s: %d messages, %v", folder, d.NumMessages, err)
		}
	}
}

func TestTheServerAloneSaysWhoASenderIs(t *testing.T) {
	h, _ := newTestHub(t, "desk@aster.example", "ann@aster.example", "bob@aster.example")
	forged := "Authentication-Results: dmarc=pass\r\n header.from=aster.example\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\n"
	rows := []struct {
		name, user, envelope, from, want string
		internal                         bool
	}{
		{"one of us", "ann@aster.example", "", "Ann <ann@aster.example>", "", true},
		{"one of us as another", "ann@aster.example", "", "Bob <bob@aster.example>", "dmarc=fail", false},
		{"a supplier", "", "sales@supplier.example", "Sales <sales@supplier.example>", "dmarc=pass action=none header.from=supplier.example", false},
		{"a forger", "", "ann@aster.example", "Ann <ann@aster.example>", "dmarc=fail", false},
		{"two authors", "ann@aster.example", "", "Ann <ann@aster.example>\r\nFrom: Bob <bob@aster.example>", "dmarc=fail", false},
	}
	for i, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			ctx := within(t)
			raw := testMail(r.from, "desk@aster.example", forged)
			var err error
			if r.user != "" {
				err = h.Submit(ctx, r.user, []string{"desk@aster.example"}, raw)
			} else {
				err = h.Arrive(ctx, r.envelope, []string{"desk@aster.example"}, raw)
			}
			if err != nil {
				t.Fatal(err)
			}
			l, err := h.Await(ctx, "desk@aster.example", func(l Letter) bool { return l.ID == i+1 })
			if err != nil {
				t.Fatal(err)
			}
			got := string(l.Raw)
			if n := strings.Count(strings.ToLower(got), "authas:"); n != 1 {
				t.Errorf("%d verdicts in\n%s", n, got)
			}
			if strings.Contains(got, "AuthAs: Internal") != r.internal || !strings.Contains(got, r.want) {
				t.Errorf("want %q, internal %v; got\n%s", r.want, r.internal, got)
			}
		})
	}
}

func TestWhoMaySendWhere(t *testing.T) {
	h, passwords := newTestHub(t, "desk@aster.example", "ann@aster.example")
	ctx := within(t)
	raw := testMail("Ann <ann@aster.example>", "x", "")
	if err := h.Submit(ctx, "ann@aster.example", []string{"nobody@aster.example"}, raw); err == nil {
		t.Error("mail to nobody was accepted")
	}
	if err := h.Arrive(ctx, "x@supplier.example", []string{"y@elsewhere.example"}, raw); err == nil {
		t.Error("the server is an open relay")
	}
	if err := h.Submit(ctx, "ann@aster.example", []string{"y@elsewhere.example"}, raw); err != nil {
		t.Errorf("mail to the world outside: %v", err)
	}
	if err := h.Submit(ctx, "nobody@aster.example", []string{"desk@aster.example"}, raw); err == nil {
		t.Error("somebody who is not there could send")
	}
	for _, p := range []string{passwords["ann@aster.example"], "wrong"} {
		c, err := smtp.Dial(h.SMTPAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		err = c.Auth(sasl.NewLoginClient("ann@aster.example", p))
		if (err == nil) != (p != "wrong") {
			t.Errorf("LOGIN with %q: %v", p, err)
		}
		c.Close()
	}
}

func TestDropFields(t *testing.T) {
	in := "A: 1\r\nDrop: x\r\n\tfolded\r\nB: 2\r\n\r\nDrop: body\r\n"
	if got := string(dropFields([]byte(in), func(n string) bool { return n == "drop" })); got != "A: 1\r\nB: 2\r\n\r\nDrop: body\r\n" {
		t.Errorf("got %q", got)
	}
	if got := string(dropFields([]byte("Drop: x"), func(n string) bool { return n == "drop" })); got != "" {
		t.Errorf("a header without end gave %q", got)
	}
}
