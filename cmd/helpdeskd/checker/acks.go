package checker

import (
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// sendings compares what the sink received with the outbox: every mail that is
// called sent came exactly once, and nothing came that is not written down.
func (c *check) sendings() {
	came := map[string]int{}
	for _, r := range c.sent {
		h := r.Header()
		if h == nil {
			c.report(Unexplained, "the sink received something without a header for %s", strings.Join(r.To, ", "))
			continue
		}
		came[messageID(h)]++
		if len(r.To) != 1 {
			c.report(Doubled, "one mail went to %d recipients: %s", len(r.To), strings.Join(r.To, ", "))
		}
	}
	uncertain := 0
	known := map[string]bool{}
	for _, o := range c.db.Outbox {
		if o.MailID != "" {
			if known[o.MailID] {
				c.report(Doubled, "two rows of the outbox have the Message-ID %s", o.MailID)
			}
			known[o.MailID] = true
		}
		n := came[o.MailID]
		switch o.State {
		case "sent":
			if n == 0 {
				c.report(Lost, "outbox row %d (%s to %s) is called sent and never came", o.ID, o.Kind, o.To)
			}
		case "uncertain":
			uncertain++
		case "cancelled", "held":
			if n > 0 {
				c.report(Unexplained, "outbox row %d (%s to %s) is %s and came", o.ID, o.Kind, o.To, o.State)
			}
		default:
			c.report(Unfinished, "outbox row %d (%s to %s) is %s", o.ID, o.Kind, o.To, o.State)
		}
		if n > 1 {
			c.report(Doubled, "outbox row %d (%s to %s) came %d times", o.ID, o.Kind, o.To, n)
		}
	}
	for id, n := range came {
		if !known[id] {
			c.report(Unexplained, "%d mails with the Message-ID %q came and stand in no outbox", n, id)
		}
	}
	if uncertain > c.opt.MaxUncertain {
		c.report(Unfinished, "%d sendings are uncertain, and at most %d were interrupted", uncertain, c.opt.MaxUncertain)
	}
}

// acks judges the acknowledgements. One is a mail with an Auto-Submitted
// header (RFC 3834) to somebody who is not staff.
func (c *check) acks() {
	perTicket, perPerson := map[int64]int{}, map[string]int{}
	for _, r := range c.sent {
		h := r.Header()
		if h == nil || len(r.To) == 0 {
			continue
		}
		to := r.To[0]
		own := to == fold(c.record.Address) || slices.ContainsFunc(c.record.Aliases, func(a string) bool { return fold(a) == to })
		if own {
			c.report(Misacked, "a mail (%s) went to the helpdesk itself", h.Get("Subject"))
			continue
		}
		if slices.ContainsFunc(c.record.Robots, func(a string) bool { return fold(a) == to }) {
			c.report(Misacked, "a mail (%s) went to the robot %s", h.Get("Subject"), to)
		}
		if automatic := h.Get("Auto-Submitted"); automatic == "" || automatic == "no" || c.staff(to) {
			continue
		}
		n := ticketNumber(h)
		perTicket[n]++
		if perTicket[n] == 2 {
			c.report(Misacked, "HD-%d was acknowledged twice, the second time to %s", n, to)
		}
		if c.ack(n, to, h) {
			perPerson[to]++
		}
	}
	c.missing(perPerson)
}

// ack judges one acknowledgement of ticket n, and reports whether it is one
// that the record knows the requester of.
func (c *check) ack(n int64, to string, h mail.Header) bool {
	if n == 0 || c.db.Tickets[n] == nil {
		c.report(Misacked, "%s got an acknowledgement of no ticket (%s)", to, h.Get("Subject"))
		return false
	}
	var opener *Entry
	for i := range c.record.Entries {
		e := &c.record.Entries[i]
		if t := c.row[e]; t != nil && t.Ticket == n && (t.Fate == "new" || opener == nil) {
			opener = e
		}
	}
	if opener == nil {
		c.report(Misacked, "%s got an acknowledgement of HD-%d, which no mail of the record opened", to, n)
		return false
	}
	if opener.Ack == AckNever {
		c.report(Misacked, "%s got an acknowledgement of HD-%d, opened by %s, which must have none", to, n, opener.Key)
	}
	if opener.Requester != "" && to != opener.Requester {
		c.report(Misacked, "%s got the acknowledgement of HD-%d, which belongs to %s", to, n, opener.Requester)
	}
	if h.Get("X-Auto-Response-Suppress") == "" {
		c.report(Misacked, "the acknowledgement of HD-%d lacks X-Auto-Response-Suppress", n)
	}
	if id := rawMessageID(opener.Raw); id != "" && !opener.Detached && !strings.Contains(h.Get("In-Reply-To")+" "+h.Get("References"), id) {
		c.report(Misthreaded, "the acknowledgement of HD-%d does not refer to %s, which opened it", n, id)
	}
	return opener.Requester != ""
}

// missing judges whether every requester got what is owed.
func (c *check) missing(got map[string]int) {
	must, may := map[string]int{}, map[string]int{}
	for i := range c.record.Entries {
		e := &c.record.Entries[i]
		t := c.row[e]
		if t == nil || t.Fate != "new" || e.Requester == "" {
			continue
		}
		switch e.Ack {
		case AckMust:
			must[e.Requester]++
		case AckMay:
			may[e.Requester]++
		}
	}
	uncertain := map[string]int{}
	for _, o := range c.db.Outbox {
		if o.Kind == "ack" && o.State == "uncertain" {
			uncertain[o.To]++
		}
	}
	for who, n := range must {
		if least := min(c.opt.AckLimit, n); got[who]+uncertain[who] < least {
			c.report(Misacked, "%s opened %d tickets and got %d acknowledgements, not %d", who, n, got[who], least)
		}
	}
	for who, n := range got {
		if most := min(c.opt.AckLimit*c.opt.AckHours, must[who]+may[who]); n > most {
			c.report(Misacked, "%s got %d acknowledgements, and at most %d are right", who, n, most)
		}
	}
}

func (c *check) staff(a string) bool {
	return slices.ContainsFunc(c.record.Staff, func(s string) bool { return fold(s) == a })
}

var tag = regexp.MustCompile(`\[HD-(\d+)\]`)

// ticketNumber returns the number in the subject's tag, 0 for none.
func ticketNumber(h mail.Header) int64 {
	m := tag.FindStringSubmatch(decode(h.Get("Subject")))
	if m == nil {
		return 0
	}
	n, _ := strconv.ParseInt(m[1], 10, 64)
	return n
}

func messageID(h mail.Header) string {
	return strings.Trim(strings.TrimSpace(h.Get("Message-Id")), "<>")
}

// rawMessageID returns the id of a mail in the record, "" when there is none
// or it is not a plain one.
func rawMessageID(raw []byte) string {
	m, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		return ""
	}
	id := strings.TrimSpace(m.Header.Get("Message-Id"))
	if !strings.HasPrefix(id, "<") || !strings.HasSuffix(id, ">") || strings.ContainsAny(id, " \t") || len(id) > 200 {
		return ""
	}
	return strings.Trim(id, "<>")
}
