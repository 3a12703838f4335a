package ingest

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"helpdeskd/tracker"
)

// putFunc stores a large body while it arrives.
type putFunc func(io.Reader) (digest string, size int64, err error)

// bodyItems is all that is ever asked for: Exchange's BODYSTRUCTURE and
// unknown attributes kill go-imap's connection. PEEK leaves \Seen alone.
var bodyItems = &imap.FetchOptions{UID: true, Flags: true, InternalDate: true, RFC822Size: true,
	BodySection: []*imap.FetchItemBodySection{{Peek: true}}}

// fetch gets the bodies of uids, in the order the server gives them, and
// hands each to yield as soon as it is complete. UIDs of which no body came
// are simply not yielded: the caller reconciles. One body up to 256 KiB is in
// memory at a time; larger ones stream through put.
func (s *session) fetch(uids []uint32, put putFunc, yield func(tracker.RawMail) error) error {
	return s.fetchItems(bodyItems, uids, put, yield)
}

// fetchItems is fetch for another section than the whole body.
func (s *session) fetchItems(items *imap.FetchOptions, uids []uint32, put putFunc, yield func(tracker.RawMail) error) error {
	d := s.loose.begin(s.validity, uids, put, yield)
	d.hangUp = func() { s.conn.Close() }
	defer s.loose.end()
	var given error
	err := s.run(stageFetch, func() error {
		cmd := s.c.Fetch(uidSet(uids), items)
		for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
			if given = d.deliver(msg); given != nil {
				s.conn.Close() // draining the rest could be gigabytes
				if d.torn {
					<-s.c.Closed()
					s.loose.wait()
					return given
				}
				break
			}
		}
		err := cmd.Close()
		s.loose.wait()
		return err
	})
	if given == nil {
		given = d.err()
	}
	if given != nil && given != errCutOff {
		return given
	}
	if err == nil && given == errCutOff {
		return s.failed(stageFetch, errCutOff)
	}
	return err
}

// delivery is one FETCH's worth of bodies on their way to their receiver.
type delivery struct {
	put      putFunc
	validity uint32
	hangUp   func()
	// torn says that a literal gave an error. go-imap reads on at that moment,
	// so that neither the message nor the command may be touched any more.
	torn bool

	mu    sync.Mutex
	want  map[uint32]bool
	yield func(tracker.RawMail) error
	fail  error
}

func (d *delivery) err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fail
}

// deliver reads one message and yields it when it is one that was asked for.
func (d *delivery) deliver(msg *imapclient.FetchMessageData) error {
	m, ok, err := d.read(msg)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return d.fail
	}
	if err == nil && ok && d.want[m.UID] {
		delete(d.want, m.UID)
		err = d.yield(m)
	}
	d.fail = err
	return err
}

// read takes a message's items in whatever order they come.
func (d *delivery) read(msg *imapclient.FetchMessageData) (m tracker.RawMail, ok bool, err error) {
	m.UIDValidity = d.validity
	for item := msg.Next(); item != nil; item = msg.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			m.UID = uint32(item.UID)
		case imapclient.FetchItemDataInternalDate:
			m.ReceivedAt = item.Time
		case imapclient.FetchItemDataBodySection:
			if item.Literal == nil || ok { // NIL is no body: the message is not ready, or gone
				continue
			}
			if err := d.body(&m, item.Literal); err != nil {
				return m, false, err
			}
			ok = true
		}
	}
	return m, ok && m.UID != 0, nil
}

