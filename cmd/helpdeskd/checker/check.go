package checker

import (
	"cmp"
	"context"
	"fmt"
	"sort"
	"strings"
)

// Kind says what sort of fault a finding is.
type Kind string

// The faults.
const (
	Lost        Kind = "lost"        // a mail, or its words, are nowhere
	Doubled     Kind = "doubled"     // a mail, a ticket or an answer exists twice
	Misthreaded Kind = "misthreaded" // in a ticket that is not its own
	Misacked    Kind = "misacked"    // acknowledged twice, never, or to whom it must not be
	MovedEarly  Kind = "moved early" // the mailbox's copy was moved and we hold none
	Unfinished  Kind = "unfinished"  // still waiting, half done, or left in the inbox
	Unexplained Kind = "unexplained" // nobody put this in
	Mistaken    Kind = "wrong fate"  // kept and known, but treated as something else
	Damaged     Kind = "damaged"     // the database itself: a page, an index, a foreign key
)

// Finding is one fault.
type Finding struct {
	Kind Kind
	What string
}

func (f Finding) String() string { return string(f.Kind) + ": " + f.What }

// Options says what the run did, where that changes what is right.
type Options struct {
	Maildir   string // root of the Maildir tree
	Processed string // the folder for mail that was kept; "" when it stays in the inbox
	DSN       string
	// MaxUncertain is how many sendings a kill may have interrupted: so many
	// answers may be marked uncertain instead of sent, and are never repeated.
	MaxUncertain int
	// Refetched allows a mail to be kept again as a duplicate (UIDVALIDITY changed).
	Refetched bool
	// SeededTickets are numbered up to this one and were not opened by mail.
	SeededTickets int64
	// AckLimit is the number of acknowledgements per requester and hour; 0 means 3.
	AckLimit int
	// AckHours is how many hours apart the helpdesk's clock stood at, each with
	// its own allowance; 0 means 1.
	AckHours int
}

// check is one comparison under way.
type check struct {
	opt    Options
	record *Record
	db     *Database
	files  []Filed
	sent   []Received

	byDigest map[string][]*Entry
	rows     map[string][]*Taken // by digest
	row      map[*Entry]*Taken   // the assignment
	threadOf map[int64]string    // ticket number -> thread
	found    []Finding
}

// Check compares everything, and returns what is wrong. The helpdesk must have
// come to rest (see Settled).
func Check(ctx context.Context, record *Record, sink []Received, opt Options) ([]Finding, error) {
	db, err := Read(ctx, opt.DSN)
	if err != nil {
		return nil, err
	}
	files, err := Folders(opt.Maildir)
	if err != nil {
		return nil, err
	}
	opt.AckLimit, opt.AckHours = cmp.Or(opt.AckLimit, 3), cmp.Or(opt.AckHours, 1)
	c := &check{opt: opt, record: record, db: db, files: files, sent: sink,
		byDigest: map[string][]*Entry{}, rows: map[string][]*Taken{}, row: map[*Entry]*Taken{}, threadOf: map[int64]string{}}
	for i := range record.Entries {
		e := &record.Entries[i]
		d := Digest(e.Raw)
		c.byDigest[d] = append(c.byDigest[d], e)
	}
	for i := range db.Inbox {
		t := &db.Inbox[i]
		c.rows[t.Digest] = append(c.rows[t.Digest], t)
	}
	c.kept()
	c.filed()
	c.fates()
	c.threads()
	c.tickets()
	c.requesters()
	c.markers()
	c.sendings()
	c.acks()
	damage, err := Integrity(ctx, opt.DSN)
	if err != nil {
		return nil, err
	}
	c.found = append(c.found, damage...)
	sort.SliceStable(c.found, func(i, j int) bool { return c.found[i].Kind < c.found[j].Kind })
	return c.found, nil
}

// Early returns the mails that lie in the processed folder although the
// database does not hold them. Unlike Check it may be called at any moment:
// the folders are read before the database, so that a mail which is being
// moved rightly is never reported.
func Early(ctx context.Context, opt Options) ([]Finding, error) {
	files, err := Folders(opt.Maildir)
	if err != nil {
		return nil, err
	}
	db, err := Read(ctx, opt.DSN)
	if err != nil {
		return nil, err
	}
	have := map[string]int{}
	for _, t := range db.Inbox {
		have[t.Digest]++
	}
	var out []Finding
	for _, f := range files {
		if f.Folder == "" {
			continue
		}
		if have[f.Digest]--; have[f.Digest] < 0 {
			out = append(out, Finding{MovedEarly, f.Path})
		}
	}
	return out, nil
}

