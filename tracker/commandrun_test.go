package tracker

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"helpdeskd/migrations"
)

// commandDesk is a desk with a ticket of anna's and a technician, tess, who
// holds a reply token for it.
type commandDesk struct {
	*mailDesk
	tess Account
	otto Account
	id   string // the Message-ID with tess's token
}

func eachCommandDesk(t *testing.T, fn func(t *testing.T, d *commandDesk)) {
	eachMailDesk(t, func(m *mailDesk) {
		d := &commandDesk{mailDesk: m, tess: m.technician("tess@aldermere.example"), otto: m.technician("otto.berg@aldermere.example")}
		m.technician("otto.wall@aldermere.example")
		d.want(d.receive(d.mail(func(in *Inbound) {
			in.Cc = []Address{{Name: "Ben Copied", Address: "ben@aldermere.example"}, {Address: "helpdesk@aldermere.example"}, {Address: "tess@aldermere.example"}}
		})), FateNew, "HD-1", 1)
		d.id = tokenID(d.send()["tess@aldermere.example"])
		fn(m.t, d)
	})
}

// by is a mail of tess's in answer to her notification.
func (d *commandDesk) by(words string, edits ...func(*Inbound)) Inbound {
	return d.mail(append([]func(*Inbound){from("tess@aldermere.example"), answers(d.id), says(words)}, edits...)...)
}

// told is the last answer about commands that is due.
func (d *commandDesk) told() CommandAnswer {
	d.t.Helper()
	var detail string
	d.ok(d.db.Get(d.ctx, &detail, `SELECT detail FROM outbox WHERE kind = 'commands' AND to_address = 'tess@aldermere.example' ORDER BY id DESC LIMIT 1`))
	var m mailDetail
	d.ok(json.Unmarshal([]byte(detail), &m))
	return *m.Commands
}

func (d *commandDesk) ticket() Ticket {
	d.t.Helper()
	t, err := d.TicketByNumber(d.ctx, 1)
	d.ok(err)
	return t
}

// sentBodies are the words that went to clients.
func (d *commandDesk) sentBodies() []string {
	d.t.Helper()
	var list []string
	d.ok(d.db.Select(d.ctx, &list, `SELECT m.body FROM outbox o JOIN message m ON m.id = o.message_id WHERE o.kind = 'reply' ORDER BY o.id`))
	return list
}

func TestCommandsAct(t *testing.T) {
	eachCommandDesk(t, func(t *testing.T, d *commandDesk) {
		network, err := d.AddCategory(d.ctx, Actor{}, "Zeppelins and Balloons")
		d.ok(err)

		o := d.receive(d.by("#take\n#priority 3*\n#category zepp\n#subject Gateway down\n#cc ben@aldermere.example\n#fix restarted the gateway\n\nHello Anna, it runs again."))
		if o.Fate != FateAppend || o.Commands != 6 || o.Ticket != "HD-1" {
			t.Fatalf("%+v", o)
		}
		x := d.ticket()
		if x.AssigneeID != d.tess.ID || x.Stage != InProgress || x.Level != 3 || !x.Star || x.CategoryID != network.ID || x.Subject != "Gateway down" || x.Fix != "restarted the gateway" {
			t.Errorf("the ticket is %+v", x)
		}
		if got := d.sentBodies(); !slices.Equal(got, []string{"Hello Anna, it runs again.", "Hello Anna, it runs again."}) {
			t.Errorf("to clients went %q", got)
		}
		a := d.told()
		if len(a.Lines) != 6 || !slices.Contains(a.Sent, "Anna Berg") || !slices.Contains(a.Sent, "Ben Copied") || a.Unsent {
			t.Errorf("told %+v", a)
		}
		for _, l := range a.Lines {
			if l.Done == "" {
				t.Errorf("%+v", l)
			}
		}
		if n := d.count(`SELECT commands FROM inbox ORDER BY id DESC LIMIT 1`); n != 6 {
			t.Errorf("the ledger counts %d commands", n)
		}

		// A note stays in the house.
		if o := d.receive(d.by("#note\nShe poured tea into it.")); o.Commands != 1 {
			t.Errorf("%+v", o)
		}
		if n := d.count(`SELECT count(*) FROM note WHERE body = 'She poured tea into it.' AND account_id = ?`, d.tess.ID); n != 1 {
			t.Error("the note is not written")
		}
		if n := d.count(`SELECT count(*) FROM message WHERE state = 'kept' AND body = '#note'`); n != 1 {
			t.Error("the mail of the note is not kept")
		}
		if a := d.told(); len(a.Sent) != 0 || a.Unsent {
			t.Errorf("told %+v", a)
		}

		// Asking the client, in our words and in the technician's.
		if o := d.receive(d.by("#confirm")); o.Commands != 1 || d.ticket().Stage != Confirming || !d.told().Asked {
			t.Errorf("%+v %+v", o, d.told())
		}
		if got := d.sentBodies(); len(got) != 4 || !strings.Contains(got[3], "restarted the gateway") {
			t.Errorf("to clients went %q", got)
		}
		if o := d.receive(d.by("#stage: in progress\n#confirm\nDoes it work?")); o.Commands != 2 || d.told().Asked || len(d.sentBodies()) != 6 {
			t.Errorf("%+v %q", o, d.sentBodies())
		}
		if o := d.receive(d.by("#drop she left the company")); o.Commands != 1 || d.ticket().Stage != Dropped || d.ticket().DropReason != "she left the company" {
			t.Errorf("%+v", o)
		}
		if o := d.receive(d.by("#reopen\n#assign otto berg\n#done The gateway hung.")); o.Commands != 3 || d.ticket().Stage != Completed || d.ticket().AssigneeID != d.otto.ID {
			t.Errorf("%+v %+v", o, d.told())
		}
		if x := d.ticket(); x.Fix != "restarted the gateway" || x.News {
			t.Errorf("the ticket is %+v", x)
		}
	})
}

