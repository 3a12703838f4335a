//go:build linux

package main

import (
	"bytes"
	"fmt"
	"net"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"helpdeskd/ingest/imaptest"
)

// line is a way to a server that breaks as its plan says.
type line struct {
	addr   string
	to     string
	plan   func() breaks // of each new connection
	struck atomic.Int64  // connections that broke as planned

	mu   sync.Mutex
	held []net.Conn // hung: neither works nor ends
}

// breaks is what is wrong with one connection. The zero value is a good one.
type breaks struct {
	after  int64          // so many bytes of the server's answers pass; 0: all
	at     *regexp.Regexp // or it breaks when the client says this
	answer bool           // which the server still hears, and answers in vain
	how    string         // "cut", "reset" or "hang"
	piece  int            // bytes pass so many at a time, a millisecond apart; 0: as they come
}

func newLine(t testing.TB, to string, plan func() breaks) *line {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &line{addr: l.Addr().String(), to: to, plan: plan}
	var mu sync.Mutex // plans need no lock of their own
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			b := n.plan()
			mu.Unlock()
			go n.carry(c, b)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		n.mu.Lock()
		defer n.mu.Unlock()
		for _, c := range n.held {
			c.Close()
		}
	})
	return n
}

// carry is one connection.
func (n *line) carry(c net.Conn, b breaks) {
	s, err := net.Dial("tcp", n.to)
	if err != nil {
		c.Close()
		return
	}
	var once sync.Once
	end := func(how string) {
		once.Do(func() {
			if how != "" {
				n.struck.Add(1)
			}
			switch how {
			case "hang":
				n.mu.Lock()
				n.held = append(n.held, c, s)
				n.mu.Unlock()
				return
			case "reset":
				c.(*net.TCPConn).SetLinger(0)
				s.(*net.TCPConn).SetLinger(0)
			}
			c.Close()
			s.Close()
		})
	}
	var deaf atomic.Bool // the server's next answer is not passed on
	go func() {          // what the client says
		var said []byte
		buf := make([]byte, 32<<10)
		for {
			k, err := c.Read(buf)
			if err != nil {
				end("")
				return
			}
			if b.at != nil {
				said = append(said, buf[:k]...)
				if b.at.Match(said) {
					if !b.answer {
						end(b.how)
						return
					}
					deaf.Store(true)
				}
				said = said[max(0, len(said)-200):]
			}
			if n.pass(s, buf[:k], b.piece) != nil {
				end("")
				return
			}
		}
	}()
	left := b.after
	buf := make([]byte, 32<<10)
	for { // what the server says
		k, err := s.Read(buf)
		if err != nil {
			end("")
			return
		}
		if deaf.Load() {
			end(b.how)
			return
		}
		if b.after > 0 && int64(k) >= left {
			n.pass(c, buf[:left], b.piece)
			end(b.how)
			return
		}
		left -= int64(k)
		if n.pass(c, buf[:k], b.piece) != nil {
			end("")
			return
		}
	}
}

// pass writes to a connection, slowly where wished.
func (n *line) pass(to net.Conn, b []byte, piece int) error {
	if piece == 0 {
		_, err := to.Write(b)
		return err
	}
	for len(b) > 0 {
		k := min(piece, len(b))
		if _, err := to.Write(b[:k]); err != nil {
			return err
		}
		b = b[k:]
		time.Sleep(time.Millisecond)
	}
	return nil
}

// overLine has all mail come over a line, and waits until it is all done.
func (tr *trial) overLine(o imaptest.Options, mails int, plan func() breaks) {
	tr.open("", o)
	tr.env = []string{"FAULT_HASTE=1s"}
	l := newLine(tr.t, tr.imapTo, plan)
	tr.imapTo = l.addr
	tr.put(tr.requests("line", mails)...)
	d := tr.serve()
	tr.settle(time.Duration(many(2, 40)) * time.Minute)
	d.stop(tr.t)
	tr.struck(int(l.struck.Load()))
	tr.judge(tr.options())
}

// lineCut cuts every connection at a random byte, mostly within a mail.
func lineCut(tr *trial) {
	tr.overLine(imaptest.Options{}, many(200, 10_000), func() breaks {
		return breaks{after: 1500 + tr.rand.Int64N(int64(many(60_000, 250_000))), how: one(tr, "cut", "reset")}
	})
	if least := many(4, 60); tr.result.Tried < least {
		tr.t.Errorf("only %d connections were cut", tr.result.Tried)
	}
}

