package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"helpdeskd/cmd/helpdeskd/checker"
)

// A scripted month at an office of ten ends in the state that the ledger
// reckons, and so it does when the clock has run on to day 100. Then faults are
// seeded, and each is found.
func TestAMonthAtAnOffice(t *testing.T) {
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			o, l := newOffice(t, engine), newLedger()
			compare := func(received []checker.Received) []string {
				t.Helper()
				return append(differences(l.facts(), o.facts(received)), differences(l.month(), o.month())...)
			}
			see := func(day int) {
				t.Helper()
				at := monthBegins.AddDate(0, 0, day-1)
				o.until(at)
				l.until(at)
				for _, d := range compare(o.sink.All()) {
					t.Errorf("on day %d: %s", day, d)
				}
			}
			seen := false
			for _, s := range monthScript {
				if s.day >= 31 && !seen {
					seen = true
					see(31)
				}
				o.until(s.when())
				o.play(s)
				l.reckon(s)
			}
			see(100)
			o.whole()
			if t.Failed() {
				return
			}
			t.Run("faults", func(t *testing.T) { o.faults(t, compare) })
		})
	}
}

// whole has the program and the checker look at the database: nothing is
// lost, half done, or out of its sums.
func (o *office) whole() {
	o.t.Helper()
	found, err := checker.Integrity(o.ctx, o.dsn)
	o.must(err)
	for _, f := range found {
		o.t.Error(f)
	}
	d, err := checker.Read(o.ctx, o.dsn)
	o.must(err)
	if len(d.Inbox) != len(o.record.Entries) {
		o.t.Errorf("%d mails came in, and %d are kept", len(o.record.Entries), len(d.Inbox))
	}
	digests := map[string]int{}
	for _, e := range o.record.Entries {
		digests[checker.Digest(e.Raw)]++
	}
	for _, row := range d.Inbox {
		if digests[row.Digest]--; digests[row.Digest] < 0 || row.State != "done" || row.Fate == "" || row.Fate == "quarantine" {
			o.t.Errorf("mail %d (%s) is %s, %q: %s", row.ID, row.Subject, row.State, row.Fate, row.Reason)
		}
	}
	for _, page := range []string{"/overview", "/requests"} { // as the manager reads them
		if _, err := o.as("mona").get(o.ctx, page); err != nil {
			o.t.Error(err)
		}
	}
	r := program(o.t, "", []string{"HELPDESKD_DATA_DIR=" + o.dir, "HELPDESKD_DATABASE=" + o.dsn, "HELPDESKD_KEY_FILE=" + o.dir + "/key"}, "verify")
	if r.code != 0 || !strings.Contains(r.out, "all is well") {
		o.t.Errorf("verify: exit %d\n%s%s", r.code, r.out, r.err)
	}
}

// faults does to the finished month what must not happen, and wants it found.
func (o *office) faults(t *testing.T, compare func([]checker.Received) []string) {
	all := o.sink.All()
	ack := slices.IndexFunc(all, func(r checker.Received) bool {
		return r.To[0] == monthMail("ben") && bytes.Contains(r.Data, []byte("Auto-Submitted"))
	})
	notice := slices.IndexFunc(all, func(r checker.Received) bool { return r.To[0] == monthMail("tom") })
	misled := slices.Clone(all)
	misled[notice].To = []string{monthMail("mona")}
	for _, f := range []struct {
		name, want   string
		do, undo     string
		received     []checker.Received
		alsoAffected string
	}{
		{name: "a lost message", want: "HD-1 messages in", do: `UPDATE message SET state = 'rejected' WHERE id = (SELECT MIN(id) FROM message)`, undo: `UPDATE message SET state = 'shown' WHERE id = (SELECT MIN(id) FROM message)`},
		{name: "a doubled acknowledgement", want: "mails: ack to ben@", received: append(slices.Clone(all), all[ack])},
		{name: "a wrong stage", want: "HD-1 stage", do: `UPDATE ticket SET stage = 'dropped' WHERE number = 1`, undo: `UPDATE ticket SET stage = 'completed' WHERE number = 1`, alsoAffected: "month: "},
		{name: "a wrong person told", want: "to mona@", received: misled, alsoAffected: "to tom@"},
		{name: "a wrong number of the month", want: "month: median until answered", do: `UPDATE ticket SET opened_at = opened_at - 86400000000`, undo: `UPDATE ticket SET opened_at = opened_at + 86400000000`, alsoAffected: "month: "},
	} {
		received := f.received
		if received == nil {
			received = all
			o.exec(f.do)
		}
		found := compare(received)
		if f.undo != "" {
			o.exec(f.undo)
		}
		if !slices.ContainsFunc(found, func(d string) bool { return strings.Contains(d, f.want) }) {
			t.Errorf("%s was not found: %q", f.name, found)
		}
		for _, d := range found {
			if !strings.Contains(d, f.want) && (f.alsoAffected == "" || !strings.Contains(d, f.alsoAffected)) {
				t.Errorf("%s led to %s", f.name, d)
			}
		}
	}
	if left := compare(all); len(left) > 0 {
		t.Errorf("the faults were not taken back: %q", left)
	}
}