func (c *check) report(k Kind, format string, args ...any) {
	c.found = append(c.found, Finding{k, fmt.Sprintf(format, args...)})
}

// name says which mail a digest is.
func (c *check) name(digest string) string {
	if es := c.byDigest[digest]; len(es) > 0 {
		return es[0].Key
	}
	return "an unknown mail " + digest[:min(12, len(digest))]
}

// kept compares what was put in with the inbox table.
func (c *check) kept() {
	for d, es := range c.byDigest {
		rows := c.rows[d]
		switch {
		case len(rows) < len(es):
			c.report(Lost, "%s was put in %d times and kept %d times", c.name(d), len(es), len(rows))
		case len(rows) > len(es) && !c.opt.Refetched:
			c.report(Doubled, "%s was put in %d times and kept %d times", c.name(d), len(es), len(rows))
		}
	}
	seen := map[int64]bool{}
	for i := range c.db.Inbox {
		t := &c.db.Inbox[i]
		if len(c.byDigest[t.Digest]) == 0 {
			c.report(Unexplained, "inbox row %d (%q, %s) is no mail that was put in", t.ID, t.Subject, t.Fate)
		}
		if t.State != "done" {
			c.report(Unfinished, "%s is still %s", c.name(t.Digest), t.State)
		}
		if t.UID.Valid && !c.opt.Refetched {
			if seen[t.UID.Int64] {
				c.report(Doubled, "UID %d was kept twice", t.UID.Int64)
			}
			seen[t.UID.Int64] = true
		}
	}
}

// filed compares what was put in with the folders.
func (c *check) filed() {
	where := map[string]map[string]int{}
	for _, f := range c.files {
		if where[f.Digest] == nil {
			where[f.Digest] = map[string]int{}
		}
		where[f.Digest][f.Folder]++
	}
	for d, es := range c.byDigest {
		inbox, done, total := where[d][""], where[d][c.opt.Processed], 0
		for _, n := range where[d] {
			total += n
		}
		rows := len(c.rows[d])
		if total < len(es) {
			c.report(Lost, "%s was put in %d times and lies in the folders %d times", c.name(d), len(es), total)
		}
		if total > len(es) {
			c.report(Doubled, "%s was put in %d times and lies in the folders %d times", c.name(d), len(es), total)
		}
		if c.opt.Processed == "" {
			continue
		}
		if done > rows {
			c.report(MovedEarly, "%s was moved %d times and kept %d times", c.name(d), done, rows)
		}
		if inbox > 0 {
			c.report(Unfinished, "%s still lies in the inbox", c.name(d))
		}
	}
	for d := range where {
		if len(c.byDigest[d]) == 0 {
			c.report(Unexplained, "%s lies in a folder", c.name(d))
		}
	}
}

// fates gives every entry its row, and judges the fates.
func (c *check) fates() {
	for d, es := range c.byDigest {
		free := append([]*Taken(nil), c.rows[d]...)
		take := func(ok func(*Taken) bool) *Taken {
			for i, t := range free {
				if ok(t) {
					free = append(free[:i], free[i+1:]...)
					return t
				}
			}
			return nil
		}
		var rest []*Entry
		for _, e := range es {
			if t := take(func(t *Taken) bool { return fits(e, t) }); t != nil {
				c.row[e] = t
			} else {
				rest = append(rest, e)
			}
		}
		for _, e := range rest {
			t := take(func(*Taken) bool { return true })
			if t == nil {
				continue // reported as lost
			}
			c.row[e] = t
			k := Mistaken
			if t.Fate == "quarantine" || t.Fate == "none" {
				k = Lost
			}
			c.report(k, "%s is %q (%s) and should be %s", e.Key, t.Fate, t.Reason, strings.Join(e.Fates, " or "))
		}
		for _, t := range free {
			if t.Fate != "duplicate" && c.opt.Refetched {
				c.report(Doubled, "%s was kept again as %q", c.name(d), t.Fate)
			}
		}
	}
}

func fits(e *Entry, t *Taken) bool {
	if len(e.Fates) == 0 {
		return t.Fate != "quarantine" && t.Fate != ""
	}
	for _, f := range e.Fates {
		if f == t.Fate {
			return true
		}
	}
	return false
}
