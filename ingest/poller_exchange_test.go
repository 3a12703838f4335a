package ingest

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// exchange has a server behave as Exchange Online always does: it says what it
// can only to who is signed in, puts the UID after the body, tells sizes that
// are estimates, and says nothing in IDLE.
func exchange(f *fake) {
	f.before = "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+"
	f.item = exchangeItem
}

func exchangeItem(c *fakeConn, seq int, m fakeMail) {
	c.say(`* %d FETCH (FLAGS () INTERNALDATE "%s" RFC822.SIZE %d BODY[] {%d}`+"\r\n%s UID %d)",
		seq, m.at.Format("_2-Jan-2006 15:04:05 -0700"), len(m.raw)*4/3+17, len(m.raw), m.raw, m.uid)
}

// placeholder is what Exchange hands out for a message that it can not convert.
func placeholder(subject string) []byte {
	return []byte("From: \"Microsoft Exchange Server\" <>\r\nSubject: " + subject + " 7\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=\"utf-8\"\r\n\r\n-\r\n")
}

const (
	placeholderEnglish = "Retrieval using the IMAP4 protocol failed for the following message:"
	placeholderGerman  = "Fehler beim Abrufen der folgenden Nachricht mit dem IMAP4-Protokoll:"
)

// quirk is one thing that Exchange now and then does.
type quirk struct {
	name string
	// meet answers a command, or not; once counts from 0 each time that it was
	// asked about one, and the quirk decides when it has done its worst.
	meet func(c *fakeConn, tag, cmd string, n *atomic.Int32) bool
	item func(c *fakeConn, seq int, m fakeMail, n *atomic.Int32) bool
	said string // in the log, where a person looks for it
}

func first(n *atomic.Int32) bool { return n.Add(1) == 1 }

