package watch

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// How long the database may be away before people are told, and how long it
// must be back.
const (
	darkAfter  = 2 * time.Minute
	lightAfter = 2 * time.Minute
)

// dark is what a node knows of a database that can not be written, which can
// not know it itself. A file remembers it across starts.
type dark struct {
	file string
	now  func() time.Time

	failing time.Time // since when; zero: it works
	working time.Time
	told    time.Time // since when it was dark, of what people were told; zero: nothing
}

func newDark(dir string, now func() time.Time) *dark {
	d := &dark{now: now}
	if dir == "" {
		return d
	}
	d.file = filepath.Join(dir, "alarm-database")
	if b, err := os.ReadFile(d.file); err == nil {
		d.told, _ = time.Parse(time.RFC3339, strings.TrimSpace(string(b)))
	}
	return d
}

// round takes whether a look could be written, and tells of the begin and the
// end of darkness by tell, which reports whether somebody was reached.
func (d *dark) round(ctx context.Context, err error, node string, tell func(edge string, p tracker.Problem) bool) {
	now := d.now()
	if err != nil {
		d.working = time.Time{}
		if d.failing.IsZero() {
			d.failing = now
		}
		if d.told.IsZero() && now.Sub(d.failing) >= darkAfter {
			p := tracker.Problem{Kind: tracker.AlarmDatabase, Node: node, Since: d.failing, Detail: databaseWords(err)}
			if tell(tracker.EdgeBegin, p) {
				d.told = d.failing
				if d.file != "" {
					_ = os.WriteFile(d.file, []byte(d.told.UTC().Format(time.RFC3339)+"\n"), 0o600) // on a full disk: told once a start
				}
			}
		}
		return
	}
	d.failing = time.Time{}
	if d.told.IsZero() {
		return
	}
	if d.working.IsZero() {
		d.working = now
	}
	if now.Sub(d.working) < lightAfter {
		return
	}
	if tell(tracker.EdgeClear, tracker.Problem{Kind: tracker.AlarmDatabase, Node: node, Since: d.told}) {
		d.told, d.working = time.Time{}, time.Time{}
		if d.file != "" {
			_ = os.Remove(d.file)
		}
	}
}

// databaseWords says what is wrong with the database without naming where it
// is: the letter leaves the house.
func databaseWords(err error) string {
	text := strings.ToLower(err.Error())
	switch {
	case strings.Contains(text, "full"), strings.Contains(text, "no space"):
		return "The disk is full."
	case strings.Contains(text, "deadline"), strings.Contains(text, "locked"), strings.Contains(text, "busy"):
		return "It does not answer in time."
	case strings.Contains(text, "refused"), strings.Contains(text, "no such host"), strings.Contains(text, "reset"), strings.Contains(text, "eof"):
		return "Its server can not be reached."
	case strings.Contains(text, "read-only"), strings.Contains(text, "readonly"):
		return "It can only be read."
	}
	return "The log has the details."
}

func stamp(t time.Time) migrations.Stamp {
	if t.IsZero() {
		return 0
	}
	return migrations.At(t)
}
