package checker

import (
	"regexp"
	"sort"
	"strings"
)

// threads judges whether the mails of one thread share a ticket with nobody else.
func (c *check) threads() {
	numbers := map[string]map[int64]string{} // thread -> ticket -> one of its mails
	for i := range c.record.Entries {
		e := &c.record.Entries[i]
		t := c.row[e]
		if t == nil || e.Thread == "" {
			continue
		}
		if t.Ticket == 0 {
			if e.Ticket && t.Fate != "duplicate" {
				c.report(Lost, "%s has no ticket (%s: %s)", e.Key, t.Fate, t.Reason)
			}
			continue
		}
		if numbers[e.Thread] == nil {
			numbers[e.Thread] = map[int64]string{}
		}
		numbers[e.Thread][t.Ticket] = e.Key
		if other, ok := c.threadOf[t.Ticket]; ok && other != e.Thread {
			c.report(Misthreaded, "HD-%d holds mails of two threads: %s, and %s", t.Ticket, e.Key, other)
		}
		c.threadOf[t.Ticket] = e.Thread
	}
	for thread, in := range numbers {
		if len(in) > 1 {
			var keys []string
			for _, k := range in {
				keys = append(keys, k)
			}
			sort.Strings(keys)
			c.report(Misthreaded, "the thread %q is spread over %d tickets: %s", thread, len(in), strings.Join(keys, "; "))
		}
	}
}

// tickets judges whether every ticket was opened by exactly one mail, and
// every mail that belongs into a ticket is one message of it.
func (c *check) tickets() {
	opened := map[int64]int{}
	byID := map[int64]*Taken{}
	for i := range c.db.Inbox {
		t := &c.db.Inbox[i]
		byID[t.ID] = t
		if t.Fate == "new" {
			opened[t.Ticket]++
			if c.db.Tickets[t.Ticket] == nil {
				c.report(Lost, "%s opened a ticket that is not there", c.name(t.Digest))
			}
		}
	}
	messages := map[int64]int{} // by inbox row
	for n, t := range c.db.Tickets {
		if n <= c.opt.SeededTickets {
			continue
		}
		if opened[n] != 1 {
			c.report(Doubled, "HD-%d (%q) was opened by %d mails", n, t.Subject, opened[n])
		}
		for _, in := range t.In {
			messages[in.Inbox]++
			row := byID[in.Inbox]
			switch {
			case row == nil:
				c.report(Unexplained, "HD-%d has a received message %d of no kept mail", n, in.ID)
			case row.Ticket != n:
				c.report(Misthreaded, "%s belongs to HD-%d and is shown in HD-%d", c.name(row.Digest), row.Ticket, n)
			}
		}
	}
	for _, in := range c.db.Held {
		messages[in.Inbox]++
	}
	for i := range c.db.Inbox {
		t := &c.db.Inbox[i]
		switch t.Fate {
		case "new", "append", "revision", "pending":
			if messages[t.ID] != 1 {
				k := Doubled
				if messages[t.ID] == 0 {
					k = Lost
				}
				c.report(k, "%s (%s) became %d messages", c.name(t.Digest), t.Fate, messages[t.ID])
			}
		default:
			if messages[t.ID] > 1 {
				c.report(Doubled, "%s (%s) became %d messages", c.name(t.Digest), t.Fate, messages[t.ID])
			}
		}
	}
}

// markerPattern is what a Marker looks like, so that one can be found in a
// ticket to which it does not belong.
var markerPattern = regexp.MustCompile(`\bmk[0-9a-z]{10}\b`)

// requesters judges whether every new ticket belongs to who asked.
func (c *check) requesters() {
	for i := range c.record.Entries {
		e := &c.record.Entries[i]
		t := c.row[e]
		if t == nil || t.Fate != "new" || e.Requester == "" || c.db.Tickets[t.Ticket] == nil {
			continue
		}
		if got := fold(c.db.Tickets[t.Ticket].Address); got != e.Requester {
			c.report(Mistaken, "HD-%d, opened by %s, answers %q and not %s", t.Ticket, e.Key, got, e.Requester)
		}
	}
}

// markers judges whether the words of every mail can be read in its ticket,
// and in no other.
func (c *check) markers() {
	owner := map[string]*Entry{}
	for i := range c.record.Entries {
		if e := &c.record.Entries[i]; e.Marker != "" && owner[e.Marker] == nil {
			owner[e.Marker] = e
		}
	}
	shown := map[string]map[int64]bool{}
	for n, t := range c.db.Tickets {
		for _, in := range t.In {
			for _, m := range markerPattern.FindAllString(in.Text, -1) {
				if shown[m] == nil {
					shown[m] = map[int64]bool{}
				}
				shown[m][n] = true
			}
		}
	}
	for i := range c.record.Entries {
		e := &c.record.Entries[i]
		t := c.row[e]
		if e.Marker == "" || t == nil || t.Ticket == 0 || t.Fate == "duplicate" || t.Fate == "none" {
			continue
		}
		if !shown[e.Marker][t.Ticket] {
			c.report(Lost, "the words of %s (%s) are not shown in HD-%d", e.Key, e.Marker, t.Ticket)
		}
		for n := range shown[e.Marker] {
			if n != t.Ticket && c.threadOf[n] != e.Thread {
				c.report(Misthreaded, "the words of %s (%s) are shown in HD-%d, another ticket", e.Key, e.Marker, n)
			}
		}
	}
}