var quirks = []quirk{
	{name: "throttled with a time, then BYE", said: "left alone for a while", meet: func(c *fakeConn, tag, cmd string, n *atomic.Int32) bool {
		if !strings.HasPrefix(cmd, "UID FETCH") || !first(n) {
			return false
		}
		c.say("%s BAD Request is throttled. Suggested Backoff Time: 30 milliseconds", tag)
		c.say("* BYE Connection is closed. 13")
		c.Close()
		return true
	}},
	{name: "throttled as NO", said: "left alone for a while", meet: func(c *fakeConn, tag, cmd string, n *atomic.Int32) bool {
		if !strings.HasPrefix(cmd, "UID SEARCH") || !first(n) {
			return false
		}
		c.say("%s NO Request is throttled. Suggested Backoff Time: 30 milliseconds", tag)
		return true
	}},
	{name: "token expired mid-session", said: "token has run out", meet: func(c *fakeConn, tag, cmd string, n *atomic.Int32) bool {
		if !strings.HasPrefix(cmd, "UID FETCH") || !first(n) {
			return false
		}
		c.say("* BYE Session invalidated - AccessTokenExpired")
		c.Close()
		return true
	}},
	{name: "token expired in IDLE", said: "token has run out", meet: func(c *fakeConn, tag, cmd string, n *atomic.Int32) bool {
		if cmd != "IDLE" || !first(n) {
			return false
		}
		c.say("+ IDLE accepted, awaiting DONE command.")
		c.say("* BYE Session invalidated - AccessTokenExpired")
		c.Close()
		return true
	}},
	{name: "authenticated but not connected", said: "does not open the mailbox", meet: func(c *fakeConn, tag, cmd string, n *atomic.Int32) bool {
		if !strings.HasPrefix(cmd, "SELECT") || n.Add(1) > 2 {
			return false
		}
		c.say("%s BAD User is authenticated but not connected.", tag)
		return true
	}},
	{name: "EXISTS before the plus of IDLE", meet: func(c *fakeConn, tag, cmd string, n *atomic.Int32) bool {
		if cmd != "IDLE" || n.Add(1) > 3 {
			return false
		}
		c.say("* 31 EXISTS")
		c.say("+ IDLE accepted, awaiting DONE command.")
		c.r.ReadString('\n')
		c.say("%s OK IDLE completed.", tag)
		return true
	}},
	{name: "half-open in IDLE", said: "stopped answering", meet: func(c *fakeConn, tag, cmd string, n *atomic.Int32) bool {
		if cmd != "IDLE" || !first(n) {
			return false
		}
		c.say("+ IDLE accepted, awaiting DONE command.")
		c.r.ReadString('\n') // DONE is never answered
		c.r.ReadString('\n')
		return true
	}},
	{name: "half-open at a command", said: "stopped answering", meet: func(c *fakeConn, tag, cmd string, n *atomic.Int32) bool {
		if !strings.HasPrefix(cmd, "UID SEARCH") || !first(n) {
			return false
		}
		c.r.ReadString('\n') // until it hangs up
		return true
	}},
	{name: "BYE before a MOVE is done", meet: func(c *fakeConn, tag, cmd string, n *atomic.Int32) bool {
		if !strings.HasPrefix(cmd, "UID MOVE") || !first(n) {
			return false
		}
		c.say("* BYE Server shutting down.")
		c.say("%s OK MOVE completed.", tag)
		c.Close()
		return true
	}},
	{name: "BYE after a MOVE is done", meet: func(c *fakeConn, tag, cmd string, n *atomic.Int32) bool {
		if !strings.HasPrefix(cmd, "UID MOVE") || !first(n) {
			return false
		}
		c.f.mu.Lock()
		ok := c.f.transfer(c, cmd, true)
		c.f.mu.Unlock()
		if !ok {
			n.Store(0)
			return false
		}
		c.say("* BYE Server shutting down.")
		c.Close()
		return true
	}},
	{name: "cut within a body", item: func(c *fakeConn, seq int, m fakeMail, n *atomic.Int32) bool {
		if m.uid%7 != 3 || n.Add(1) > 3 {
			return false
		}
		fmt.Fprintf(c, "* %d FETCH (FLAGS () BODY[] {%d}\r\n%s", seq, len(m.raw), m.raw[:len(m.raw)/2])
		c.Close()
		return true
	}},
	{name: "not fetchable yet", item: func(c *fakeConn, seq int, m fakeMail, n *atomic.Int32) bool {
		return m.uid == 4 && n.Add(1) <= 4 // it is passed over in silence
	}},
	{name: "placeholder, then the real one", item: func(c *fakeConn, seq int, m fakeMail, n *atomic.Int32) bool {
		if m.uid != 4 || n.Add(1) > 1 {
			return false
		}
		m.raw = placeholder(placeholderEnglish)
		exchangeItem(c, seq, m)
		return true
	}},
	{name: "placeholder in German, then the real one", item: func(c *fakeConn, seq int, m fakeMail, n *atomic.Int32) bool {
		if m.uid != 4 || n.Add(1) > 2 {
			return false
		}
		m.raw = placeholder(placeholderGerman)
		exchangeItem(c, seq, m)
		return true
	}},
	{name: "numbered anew", meet: func(c *fakeConn, tag, cmd string, n *atomic.Int32) bool {
		if !strings.HasPrefix(cmd, "UID MOVE") || !first(n) {
			return false
		}
		c.f.arrange(func() {
			c.f.validity, c.f.next = c.f.validity+1, c.f.next+100
			for i := range c.f.folders["INBOX"] {
				c.f.folders["INBOX"][i].uid += 50
			}
		})
		c.Close()
		return true
	}},
}

// bear puts quirks into a server.
func bear(f *fake, list ...quirk) {
	counts := make([]atomic.Int32, len(list))
	f.quirk = func(c *fakeConn, tag, cmd string) bool {
		for i, q := range list {
			if q.meet != nil && q.meet(c, tag, cmd, &counts[i]) {
				return true
			}
		}
		return false
	}
	f.item = func(c *fakeConn, seq int, m fakeMail) {
		for i, q := range list {
			if q.item != nil && q.item(c, seq, m, &counts[i]) {
				return
			}
		}
		exchangeItem(c, seq, m)
	}
}

