package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"helpdeskd/tracker"
)

// The hostile specimens: mails that attack or are broken, each taken through
// Keep, Parse and Receive with the verdicts of our own mail server present,
// absent and failing, on both engines.

// specimen is one case of the set's expected.json.
type specimen struct {
	File   string `json:"file"`
	Attack string `json:"attack"`
	Assert struct {
		Ticket      string `json:"ticket"`
		Ack         int    `json:"ack"`
		Commands    int    `json:"commands"`
		Class       string `json:"class"`
		MaxMS       int64  `json:"max_ms"`
		Attachments int    `json:"attachments"`
		Replay      int    `json:"replay"`
		MaxAcks     int    `json:"max_acks"`
		SameID      int    `json:"same_id"`
	} `json:"assert"`
}

// ruling is what becomes of a specimen, where the design decides otherwise
// than the set's authors wrote.
type ruling struct {
	ticket string
	ack    int
	class  string
	why    string
}

var rulings = map[string]ruling{
	"b12b-revised-second.eml":      {"append:b12a", 0, "human", "its Subject differs from the first copy's, so by the design it is a new item; its known Message-ID from the requester brings it to the same ticket. TestHostileRevision has the same Subject."},
	"a14-comment-in-from.eml":      {"new", 1, "human", "what stands before the angle is a name, whatever it looks like: the author is who stands in the angle, and is answered"},
	"a15-route-addr.eml":           {"quarantine", 0, "malformed", "a source route is a spelling that readers disagree about"},
	"h04-shell-address.eml":        {"new", 0, "human", "a quoted local part is nothing that we write to"},
	"l13-noreply.eml":              {"new", 0, "human", "a no-reply address makes no robot: only the acknowledgement is withheld"},
	"x12-alternative-mismatch.eml": {"new", 1, "human", "a technician who asks for something is a client, and acknowledged like one"},
}

// verdicts is what our own mail server says of a mail.
type verdicts string

const (
	present verdicts = "present"
	absent  verdicts = "absent"
	failing verdicts = "failing"
)

var (
	verdictHead = regexp.MustCompile(`(?im)^(Authentication-Results|X-MS-Exchange-Organization-Auth[A-Za-z]*):.*\r?\n([ \t].*\r?\n)*`)
	headEnd     = regexp.MustCompile(`\r?\n\r?\n`)
	fromDomain  = regexp.MustCompile(`(?im)^From:[^\r\n]*@([^\s>\r\n]+)`)
)

// apply rewrites a specimen's verdict headers.
func (v verdicts) apply(raw []byte) []byte {
	end := headEnd.FindIndex(raw)
	if v == present || end == nil || !strings.Contains(string(raw[:end[0]]), ":") {
		return raw
	}
	head := string(raw[:end[0]])
	bare := verdictHead.ReplaceAllString(head+"\r\n", "")
	if v == failing {
		domain := "corp.example"
		if m := fromDomain.FindStringSubmatch(head); m != nil {
			domain = m[1]
		}
		bare = "Authentication-Results: spf=fail (sender IP is 203.0.113.66) smtp.mailfrom=" + domain + "; dkim=none header.d=none;dmarc=fail action=none header.from=" + domain +
			";compauth=fail reason=000\r\nX-MS-Exchange-Organization-AuthAs: Anonymous\r\n" + bare
	}
	return []byte(bare + "\r\n" + string(raw[end[1]:]))
}

// expect is what must become of a specimen under these verdicts.
func (v verdicts) expect(s specimen) ruling {
	r, ok := rulings[s.File]
	if !ok {
		r = ruling{ticket: s.Assert.Ticket, ack: s.Assert.Ack, class: s.Assert.Class}
	}
	technician := s.File[0] == 'k' || s.File == "c03-control-tech-command.eml"
	held := strings.HasPrefix(r.ticket, "append:") || strings.HasPrefix(r.ticket, "revision:")
	switch {
	case v == absent && technician && held:
		r.ticket = "pending:1001"
	case v == failing && (r.ticket == "new" || r.ticket == "any"):
		r.ticket, r.ack = "pending", 0
	case v == failing && held:
		r.ticket, r.ack = "pending:1001", 0
		if strings.HasPrefix(s.File, "b12b") { // the first copy was held without a ticket
			r.ticket = "pending"
		}
	}
	return r
}