// lineHangs has connections fall silent at a random byte, and never end.
func lineHangs(tr *trial) {
	left := many(4, 60)
	tr.overLine(imaptest.Options{}, 200, func() breaks {
		if left--; left < 0 {
			return breaks{}
		}
		return breaks{after: 500 + tr.rand.Int64N(30_000), how: "hang"}
	})
}

// lineSlow passes a few bytes at a time, as a very bad network does.
func lineSlow(tr *trial) {
	tr.overLine(imaptest.Options{}, many(25, 200), func() breaks { return breaks{piece: 20 + tr.rand.IntN(100)} })
	tr.struck(1)
}

var (
	mailIsMoved = regexp.MustCompile(`(?i)UID (MOVE|COPY|STORE|EXPUNGE) `)
	mailIsSent  = regexp.MustCompile(`\r\n\.\r\n$`)
)

// resetInMove resets the connection when mail is moved, before the server
// hears of it or after it did it.
func resetInMove(tr *trial) { tr.resets(imaptest.Options{}) }

// resetInStore is the same with a server that knows no MOVE: it is sent COPY,
// STORE and UID EXPUNGE.
func resetInStore(tr *trial) {
	tr.resets(imaptest.Options{Capability: "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE NAMESPACE UIDPLUS UNSELECT CHILDREN"})
}

func (tr *trial) resets(o imaptest.Options) {
	tr.open("", o)
	tr.env = []string{"FAULT_HASTE=1s"}
	left := many(6, 120)
	l := newLine(tr.t, tr.imapTo, func() breaks {
		if left--; left < 0 {
			return breaks{}
		}
		return breaks{at: mailIsMoved, answer: tr.rand.IntN(2) == 0, how: "reset"}
	})
	tr.imapTo = l.addr
	d := tr.serve()
	tr.feed("every reset struck", func() bool { return int(l.struck.Load()) >= many(6, 120) })
	tr.over()
	tr.settle(2 * time.Minute)
	tr.recovered()
	d.stop(tr.t)
	tr.struck(int(l.struck.Load()))
	tr.judge(tr.options())
}

// one chooses.
func one[T any](tr *trial, from ...T) T { return from[tr.rand.IntN(len(from))] }

// answerLost loses the server's answer to a mail, or the mail's last dot: it
// may have been sent, and the machine never sends it again. A person does, and
// it is the same mail to the last byte.
func answerLost(tr *trial) {
	tr.open("", imaptest.Options{})
	tr.env = []string{"FAULT_HASTE=1s"}
	left := many(9, 90)
	l := newLine(tr.t, tr.smtpTo, func() breaks {
		if left--; left < 0 {
			return breaks{}
		}
		return breaks{at: mailIsSent, answer: left%3 > 0, how: one(tr, "cut", "reset", "hang")}
	})
	tr.smtpTo = l.addr
	d := tr.serve()
	d.ready(tr.t)
	for i := range many(3, 12) {
		tr.put(tr.requests(fmt.Sprint("lost ", i), many(30, 60))...)
		tr.settle(2 * time.Minute)
	}
	tr.struck(int(l.struck.Load()))
	opt := tr.options()
	opt.MaxUncertain = tr.result.Tried
	tr.judge(opt)
	if ids := tr.outbox(`state = 'uncertain'`); len(ids) == 0 {
		tr.t.Error("nothing is uncertain")
	} else {
		tr.resendAll(ids)
	}
	d.stop(tr.t)
}

// resendAll resends uncertain mail as a person would, and compares.
func (tr *trial) resendAll(ids []string) {
	ada := tr.admin()
	for _, id := range ids {
		ada.submit("/mail/outbox/" + id + "/resend")
	}
	tr.settle(time.Minute)
	bodies := map[string][][]byte{}
	for _, r := range tr.sink.All() {
		id := r.Header().Get("Message-Id")
		bodies[id] = append(bodies[id], r.Data)
	}
	for _, id := range ids {
		var mailID string
		tr.query(&mailID, `SELECT mail_id FROM outbox WHERE state = 'sent' AND id = `+id)
		came := bodies["<"+mailID+">"]
		if len(came) < 1 || len(came) > 2 {
			tr.t.Errorf("outbox row %s was resent and came %d times", id, len(came))
		} else if !bytes.Equal(came[0], came[len(came)-1]) {
			tr.t.Errorf("outbox row %s was resent with other bytes", id)
		}
	}
}