// exchangeRig polls an Exchange that has so many mails.
func exchangeRig(t *testing.T, db *migrations.DB, mails int, list ...quirk) (*rig, *fake) {
	t.Helper()
	f := newFake(t)
	exchange(f)
	for n := range mails {
		f.add(note(n))
	}
	bear(f, list...)
	r := newRig(t, db, f.config())
	r.tune = func(p *Poller) { p.times.silence = 250 * time.Millisecond }
	return r, f
}

// eachOnce waits until every mail is a ticket, is moved, and is there once.
func eachOnce(t *testing.T, r *rig, f *fake, mails int) {
	t.Helper()
	until(t, fmt.Sprintf("%d tickets", mails), func() bool { return r.tickets() == mails })
	until(t, "all moved", func() bool { return f.count("INBOX") == 0 && f.count("Processed") == mails })
	until(t, "all marked", func() bool { return r.count("moved_at IS NULL OR state <> 'done'") == 0 })
	if n := r.count("fate NOT IN ('new', 'duplicate')"); n != 0 {
		t.Fatalf("%d rows have another fate", n)
	}
	for n := range mails { // to the last byte
		if r.count("digest = ? AND fate = 'new'", tracker.Digest(note(n))) != 1 {
			t.Fatalf("mail %d is not kept as it was", n)
		}
	}
	until(t, "it is well again", func() bool { m := r.mailbox(); return m.LastOKAt != nil && m.LastError == "" })
}

func TestEachQuirkOfExchange(t *testing.T) {
	for _, q := range quirks {
		t.Run(q.name, func(t *testing.T) {
			t.Parallel()
			r, f := exchangeRig(t, dbtest.Open(t, migrations.SQLite), 8, q)
			r.start()
			eachOnce(t, r, f, 8)
			until(t, "the log says "+q.said, func() bool { return strings.Contains(r.log.String(), q.said) })
			f.add(note(8))
			eachOnce(t, r, f, 9)
		})
	}
}

func TestAllQuirksOfExchangeTogether(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		r, f := exchangeRig(t, db, 30, quirks...)
		r.start()
		eachOnce(t, r, f, 30)
		f.add(note(30))
		eachOnce(t, r, f, 31)
	})
}

func TestTheTimeThatExchangeAsksForIsKept(t *testing.T) {
	for line, want := range map[string]time.Duration{
		"Request is throttled. Suggested Backoff Time: 299961 milliseconds": 299961 * time.Millisecond,
		"Server Unavailable. 15": time.Minute,
	} {
		f := failure(MailboxConfig{}, stageFetch, fmt.Errorf("BAD %s", line))
		b := &backoff{times: defaultTiming()}
		if got := b.next(f, 0); got < want || got > want*12/10 {
			t.Errorf("after %q it waits %s", line, got)
		}
	}
}

// Exchange hands out a changed message under a new UID, within a session too:
// attachments that were scanned take the place of what was there.
func TestRevisedMessageUnderANewUID(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		r, f := exchangeRig(t, db, 3)
		r.cfg.LeaveInPlace = true
		r.start()
		until(t, "3 tickets", func() bool { return r.tickets() == 3 })
		f.take("INBOX", 2)
		f.add(append(note(1), "The attachment was scanned.\r\n"...))
		until(t, "the changed copy", func() bool { return r.count("fate = 'revision'") == 1 })
		if r.tickets() != 3 || r.count("TRUE") != 4 {
			t.Fatalf("%d tickets of %d mails", r.tickets(), r.count("TRUE"))
		}
		var acks int
		if err := r.db.Get(t.Context(), &acks, `SELECT count(*) FROM outbox WHERE kind = 'ack'`); err != nil || acks != 3 {
			t.Fatalf("%d acknowledgements, %v", acks, err)
		}
	})
}

