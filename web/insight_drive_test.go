package web

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"helpdeskd/tracker"
)

// TestInsightInABrowser: what requests tell, as its readers have it: the note
// for managers, wide, narrow and on paper; trends and what keeps coming back;
// a person's history.
func TestInsightInABrowser(t *testing.T) {
	insightInABrowser(t)
}

func insightInABrowser(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	ctx, w := t.Context(), d.w
	dir := os.Getenv("HELPDESKD_LOOK")
	shot := func(name string) {
		t.Helper()
		for _, width := range []int{390, 1440} {
			d.MustSetViewport(width, 900, 1, false)
			if over := d.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); over > 0 {
				t.Errorf("%s is %d px wider than a window of %d", d.MustInfo().URL, over, width)
			}
			if dir != "" {
				d.MustScreenshotFullPage(filepath.Join(dir, fmt.Sprintf("insight-%s-%d.png", name, width)))
			}
		}
	}
	signIn := func(a tracker.Account, path string) {
		t.Helper()
		d.MustSetCookies() // none
		d.open(path)
		d.MustElement("#email").MustInput(a.Email)
		d.MustElement("#password").MustInput(testPassword)
		d.MustElement("form button").MustClick()
	}

	// Two months of a desk: one thing that several report, one that one person
	// asks again and again, and something solved.
	w.ago(45 * 24 * time.Hour)
	open := func(name, subject string, category int64) tracker.Ticket {
		t.Helper()
		x, err := w.OpenTicket(ctx, w.tech.Actor(), tracker.NewTicket{Subject: subject, Text: "As it says.", Via: tracker.NotePhone, CategoryID: category,
			Requester: tracker.Address{Name: name, Address: regexp.MustCompile(`\W`).ReplaceAllString(name, "") + "@aldermere.example"}})
		w.ok(err)
		return x
	}
	solved := func(x tracker.Ticket, why string) {
		t.Helper()
		_, err := w.SetStage(ctx, w.tech.Actor(), x.Number, tracker.StageChange{Stage: tracker.Completed, Fix: "Mended", Summary: why}, tracker.AnyVersion)
		w.ok(err)
	}
	solved(open("Karl Brandt", "No light", 5), "The lamp was at its end")
	w.repairs()
	w.ago(2 * time.Hour)
	var jam tracker.Ticket
	for _, who := range []string{"Bert Adler", "Carla Moss", "Dora Lind"} {
		jam = open(who, "Paper jam on floor two", 5)
	}
	var bert tracker.Ticket
	for _, what := range []string{"Locked out of the payroll", "Two-factor telephone is lost", "Cannot get into the archive"} {
		bert = open("Bert Adler", what, 3)
	}
	grave := open("Anna Kovac", "Nobody gets into the accounts", 3)
	_, err := w.SetPriority(ctx, w.tech.Actor(), grave.Number, 3, true, tracker.AnyVersion)
	w.ok(err)
	w.ago(0)
	solved(open("Emil Stern", "No sound", 7), "The loudspeaker was switched off by the cleaners")

	// A manager: reads, prints, goes a month back and comes again.
	signIn(w.manager, "/")
	d.sees(".overview .stops", "Nobody gets into the accounts")
	d.sees(".overview .told", "switched off by the cleaners")
	d.sees(".overview", "Paper jam on floor two")
	shot("overview")
	paper := d.paper()
	if n := len(regexp.MustCompile(`/Type\s*/Page[^s]`).FindAll(paper, -1)); n < 1 || n > 2 {
		t.Errorf("the note prints on %d sheets", n)
	}
	if dir != "" {
		w.ok(os.WriteFile(filepath.Join(dir, "insight-overview.pdf"), paper, 0o600))
	}
	now := d.MustElement(".overview .month h2").MustText()
	d.tap(d.sees(".overview .month a", "Earlier month"))
	d.sees(".overview .month a", "Later month")
	if was := d.MustElement(".overview .month h2").MustText(); was == now || d.MustHas(".overview .stops") {
		t.Errorf("a month back is %s", was)
	}
	shot("before")
	d.tap(d.sees(".overview .month a", "Later month"))
	d.sees(".overview .month h2", now)

	// A technician: from a bar to its requests.
	signIn(w.tech, "/trends?months=3")
	d.sees(".recurring", "Bert Adler asked 3 times")
	shot("trends")
	bar := d.sees(".lying .w a", "^Printing$")
	n := bar.MustParent().MustParent().MustElement(".n").MustText()
	d.tap(bar)
	d.sees("table.tickets", "Paper jam on floor two")
	if got := len(d.MustElements("table.tickets tbody tr")); fmt.Sprint(got) != n {
		t.Errorf("the bar says %s, its list has %d", n, got)
	}

	// On the ticket: one press looks for the cause.
	d.open(ticketPath(jam.Number))
	d.sees("#recurring", "came 3 times")
	shot("ticket")
	d.tap(d.sees("#recurring button", "Look for the cause"))
	d.sees("#flash", "linked with its 3 occurrences")
	d.sees("#thead", "Find the cause")
	d.sees(".side", "Paper jam on floor two")
	shot("cause")
	d.open(ticketPath(jam.Number))
	d.sees("#recurring", "Its cause is being looked for")
	if d.MustHas("#recurring button") {
		t.Error("a second root-cause ticket is suggested")
	}

	// Set aside, undone, and set aside without scripts.
	d.open("/trends")
	d.sees(".recurring .recurs", "Its cause is being looked for")
	aside := func() {
		t.Helper()
		d.tap(d.sees(".recurring .recurs", "Bert Adler").MustElement(`form[action$="/dismiss"] button`))
		d.sees("#flash", "Set aside")
		d.sees(".recurring", "Paper jam")
		if d.MustHas(`.recurring form[action$="/dismiss"]`) {
			t.Error("what was set aside is shown")
		}
	}
	aside()
	d.tap(d.sees("#flash button", "Undo"))
	d.sees(".recurring", "Bert Adler asked 3 times")
	d.plain.Store(true)
	d.open("/trends")
	aside()

	// A person: what recurs, charts, and all that happened; without scripts still.
	d.open(personPath(bert.ClientID))
	d.sees("main", "Asked 4 times in the last 90 days: Access 3 times.|Asked 4 times in the last 90 days: .* 3 times")
	d.MustElement(".charts svg")
	d.plain.Store(false)
	d.open(personPath(w.client("Hana Sato")))
	shot("person")
	for _, x := range []struct{ chip, has, hasNot string }{
		{"Everything", "accounting database", ""}, {"Things", "Got Lenovo ThinkPad T14", "accounting database"}, {"Repairs", "hinge of the lid", "Got Lenovo"}, {"All requests", "", ""}} {
		d.tap(d.sees("#requests .chips a", x.chip))
		d.sees(`#requests .chips a[aria-current="true"]`, x.chip)
		if x.has == "" {
			d.sees("#requests table", "accounting database")
			continue
		}
		d.sees("#requests .history", x.has)
		if text := d.MustElement("#requests .history").MustText(); x.hasNot != "" && regexp.MustCompile(x.hasNot).MatchString(text) {
			t.Errorf("%s has %q too: %s", x.chip, x.hasNot, text)
		}
		shot("history-" + x.chip)
	}
}

// paper returns the page as it prints.
func (d *drive) paper() []byte {
	d.t.Helper()
	r, err := d.PDF(&proto.PagePrintToPDF{PaperWidth: new(8.27), PaperHeight: new(11.69)})
	if err != nil {
		d.t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}