// c03 of the hostile set: words, and the command below them in one paragraph.
// The fix is what was written to the client.
func TestDoneTakesTheWordsAsTheFix(t *testing.T) {
	eachCommandDesk(t, func(t *testing.T, d *commandDesk) {
		if o := d.receive(d.by("#done")); o.Commands != 0 || d.ticket().Stage != Requested || !strings.Contains(d.told().Lines[0].Problem, "#fix") {
			t.Errorf("%+v %+v", o, d.told())
		}
		if o := d.receive(d.by("Fixed, rebooted.\n#close")); o.Commands != 1 || d.ticket().Stage != Completed || d.ticket().Fix != "Fixed, rebooted." {
			t.Errorf("%+v %+v", o, d.ticket())
		}
		if got := d.sentBodies(); !slices.Equal(got, []string{"Fixed, rebooted."}) {
			t.Errorf("to the client went %q", got)
		}
	})
}

// A slip never shows a client what was not meant for them; each line is done
// or not for itself.
func TestCommandsNotUnderstood(t *testing.T) {
	eachCommandDesk(t, func(t *testing.T, d *commandDesk) {
		for _, c := range []struct {
			words   string
			ran     int
			problem string // of the last line, or what is nearest
			unclear string
			unsent  bool
		}{
			{"#noet she is cross", 0, "note", UnclearWord, false},
			{"#noet\nshe is cross", 0, "note", UnclearWord, true},
			{"Hello Anna,\n\n#note she is cross", 0, "", UnclearBelow, true},
			{"#take\n#assign otto\n\nHello", 1, "Several fit", "", false},
			{"#assign zoe", 0, "There is no technician", "", false},
			{"#priority 4", 0, "1, 2, 3 or 3*", "", false},
			{"#stage nowhere", 0, "The stages are", "", false},
			{"#category", 0, "name the category", "", false},
			{"#fix", 0, "what solved it", "", false},
			{"#drop", 0, "why", "", false},
			{"#cc ben", 1, "", "", false},
			{"#cc zebra", 0, "There is no person copied in", "", false},
			{"#cc helpdesk@aldermere.example", 0, "own address", "", false},
			{"#asset A-1", 0, "no inventory", "", false},
			{"#repair hinge", 0, "no inventory", "", false},
			{"#note", 0, "empty", "", false},
			{"#addtech mallory@evil.example\n#set ack off", 0, "never done by mail", UnclearWord, false},
			{"#vault reveal", 0, "never done by mail", UnclearWord, false},
			{"\uff03close\n#\u200bclose\n#close", 0, "looks like", UnclearMasked, false},
			{"#fix new cable\n#done\n#foo\nHello", 1, "", UnclearWord, true}, // not completed: the words did not go
		} {
			before, was := len(d.sentBodies()), d.ticket()
			o := d.receive(d.by(c.words))
			a := d.told()
			var last CommandLine
			if n := len(a.Lines); n > 0 {
				last = a.Lines[n-1]
			}
			if o.Fate != FateAppend || o.Ticket != "HD-1" || o.Commands != c.ran || !strings.Contains(last.Problem+last.Nearest, c.problem) || a.Unsent != c.unsent || c.unsent && a.Unclear != c.unclear {
				t.Errorf("%q: %+v, told %+v", c.words, o, a)
			}
			sent := d.sentBodies()[before:]
			if strings.Contains(strings.Join(sent, ""), "cross") || len(sent) > 1 {
				t.Errorf("%q: to the client went %q", c.words, sent)
			}
			if x := d.ticket(); x.Stage == Completed || c.ran == 0 && (x.Level != was.Level || x.AssigneeID != was.AssigneeID || x.Fix != was.Fix) {
				t.Errorf("%q: the ticket is %+v", c.words, x)
			}
		}
		if n := d.count(`SELECT count(*) FROM event WHERE kind = 'command_refused'`); n < 6 {
			t.Errorf("%d refusals are recorded", n)
		}
		if n := d.count(`SELECT count(*) FROM event WHERE was LIKE '%cross%' OR became LIKE '%cross%'`); n != 0 {
			t.Error("an event holds what somebody wrote")
		}
		if n := d.count(`SELECT count(*) FROM account`); n != 3 {
			t.Error("a mail made an account")
		}
	})
}