// A placeholder that stays is set aside for a person, in any language, and is
// never a ticket.
func TestPlaceholderThatStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		r, f := exchangeRig(t, db, 1)
		f.add(placeholder(placeholderEnglish))
		f.add(placeholder(placeholderGerman))
		r.start()
		until(t, "both in quarantine", func() bool { return r.count("fate = 'quarantine' AND class = 'placeholder'") == 2 })
		if r.tickets() != 1 {
			t.Fatalf("%d tickets", r.tickets())
		}
	})
	for _, subject := range []string{placeholderEnglish, placeholderGerman} {
		if in := Parse(placeholder(subject), Options{}); in.Class != tracker.ClassPlaceholder {
			t.Errorf("%q is %s", subject, in.Class)
		}
	}
	real := []byte("From: \"Microsoft Exchange Server\" <admin@aldermere.example>\r\nMessage-ID: <a@aldermere.example>\r\nSubject: IMAP4 is off since 12\r\n\r\nPlease help.\r\n")
	if in := Parse(real, Options{}); in.Class != tracker.ClassHuman || isPlaceholder(real) {
		t.Errorf("a person's mail is %s", in.Class)
	}
}

// What a person takes away before it could be fetched is counted.
func TestVanishedMailIsCounted(t *testing.T) {
	r, f := exchangeRig(t, dbtest.Open(t, migrations.SQLite), 5)
	f.item = func(c *fakeConn, seq int, m fakeMail) {
		f.folders["INBOX"] = slices.DeleteFunc(slices.Clone(f.folders["INBOX"]), func(m fakeMail) bool { return m.uid == 3 })
		if m.uid != 3 {
			exchangeItem(c, seq, m)
		}
	}
	r.start()
	until(t, "the other 4", func() bool { return r.tickets() == 4 && f.count("Processed") == 4 })
	until(t, "it is counted", func() bool {
		all, err := r.store.Folders(t.Context(), r.box.ID)
		return err == nil && len(all) > 0 && all[0].Role == tracker.RoleInbox && all[0].Vanished == 1 && all[0].Waiting == 0
	})
}

// Junk is read beside the inbox, under its own numbers, and held; a mail that
// a person moves to the inbox is taken there.
func TestJunkIsReadAndHeld(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		r, f := exchangeRig(t, db, 3)
		f.put("Junk Email", time.Now().Add(-time.Hour), note(90)) // lay there before
		r.cfg.Junk = JunkByItself
		r.start()
		until(t, "3 tickets", func() bool { return r.tickets() == 3 && f.count("Processed") == 3 })
		until(t, "Junk was looked into", func() bool { return f.said(`^EXAMINE "Junk Email"`) > 0 })
		for n := range 2 {
			f.put("Junk Email", time.Now().Add(time.Second), note(10+n))
		}
		f.add(note(3))
		until(t, "held", func() bool { return r.count("fate = 'pending' AND folder = 'Junk Email'") == 2 && r.tickets() == 4 })
		if f.count("Junk Email") != 3 || f.said(`^(UID (STORE|MOVE|COPY)|SELECT "Junk)`) != f.said(`^UID MOVE .*Processed`) {
			t.Fatal("Junk was touched")
		}
		f.take("Junk Email", 2)
		f.add(note(10))
		until(t, "it is a ticket", func() bool { return r.tickets() == 5 && f.count("INBOX") == 0 })
		if n, err := r.store.HeldCount(t.Context()); err != nil || n != 1 {
			t.Fatalf("%d are held, %v", n, err)
		}
		if n := r.count("digest = ?", tracker.Digest(note(90))); n != 0 {
			t.Fatal("what lay there before was taken")
		}
	})
}

func TestJunkThatIsNotThereStopsNothing(t *testing.T) {
	r, f := exchangeRig(t, dbtest.Open(t, migrations.SQLite), 3)
	r.cfg.Junk = "Trash bin"
	r.start()
	until(t, "3 tickets", func() bool { return r.tickets() == 3 && f.count("Processed") == 3 })
	until(t, "it is on the page", func() bool { return strings.Contains(r.mailbox().LastError, "no folder Trash bin") })
	f.add(note(3))
	until(t, "4 tickets", func() bool { return r.tickets() == 4 && f.count("Processed") == 4 })
}