func readSpecimens(t *testing.T) (string, []specimen) {
	t.Helper()
	dir := corpusDir(t, "hostile")
	b, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if os.IsNotExist(err) {
		t.Skipf("there are no hostile specimens in %s", dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Cases []specimen }
	if err := json.Unmarshal(b, &set); err != nil || len(set.Cases) == 0 {
		t.Fatalf("%s: %d cases, %v", dir, len(set.Cases), err)
	}
	return dir, set.Cases
}

func TestHostileSpecimens(t *testing.T) {
	dir, cases := readSpecimens(t)
	for _, e := range engines {
		for _, v := range []verdicts{present, absent, failing} {
			t.Run(fmt.Sprintf("%s/verdicts %s", e, v), func(t *testing.T) {
				d := newHostileDesk(t, e)
				for _, s := range cases {
					raw, err := os.ReadFile(filepath.Join(dir, s.File))
					if err != nil {
						t.Fatal(err)
					}
					d.judge(s, v.apply(d.mint(raw)), v)
				}
				d.judgeSent()
			})
		}
	}
}

// judge takes a specimen twice and holds everything against what must be.
func (d *hostileDesk) judge(s specimen, raw []byte, v verdicts) {
	t := d.t
	t.Helper()
	bad := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s (%s): %s", s.File, s.Attack, fmt.Sprintf(format, args...))
	}
	want := v.expect(s)
	d.now = d.now.Add(2 * time.Hour) // past what an hour's limits remember
	before := d.lastOutbox()
	start := time.Now()
	o := d.take(raw)
	if took := time.Since(start); took.Milliseconds() > s.Assert.MaxMS {
		bad("took %s", took)
	}
	if !d.fateFits(want.ticket, o) {
		bad("became %s of %q (%s), must be %s", o.Fate, o.Ticket, o.Reason, want.ticket)
	}
	commands := s.Assert.Commands
	if v != present {
		commands = 0
	}
	if o.Acks != want.ack || o.Commands != commands {
		bad("%d acknowledgements and %d commands, must be %d and %d", o.Acks, o.Commands, want.ack, commands)
	}
	if !classFits(want.class, o.Class) {
		bad("is %s, must be %s", o.Class, want.class)
	}
	for _, problem := range d.outboxProblems(before, o, raw) {
		bad("%s", problem)
	}
	d.fates[s.File] = o
	if n := s.Assert.Attachments; n > 0 {
		if have := d.count(`SELECT count(*) FROM attachment a JOIN message m ON m.id = a.message_id JOIN inbox i ON i.id = m.inbox_id WHERE i.id = ? AND a.role = 'file'`, o.InboxID); have != n {
			bad("%d attachments, must be %d", have, n)
		}
	}
	d.now = d.now.Add(time.Minute)
	was := d.census()
	again := d.take(raw)
	if again.Fate != tracker.FateDuplicate && again.Fate != o.Fate || again.Ticket != o.Ticket && o.Ticket != "" {
		bad("the second time it became %s of %q", again.Fate, again.Ticket)
	}
	if is := d.census(); is != was {
		bad("the second time changed something:\n%s", difference(was, is))
	}
	if s.Assert.Replay > 1 && s.Assert.SameID == 0 {
		d.replay(s, raw, want.ack, bad)
	}
}

// replay takes the mail under ever new ids within the hour.
func (d *hostileDesk) replay(s specimen, raw []byte, acks int, bad func(string, ...any)) {
	first := d.count(`SELECT count(*) FROM ticket`)
	for i := range s.Assert.Replay - 1 {
		o := d.take([]byte(strings.Replace(string(raw), "@specimen.example>", fmt.Sprintf(".%d@specimen.example>", i), 1)))
		acks += o.Acks
	}
	if acks > s.Assert.MaxAcks {
		bad("%d acknowledgements for %d mails, at most %d", acks, s.Assert.Replay, s.Assert.MaxAcks)
	}
	if n := d.count(`SELECT count(*) FROM ticket`) - first; n != s.Assert.Replay-1 && n != 0 {
		bad("%d of %d mails became tickets", n, s.Assert.Replay-1)
	}
}