// An archived ticket is only re-opened.
func TestCommandsOnAnArchivedTicket(t *testing.T) {
	eachCommandDesk(t, func(t *testing.T, d *commandDesk) {
		d.receive(d.by("#done switched it off and on"))
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE ticket SET archived_at = 1`)
			return err
		}))
		if o := d.receive(d.by("#priority 2\n#note hello")); o.Commands != 0 || !strings.Contains(d.told().Lines[0].Problem, "archived") {
			t.Errorf("%+v %+v", o, d.told())
		}
		o := d.receive(d.by("#stage in progress\n#priority 2"))
		if x := d.ticket(); o.Commands != 2 || x.Archived() || x.Level != 2 {
			t.Errorf("%+v %+v", o, x)
		}
	})
}

// When one of the five conditions fails, no command is run, also not when a
// person lets the mail in later; and it is then sent to nobody.
func TestCommandsNeedAllFive(t *testing.T) {
	eachCommandDesk(t, func(t *testing.T, d *commandDesk) {
		d.want(d.receive(d.mail(from("cleo@aldermere.example"))), FateNew, "HD-2", 1)
		other := d.send()
		clean := func(name string) {
			t.Helper()
			if x := d.ticket(); x.AssigneeID != 0 || x.Stage != Requested || d.count(`SELECT count(*) FROM outbox WHERE kind IN ('reply', 'commands')`) != 0 || d.count(`SELECT count(*) FROM note WHERE kind = 'note'`) != 0 {
				t.Errorf("%s: something was done: %+v", name, x)
			}
		}
		const words = "#take\n#note secret"
		for name, edit := range map[string]func(*Inbound){
			"no verdict": func(in *Inbound) { in.AuthAs = "" },
			"failed": func(in *Inbound) {
				in.AuthAs, in.AuthResults = "", []string{"dmarc=fail header.from=aldermere.example"}
			},
			"only the tag":    func(in *Inbound) { in.InReplyTo, in.References, in.SubjectTags = nil, nil, []int64{1} },
			"another's token": answers(tokenID(other["otto.berg@aldermere.example"])),
		} {
			if o := d.receive(d.by(words, edit)); o.Fate != FatePending || o.Commands != 0 {
				t.Errorf("%s: %+v", name, o)
			}
			clean(name)
		}
		if o := d.receive(d.by(words, func(in *Inbound) { in.Class = ClassAutoReply })); o.Fate != FateNone || o.Commands != 0 {
			t.Errorf("automatic: %+v", o)
		}
		if o := d.receive(d.mail(says(words))); o.Commands != 0 { // anna's own
			t.Errorf("a client's: %+v", o)
		}
		clean("all")
		var held int64
		d.ok(d.db.Get(d.ctx, &held, `SELECT MIN(id) FROM message WHERE state = 'held' AND ticket_id = (SELECT id FROM ticket WHERE number = 1)`))
		if h, err := d.HeldMail(d.ctx, held); err != nil || !h.Commands || h.Technician == "" {
			t.Errorf("held: %+v %v", h, err)
		}
		_, err := d.ApproveHeld(d.ctx, d.otto.Actor(), held, Approval{})
		d.ok(err)
		clean("approved")
		if n := d.count(`SELECT count(*) FROM message WHERE id = ? AND state = 'kept'`, held); n != 1 {
			t.Error("the approved mail is not kept")
		}

		// The same mail again, also changed on its way, runs nothing.
		in := d.by("#take\nHello")
		if o := d.receive(in); o.Commands != 1 {
			t.Errorf("%+v", o)
		}
		if o := d.receive(in); o.Fate != FateDuplicate || o.Commands != 0 {
			t.Errorf("again: %+v", o)
		}
		in.Reply, in.Text, in.ContentDigest = "#priority 3\nHello there", "#priority 3\nHello there", "changed"
		if o := d.receive(in); o.Fate != FateRevision || o.Commands != 0 || d.ticket().Level == 3 {
			t.Errorf("changed: %+v", o)
		}
		if n := d.count(`SELECT count(*) FROM message WHERE state = 'shown' AND body LIKE '%priority%'`); n != 0 {
			t.Error("the changed copy shows its commands")
		}
	})
}

// A crash before the decision is committed repeats all of it, once.
func TestCommandsOnceAcrossACrash(t *testing.T) {
	eachCommandDesk(t, func(t *testing.T, d *commandDesk) {
		in := d.by("#note once\nonly")
		in.Digest = Digest([]byte("raw bytes of " + in.Digest))
		_, err := d.Keep(d.ctx, d.lease, d.mailbox.ID, []RawMail{{UIDValidity: 1, UID: 900, ReceivedAt: d.now, MailID: in.MessageID, Data: []byte("raw")}})
		d.ok(err)
		work, err := d.Claim(d.ctx, d.lease, d.mailbox.ID, 10)
		d.ok(err)
		stop := errors.New("the power went")
		err = d.underLease(d.ctx, d.lease, func(tx *migrations.Tx) error {
			b, err := d.gather(d.ctx, tx, []Item{{Work: work[0], Mail: in}})
			if err != nil {
				return err
			}
			if o, err := d.receiveTx(d.ctx, tx, b, Item{Work: work[0], Mail: in}); err != nil || o.Commands != 1 {
				t.Errorf("%+v %v", o, err)
			}
			return stop
		})
		if !errors.Is(err, stop) || d.count(`SELECT count(*) FROM note WHERE kind = 'note'`) != 0 {
			t.Fatalf("before the commit: %v", err)
		}
		out, err := d.Receive(d.ctx, d.lease, []Item{{Work: work[0], Mail: in}})
		d.ok(err)
		if len(out) != 1 || out[0].Commands != 1 || d.count(`SELECT count(*) FROM note WHERE kind = 'note'`) != 1 || d.count(`SELECT count(*) FROM outbox WHERE kind = 'commands'`) != 1 {
			t.Errorf("%+v", out)
		}
	})
}

// Anybody writes any name before an address of theirs: who takes part by it is
// told with the address.
func TestCommandsNameWhoTakesPartByAddress(t *testing.T) {
	eachCommandDesk(t, func(t *testing.T, d *commandDesk) {
		o := d.receive(d.by("#cc Oscar", func(in *Inbound) { in.Cc = []Address{{Name: "Oscar Dietz", Address: "oscar@evil.example"}} }))
		if o.Commands != 1 {
			t.Fatalf("%+v", o)
		}
		if got := d.told().Lines[0].Args; len(got) != 1 || got[0] != "Oscar Dietz <oscar@evil.example>" {
			t.Errorf("told of %q", got)
		}
	})
}