// In shadow mode nothing in the mailbox changes; switched on, each mail is
// decided once, also where the process dies at that moment.
func TestShadowModeTouchesNothing(t *testing.T) {
	for _, how := range []tracker.ShadowEnd{tracker.ApplySeen, tracker.FromNowOn} {
		t.Run(string(how), func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
				r, f := exchangeRig(t, db, 20)
				r.cfg.Junk = JunkByItself
				f.put("Junk Email", time.Now().Add(-time.Hour), note(90))
				if err := r.store.BeginShadow(t.Context(), tracker.Actor{}, r.box.ID); err != nil {
					t.Fatal(err)
				}
				stop := r.start()
				until(t, "all seen", func() bool { return r.count("fate = 'shadow'") == 20 })
				f.put("Junk Email", time.Now().Add(time.Second), note(91))
				until(t, "Junk seen", func() bool { return r.count("fate = 'shadow'") == 21 })
				if f.count("INBOX") != 20 || f.said(`^(SELECT|UID (STORE|MOVE|COPY|EXPUNGE)|CREATE|SUBSCRIBE|APPEND)`) != 0 || r.tickets() != 0 {
					t.Fatal("the mailbox was touched")
				}
				var mails int
				if err := r.db.Get(t.Context(), &mails, `SELECT count(*) FROM outbox`); err != nil || mails != 0 {
					t.Fatalf("%d mails leave, %v", mails, err)
				}
				again := newRig(t, db, r.cfg) // the switch, and the process dies: nothing of this start goes on
				if _, err := again.store.EndShadow(t.Context(), tracker.Actor{}, r.box.ID, how); err != nil {
					t.Fatal(err)
				}
				stop()
				again.tune = r.tune
				again.start()
				f.add(note(20))
				want, left := 21, 0
				if how == tracker.FromNowOn {
					want, left = 1, 20
				}
				until(t, "decided", func() bool { return again.tickets() == want && again.count("state <> 'done'") == 0 })
				until(t, "moved", func() bool { return f.count("INBOX") == left && f.count("Processed") == want })
				if err := r.db.Get(t.Context(), &mails, `SELECT count(*) FROM outbox`); err != nil || mails != 1 {
					t.Fatalf("%d mails leave, %v", mails, err)
				}
			})
		})
	}
}

// After a restore from a backup, mail that was taken since lies in the
// processed folder, and the database knows nothing of it.
func TestMailOfTheProcessedFolderIsFoundAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		r, f := exchangeRig(t, db, 5)
		f.put("Processed", time.Now().Add(-time.Hour), note(70)) // lay there before we came
		stop := r.start()
		until(t, "5 tickets", func() bool { return r.tickets() == 5 && f.count("Processed") == 6 })
		until(t, "compared", func() bool {
			all, err := r.store.Folders(t.Context(), r.box.ID)
			return err == nil && len(all) == 2 && all[1].ReconciledAt != nil
		})
		stop()
		f.put("Processed", time.Now().Add(-time.Minute), note(20)) // moved after the backup was made
		f.put("Processed", time.Now().Add(-time.Minute), note(3))  // known, under another UID
		again := newRig(t, db, r.cfg)
		again.tune = r.tune
		again.start()
		until(t, "it is taken", func() bool { return again.tickets() == 6 })
		f.put("Processed", time.Now().Add(time.Minute), note(21)) // a person moved it before we saw it
		if err := again.store.AskReconciliation(t.Context(), tracker.Actor{}, r.box.ID); err != nil {
			t.Fatal(err)
		}
		until(t, "it is taken too", func() bool { return again.tickets() == 7 && again.count("state <> 'done'") == 0 })
		if n := again.count("quiet"); n != 1 {
			t.Fatalf("%d mails are not answered", n)
		}
		if again.count("TRUE") != 7 || again.count("digest = ?", tracker.Digest(note(70))) != 0 || f.count("Processed") != 9 {
			t.Fatalf("%d rows", again.count("TRUE"))
		}
		until(t, "it is counted", func() bool {
			all, err := again.store.Folders(t.Context(), r.box.ID)
			return err == nil && len(all) == 2 && all[1].Found == 2 && all[1].FoundLast == 1 && all[1].Waiting == 0
		})
	})
}

