package imaptest

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

func TestDeliveredMailIsThereOverEveryTransport(t *testing.T) {
	s := New(t, Options{Users: []User{{"desk@aldermere.example", "pass"}, {"anna@aldermere.example", "word"}}})
	raw := []byte("From: Anna <anna@aldermere.example>\r\nSubject: hello\r\n\r\nHello\r\n")
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	if err := s.Deliver("desk@aldermere.example", "INBOX", raw, at); err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	o := &imapclient.Options{TLSConfig: &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}}
	plain := net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	for name, dial := range map[string]func() (*imapclient.Client, error){
		"plain":    func() (*imapclient.Client, error) { return imapclient.DialInsecure(plain, nil) },
		"starttls": func() (*imapclient.Client, error) { return imapclient.DialStartTLS(plain, o) },
		"tls": func() (*imapclient.Client, error) {
			return imapclient.DialTLS(net.JoinHostPort(s.Host, strconv.Itoa(s.TLSPort)), o)
		},
	} {
		c, err := dial()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := c.Login("desk@aldermere.example", "pass").Wait(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := c.Select("INBOX", nil).Wait(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := c.Fetch(imap.SeqSetNum(1), &imap.FetchOptions{UID: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}}).Collect()
		if err != nil || len(got) != 1 || !bytes.Equal(got[0].BodySection[0].Bytes, raw) || !got[0].InternalDate.Equal(at) {
			t.Fatalf("%s: %v, %+v", name, err, got)
		}
		if !c.Caps().Has(imap.CapMove) || !c.Caps().Has(imap.CapIdle) {
			t.Fatalf("%s: caps %v", name, c.Caps())
		}
		c.Close()
	}
	m, err := s.Messages("desk@aldermere.example", "INBOX")
	if err != nil || len(m) != 1 || !bytes.Equal(m[0].Data, raw) || !m[0].At.Equal(at) {
		t.Fatalf("%v, %+v", err, m)
	}
}

func TestRestartKeepsPortsAndMail(t *testing.T) {
	s := New(t, Options{Users: []User{{"desk", "pass"}}, Prefix: "INBOX."})
	port, pid := s.Port, s.PID()
	if err := s.Deliver("desk", "", []byte("Subject: x\r\n\r\n"), time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.Port != port || s.PID() == pid {
		t.Fatalf("port %d was %d, pid %d was %d", s.Port, port, s.PID(), pid)
	}
	if n, err := s.Count("desk", "INBOX"); n != 1 || err != nil {
		t.Fatal(n, err)
	}
}
