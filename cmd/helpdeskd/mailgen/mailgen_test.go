package mailgen

import (
	"bytes"
	"net/mail"
	"testing"
	"time"
)

func TestSameSeedSameMails(t *testing.T) {
	start := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	a := New(7, "help@corp.example", 50, Usual, start).Many(500)
	b := New(7, "help@corp.example", 50, Usual, start).Many(500)
	for i := range a {
		if !bytes.Equal(a[i].Raw, b[i].Raw) {
			t.Fatalf("mail %d differs", i)
		}
	}
}

func TestMailsAreWhatTheySay(t *testing.T) {
	g := New(8, "help@corp.example", 50, Usual, time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC))
	mails := g.Many(2000)
	kinds, shapes, markers := map[Kind]int{}, map[string]int{}, map[string]int{}
	for i, m := range mails {
		kinds[m.Kind]++
		shapes[m.Shape]++
		got, err := mail.ReadMessage(bytes.NewReader(m.Raw))
		if err != nil {
			t.Fatalf("mail %d (%s, %s): %v", i, m.Kind, m.Shape, err)
		}
		from, err := mail.ParseAddress(got.Header.Get("From"))
		if err != nil || from.Address != m.From {
			t.Errorf("mail %d: From %q (%v), want %q", i, got.Header.Get("From"), err, m.From)
		}
		if id := got.Header.Get("Message-Id"); (id == "") != (m.MessageID == "") {
			t.Errorf("mail %d: Message-ID %q, want %q", i, id, m.MessageID)
		}
		if bytes.Contains(bytes.ReplaceAll(m.Raw, []byte("\r\n"), nil), []byte("\n")) {
			t.Errorf("mail %d has a bare LF", i)
		}
		switch m.Kind {
		case Reply:
			if mails[m.Of].From != m.From {
				t.Errorf("reply %d is by %s, the request by %s", i, m.From, mails[m.Of].From)
			}
			markers[m.Marker]++
		case Duplicate:
			if !bytes.Equal(m.Raw, mails[m.Of].Raw) {
				t.Errorf("duplicate %d differs from %d", i, m.Of)
			}
		case Traced:
			if bytes.Equal(m.Raw, mails[m.Of].Raw) || !bytes.HasSuffix(m.Raw, mails[m.Of].Raw) {
				t.Errorf("traced copy %d is no copy of %d by another route", i, m.Of)
			}
		default:
			markers[m.Marker]++
		}
	}
	for _, k := range []Kind{Request, Reply, Duplicate, Traced, AutoReply, List, Bounce, NoReply} {
		if kinds[k] < 10 {
			t.Errorf("only %d mails of kind %q", kinds[k], k)
		}
	}
	for _, s := range []string{"plain", "utf-8", "base64", "latin1", "windows-1252", "iso-2022-jp", "html", "alternative", "attachment", "inline", "utf-16"} {
		if shapes[s] < 10 {
			t.Errorf("only %d mails of shape %q", shapes[s], s)
		}
	}
	for m, n := range markers {
		if n != 1 {
			t.Errorf("marker %q in %d mails", m, n)
		}
	}
}

func TestSize(t *testing.T) {
	g := New(9, "help@corp.example", 50, Mix{Plain: true}, time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC))
	g.Size = 4000
	total := 0
	for _, m := range g.Many(300) {
		total += len(m.Raw)
	}
	if mean := total / 300; mean < 4000 || mean > 6000 {
		t.Errorf("mean size %d bytes", mean)
	}
}