// Where nothing is moved there is still something to compare: the folder that
// is read.
func TestFolderThatIsLeftAloneIsComparedToo(t *testing.T) {
	r, _ := exchangeRig(t, dbtest.Open(t, migrations.SQLite), 3)
	r.cfg.LeaveInPlace = true
	r.start()
	compared := func(after migrations.Stamp) func() bool {
		return func() bool {
			all, err := r.store.Folders(t.Context(), r.box.ID)
			return err == nil && len(all) == 1 && migrations.Or(all[0].ReconciledAt) > after && all[0].Messages == 3 && all[0].Waiting == 0
		}
	}
	until(t, "compared at the start", compared(0))
	if err := r.store.AskReconciliation(t.Context(), tracker.Actor{}, r.box.ID); err != nil {
		t.Fatal(err)
	}
	m, err := r.store.Mailbox(t.Context(), r.box.ID)
	if err != nil {
		t.Fatal(err)
	}
	until(t, "compared again", compared(*m.ReconcileAt))
}

// Whether an uncertain mail was sent is read in the Sent folder, where the
// server keeps what it sent by itself.
func TestUncertainMailIsSoughtInSent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		r, f := exchangeRig(t, db, 3)
		for i, m := range []string{"From: a@b.example\r\nMessage-ID: <one@aldermere.example>\r\n\r\n.", "X-Microsoft-Original-Message-ID: <two@aldermere.example>\r\nMessage-ID: <new@exchange.example>\r\n\r\n."} {
			f.put("Gesendete Elemente", time.Now().Add(time.Duration(i)*time.Second), []byte(m))
		}
		now := time.Now()
		var back atomic.Int64
		r.store = tracker.New(db, tracker.Options{Clock: func() time.Time { return now.Add(time.Duration(back.Load())) }, LeaseTTL: time.Second})
		r.store.SetPolicy(tracker.Policy{MailboxID: r.box.ID, Address: r.cfg.Address})
		r.start()
		until(t, "3 acknowledgements", func() bool { return r.outbox("kind = 'ack'") == 3 })
		err := db.Tx(t.Context(), func(tx *migrations.Tx) error {
			for id, mailID := range map[int]string{1: "one", 2: "two", 3: "three"} {
				_, err := tx.Exec(t.Context(), `UPDATE outbox SET state = 'uncertain', mail_id = ?, sending_at = 1, response = 'the answer was lost' WHERE id = ?`, mailID+"@aldermere.example", id)
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		until(t, "two are sent", func() bool {
			return r.outbox("state = 'sent' AND id < 3 AND response LIKE 'the answer was lost; its copy lies in Gesendete Elemente%'") == 2
		})
		until(t, "the third is looked for", func() bool { return r.outbox("id = 3 AND sought_from > 0") == 1 })
		if r.outbox("id = 3 AND state = 'uncertain' AND response = 'the answer was lost'") != 1 {
			t.Fatal("it was given up at once")
		}
		back.Store(int64(11 * time.Minute))
		until(t, "given up", func() bool {
			return r.outbox("id = 3 AND state = 'uncertain' AND sought_from = 0 AND response LIKE '%where other mails of ours lie, and not found (until%'") == 1
		})
		if f.said("^APPEND") != 0 || f.count("Gesendete Elemente") != 2 {
			t.Fatal("the Sent folder was changed")
		}
	})
}

// outbox counts rows of the outbox.
func (r *rig) outbox(where string) int {
	r.t.Helper()
	var n int
	if err := r.db.Get(r.t.Context(), &n, `SELECT count(*) FROM outbox WHERE `+where); err != nil {
		r.t.Fatal(err)
	}
	return n
}