// fateFits compares a fate with the set's words for it.
func (d *hostileDesk) fateFits(want string, o tracker.Outcome) bool {
	fate, of, _ := strings.Cut(want, ":")
	switch {
	case want == "any":
		return o.Fate != ""
	case fate != o.Fate:
		return false
	case of == "":
		return true
	case of == "1001":
		return o.Ticket == d.annas
	}
	for file, first := range d.fates { // of another specimen's ticket
		if strings.HasPrefix(file, of) {
			return o.Ticket == first.Ticket
		}
	}
	return false
}

// classFits compares our classes with the set's. Suspicion and strangers are
// no classes of ours: they are fates.
func classFits(want string, is tracker.Class) bool {
	fits := map[string][]tracker.Class{
		"human":       {tracker.ClassHuman},
		"auto":        {tracker.ClassAutoReply, tracker.ClassReceipt},
		"bounce":      {tracker.ClassBounce},
		"list":        {tracker.ClassList},
		"malformed":   {tracker.ClassMalformed},
		"placeholder": {tracker.ClassPlaceholder},
	}[want]
	return fits == nil || slices.Contains(fits, is)
}

// outboxProblems says what is wrong with the mail that a specimen made due.
func (d *hostileDesk) outboxProblems(before int, o tracker.Outcome, raw []byte) (bad []string) {
	var rows []struct {
		Kind string `db:"kind"`
		To   string `db:"to_address"`
	}
	d.ok(d.store.DB().Select(d.ctx, &rows, `SELECT kind, to_address FROM outbox WHERE id > ? ORDER BY id`, before))
	acks := 0
	for _, r := range rows {
		switch {
		case strings.HasSuffix(r.To, "third.example"):
			bad = append(bad, "a mail to the victim "+r.To)
		case r.Kind == tracker.MailAck:
			acks++
			if from := d.parse(raw).From; len(from) != 1 || from[0].Address != r.To {
				bad = append(bad, "an acknowledgement to "+r.To+", who did not write it")
			}
		case r.Kind == tracker.MailReply:
			if o.Fate != tracker.FateAppend || r.To != "anna@corp.example" {
				bad = append(bad, "an answer to "+r.To)
			}
		case r.To != "tech1@corp.example":
			bad = append(bad, "a "+r.Kind+" to "+r.To)
		case r.Kind == tracker.MailNotify && o.Fate == tracker.FatePending:
			bad = append(bad, "a notification of a held mail")
		}
	}
	if acks != o.Acks {
		bad = append(bad, strconv.Itoa(acks)+" acknowledgements are queued")
	}
	return bad
}

// judgeSent looks at what really left: one recipient each, nobody's secrets,
// and no text that somebody evaluated.
func (d *hostileDesk) judgeSent() {
	t := d.t
	sent := d.drain()
	if len(sent) < 40 && d.count(`SELECT count(*) FROM outbox`) > 50 {
		t.Errorf("only %d mails left", len(sent))
	}
	for _, m := range sent {
		h := m.Header()
		if h == nil || len(m.To) != 1 || m.From != "helpdesk@corp.example" {
			t.Errorf("a mail from %q to %q:\n%.400s", m.From, m.To, m.Data)
			continue
		}
		for _, f := range []string{"Bcc", "Cc", "Disposition-Notification-To"} {
			if h.Get(f) != "" {
				t.Errorf("a mail to %s has %s: %s", m.To[0], f, h.Get(f))
			}
		}
		in := d.parse(m.Data)
		if len(in.From) != 1 || in.From[0].Address != m.From || len(in.To) != 1 || in.To[0].Address != m.To[0] {
			t.Errorf("a mail to %s says that it is from %v to %v", m.To[0], in.From, in.To)
		}
		staff := m.To[0] == "tech1@corp.example" || m.To[0] == "tech9@corp.example"
		if strings.Contains(in.Subject+in.Text, "kestrel") && !staff && m.To[0] != "anna@corp.example" {
			t.Errorf("words of anna's ticket went to %s", m.To[0])
		}
		if regexp.MustCompile(`(^|[^-])\b49\b`).MatchString(in.Subject + in.Text) {
			t.Errorf("a template ran in the mail to %s: %q", m.To[0], in.Text)
		}
		for _, token := range d.tokens { // a token reaches its owner only
			if strings.Contains(string(m.Data), token.id) && m.To[0] != token.owner {
				t.Errorf("the reply token of %s went to %s", token.owner, m.To[0])
			}
		}
	}
}