// body reads a literal to its last byte. go-imap ends one quietly where the
// connection broke off, so its length is checked.
func (d *delivery) body(m *tracker.RawMail, lit imap.LiteralReader) error {
	size := lit.Size()
	if size <= tracker.SmallBlob {
		m.Data = make([]byte, size)
		if _, err := io.ReadFull(lit, m.Data); err != nil {
			d.torn = true
			return errCutOff
		}
		m.MailID = mailID(m.Data)
		return nil
	}
	e := &exact{r: lit, left: size}
	head := &front{}
	digest, n, err := d.put(io.TeeReader(e, head))
	if e.cut {
		d.torn = true
		return errCutOff
	}
	if err != nil {
		if e.left > 0 { // the rest must be read all the same, up to its first error
			d.hangUp()
			_, _ = io.Copy(io.Discard, lit)
			d.torn = true
		}
		return err
	}
	if n != size {
		return fmt.Errorf("stored %d bytes of a message of %d", n, size)
	}
	m.Digest, m.Size, m.MailID = digest, n, mailID(head.b)
	return nil
}

// exact fails when its reader ends early, so that half a message is never stored.
type exact struct {
	r    io.Reader
	left int64
	cut  bool
}

func (e *exact) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.left -= int64(n)
	if err != nil && e.left > 0 {
		e.cut = true
		return n, errCutOff
	}
	return n, err
}

// loose takes the messages that go-imap can not assign to the FETCH that
// asked for them: where the UID comes after the body, as from Exchange, or
// where the server spoke of the message twice. Without it their bodies would
// be thrown away each time they are asked for.
type loose struct {
	mu      sync.Mutex
	idle    *sync.Cond
	running int
	now     *delivery // the FETCH that is running, or nil
}

func newLoose() *loose {
	l := &loose{}
	l.idle = sync.NewCond(&l.mu)
	return l
}

func (l *loose) begin(validity uint32, uids []uint32, put putFunc, yield func(tracker.RawMail) error) *delivery {
	d := &delivery{put: put, validity: validity, yield: yield, want: make(map[uint32]bool, len(uids))}
	for _, u := range uids {
		d.want[u] = true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = d
	return d
}

func (l *loose) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = nil
}

// take runs in a goroutine of its own for each such message; go-imap reads
// nothing more until the body is taken.
func (l *loose) take(msg *imapclient.FetchMessageData) {
	l.mu.Lock()
	d := l.now
	l.running++
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.running--
		l.idle.Broadcast()
	}()
	if d != nil && d.deliver(msg) != nil && d.torn {
		return // the delivery keeps the error
	}
	for msg.Next() != nil { // what is left
	}
}

// wait waits until what came before the end of the FETCH is delivered.
func (l *loose) wait() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.running > 0 {
		l.idle.Wait()
	}
}

// dates returns when each of uids arrived (INTERNALDATE).
func (s *session) dates(uids []uint32) (map[uint32]time.Time, error) {
	at := make(map[uint32]time.Time, len(uids))
	for len(uids) > 0 {
		n := min(len(uids), 1000)
		err := s.run(stageFetch, func() error {
			cmd := s.c.Fetch(uidSet(uids[:n]), &imap.FetchOptions{UID: true, InternalDate: true})
			for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
				b, err := msg.Collect()
				if err != nil {
					s.conn.Close()
					return cmd.Close()
				}
				at[uint32(b.UID)] = b.InternalDate
			}
			return cmd.Close()
		})
		if err != nil {
			return nil, err
		}
		uids = uids[n:]
	}
	return at, nil
}

// isPlaceholder recognises what Exchange hands out in place of a message that
// it can not convert, often only for some minutes: by its English words, and
// in any language by what no delivered mail lacks. Being wrong only puts a
// mail off for some minutes.
func isPlaceholder(data []byte) bool {
	if len(data) == 0 || len(data) >= 64<<10 {
		return false
	}
	if bytes.Contains(data, []byte("Microsoft Exchange")) && bytes.Contains(data, []byte("Retrieval using the IMAP4 protocol failed for the following message")) {
		return true
	}
	end := bytes.Index(data, []byte("\r\n\r\n"))
	if end < 0 {
		return false
	}
	head := append([]byte("\r\n"), bytes.ToLower(data[:end])...)
	return bytes.Contains(head, []byte("microsoft exchange")) && !bytes.Contains(head, []byte("\r\nmessage-id:")) && !bytes.Contains(head, []byte("\r\nreceived:"))
}
