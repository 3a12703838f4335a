// Package demo is the made-up company of `helpdeskd demo`: its mail server on
// loopback, its people, the history of their helpdesk, the mails that arrive
// while one watches, and the pages on which one plays its employees.
//
// Invariants: it listens on loopback only; every mail that it makes up goes
// over its SMTP and IMAP servers as a real one would; the verdict on a sender
// is stamped by its server alone, forged ones are stripped. It owns no tables:
// it works through the tracker like everybody else.
package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-smtp"
)

// Letter is a mail in a mailbox of the hub.
type Letter struct {
	ID   int // place in the mailbox, from 1
	At   time.Time
	Sent bool // written by the mailbox's owner, not received
	Seen bool // opened on /demo
	Raw  []byte
}

// Hub is the company's mail server: every mailbox of it, over SMTP and IMAP.
// It is safe for concurrent use.
type Hub struct {
	domain string
	clock  func() time.Time
	log    *slog.Logger
	epoch  uint32 // UIDVALIDITY: of this start, since the mailboxes do not outlive it

	imapUsers *imapmemserver.Server
	imap      *imapserver.Server
	smtp      *smtp.Server
	imapAddr  net.Addr
	smtpAddr  net.Addr

	mu       sync.Mutex
	accounts map[string]*account // by address
	world    []Letter            // what left the company
	changed  chan struct{}       // closed and renewed when a letter arrives
}

type account struct {
	address, password string
	user              *imapmemserver.User
	letters           []Letter
}

// NewHub starts a mail server for a domain on two free loopback ports.
func NewHub(domain string, clock func() time.Time, log *slog.Logger) (*Hub, error) {
	h := &Hub{
		domain: domain, clock: clock, log: log, epoch: uint32(time.Now().Unix()),
		imapUsers: imapmemserver.New(),
		accounts:  map[string]*account{},
		changed:   make(chan struct{}),
	}
	imapListener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the demo's IMAP: %w", err)
	}
	smtpListener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		imapListener.Close()
		return nil, fmt.Errorf("listen for the demo's SMTP: %w", err)
	}
	h.imapAddr, h.smtpAddr = imapListener.Addr(), smtpListener.Addr()
	quiet := slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	h.imap = imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return &imapSession{Session: h.imapUsers.NewSession(), epoch: h.epoch}, nil, nil
		},
		// No MOVE: imapmemserver's tells every client EXPUNGE twice, with wrong numbers.
		Caps:         imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}},
		InsecureAuth: true, // loopback
		Logger:       quiet,
	})
	h.smtp = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &smtpSession{hub: h}, nil }))
	h.smtp.Domain = "mail." + domain
	h.smtp.AllowInsecureAuth = true
	h.smtp.MaxMessageBytes = 64 << 20
	h.smtp.MaxRecipients = 100
	h.smtp.ReadTimeout, h.smtp.WriteTimeout = 5*time.Minute, time.Minute
	h.smtp.ErrorLog = quietLog{quiet}
	go h.imap.Serve(imapListener)
	go h.smtp.Serve(smtpListener)
	return h, nil
}

// IMAPAddr returns where the mailboxes are read.
func (h *Hub) IMAPAddr() *net.TCPAddr { return h.imapAddr.(*net.TCPAddr) }

// SMTPAddr returns where mail is handed in.
func (h *Hub) SMTPAddr() *net.TCPAddr { return h.smtpAddr.(*net.TCPAddr) }

// Close ends both servers.
func (h *Hub) Close() error { return errors.Join(h.imap.Close(), h.smtp.Close()) }

// AddAccount makes a mailbox for an address and returns its password.
func (h *Hub) AddAccount(address string) (password string, err error) {
	address = strings.ToLower(address)
	password = rand.Text()
	u := imapmemserver.NewUser(address, password)
	if err := u.Create("INBOX", nil); err != nil {
		return "", fmt.Errorf("create the inbox of %s: %w", address, err)
	}
	h.imapUsers.AddUser(u)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.accounts[address] = &account{address: address, password: password, user: u}
	return password, nil
}

// Letters returns an address's letters, oldest first.
func (h *Hub) Letters(address string) []Letter {
	h.mu.Lock()
	defer h.mu.Unlock()
	if a := h.accounts[strings.ToLower(address)]; a != nil {
		return slices.Clone(a.letters)
	}
	return nil
}

// Addresses returns everybody who has a mailbox, by address.
func (h *Hub) Addresses() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Sorted(maps.Keys(h.accounts))
}

// World returns what left the company, oldest first.
func (h *Hub) World() []Letter {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.world)
}

// Open returns one letter and marks it as seen.
func (h *Hub) Open(address string, id int) (Letter, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	a := h.accounts[strings.ToLower(address)]
	if a == nil || id < 1 || id > len(a.letters) {
		return Letter{}, false
	}
	a.letters[id-1].Seen = true
	return a.letters[id-1], true
}

// Changed returns a channel that is closed when the next letter arrives anywhere.
func (h *Hub) Changed() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.changed
}

// Await waits until an address has a letter that fits.
func (h *Hub) Await(ctx context.Context, address string, fits func(Letter) bool) (Letter, error) {
	for {
		news := h.Changed()
		for _, l := range h.Letters(address) {
			if fits(l) {
				return l, nil
			}
		}
		select {
		case <-news:
		case <-ctx.Done():
			return Letter{}, fmt.Errorf("wait for a letter to %s: %w", address, ctx.Err())
		}
	}
}

// find returns the account that mail to an address reaches, with or without a
// plus-address part.
func (h *Hub) find(address string) *account {
	local, domain, _ := strings.Cut(strings.ToLower(address), "@")
	local, _, _ = strings.Cut(local, "+")
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.accounts[local+"@"+domain]
}

func (h *Hub) inside(address string) bool {
	return strings.HasSuffix(strings.ToLower(address), "@"+h.domain)
}

// deliver puts a mail into the mailboxes of its recipients, and a copy into
// the sender's own.
func (h *Hub) deliver(sender string, recipients []string, raw []byte) error {
	at := h.clock()
	for _, to := range recipients {
		a := h.find(to)
		if a == nil {
			h.keep(&h.world, at, false, raw)
			continue
		}
		if _, err := a.user.Append("INBOX", literal(raw), &imap.AppendOptions{Time: at}); err != nil {
			return fmt.Errorf("deliver to %s: %w", to, err)
		}
		h.keep(&a.letters, at, false, raw)
	}
	if a := h.find(sender); a != nil && sender != "" {
		h.keep(&a.letters, at, true, raw)
	}
	h.mu.Lock()
	close(h.changed)
	h.changed = make(chan struct{})
	h.mu.Unlock()
	return nil
}

func (h *Hub) keep(list *[]Letter, at time.Time, sent bool, raw []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	*list = append(*list, Letter{ID: len(*list) + 1, At: at, Sent: sent, Raw: raw})
}

// Past is a mail of the history: stamped as if it had been handed in by that
// account, with a copy in the sender's mailbox. It is not in the helpdesk's,
// where it was dealt with long ago.
func (h *Hub) Past(as string, raw []byte) []byte {
	s := smtpSession{hub: h, user: strings.ToLower(as), from: as}
	raw = s.stamp(raw)
	if a := h.find(as); a != nil {
		h.keep(&a.letters, h.clock(), true, raw)
	}
	return raw
}

// MarkSeen marks every letter that lies in the mailboxes now as seen.
func (h *Hub) MarkSeen() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.accounts {
		for i := range a.letters {
			a.letters[i].Seen = true
		}
	}
}
