package web

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"helpdeskd/tracker"
)

// TestTeachInABrowser: a mail is pasted and misread, its sender and a label
// are taught, it is read right, saved, and the next one opens the right
// person's ticket; on a desk and on a phone.
func TestTeachInABrowser(t *testing.T) {
	for _, width := range []int{1440, 390} {
		t.Run(fmt.Sprint(width), func(t *testing.T) { teachInABrowser(t, width) })
	}
}

func teachInABrowser(t *testing.T, width int) {
	d := newDrive(t, usual, width, 900)
	shot := func(name string) {
		if dir := os.Getenv("HELPDESKD_LOOK"); dir != "" {
			for _, theme := range []string{"light", "dark"} {
				proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: theme}}}.Call(d)
				d.MustScreenshotFullPage(filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", name, width, theme)))
			}
		}
		if over := d.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); over > 0 {
			t.Errorf("%s is %d px wider than the window", d.MustInfo().URL, over)
		}
	}
	d.open("/settings/forms/read")
	shot("list")
	d.MustElement("#source").MustInput(strings.ReplaceAll(oddMail("pasted"), "\r\n", "\n"))
	d.sees("#own button", "Read it").MustClick()
	d.sees(".verdict", "Not read as an answer of a form")
	shot("misread")
	d.tap(d.MustElement("#sender"))
	d.sees(".verdict", "The form does not say who asks")
	d.sees(".reads", "Rückruf unter")
	shot("sender")
	d.MustElementR(".reads li", "Rückruf unter").MustElement("select").MustSelect("the person's mail address")
	d.sees(".verdict", "The request is opened for")
	d.MustElementR(".reads li", "Wer bist du").MustElement("select").MustSelect("the person's name")
	d.sees(".verdict", "Hana Sato")
	d.sees(".teach-foot", "not saved yet")
	shot("taught")
	if r, _ := d.w.FormReading(t.Context()); len(r.Senders)+len(r.Labels) != 0 {
		t.Fatalf("saved before the button was pressed: %+v", r)
	}
	d.tap(d.sees(".teach-foot button", "Save what was taught"))
	d.sees(".said", "Saved")
	shot("saved")
	n, err := tracker.ParseTicketName(d.w.received(oddMail("next")).Ticket)
	if err != nil {
		t.Fatal(err)
	}
	d.open(fmt.Sprintf("/tickets/%d", n))
	d.sees(".msg .answers", "Rückruf unter")
	shot("ticket")
	got, err := d.w.TicketByNumber(t.Context(), n)
	if err != nil || got.ClientAddress != "hana.sato@aldermere.example" {
		t.Fatalf("%+v %v", got, err)
	}
	// What came is in the list, and read in the same way.
	d.open("/settings/forms/read")
	d.tap(d.sees("#recent a", "Meldung 12"))
	d.sees(".verdict", "Hana Sato")
}

// TestAnswersInABrowser shows a form's answers on a ticket, full and without
// a requester.
func TestAnswersInABrowser(t *testing.T) {
	for _, width := range []int{1440, 390} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			d := newDrive(t, usual, width, 900)
			f := &tracker.Form{Source: "power_automate", SubmittedAt: "3/4/2026 2:16:58 PM", Requester: tracker.Address{Name: "Hana Sato"}, Subject: "The label printer prints everything twice", Answers: []tracker.Answer{
				{Question: "Your name", Answer: "Hana Sato", Meaning: tracker.MeansName}, {Question: "What happened?", Answer: strings.Repeat("2026-03-04 10:00 spooler: job refused, trying once more\n", 30) + "the end", Meaning: tracker.MeansProblem},
				{Question: "What is the effect on your work?", Answer: "I can work, but part of it is slower", Meaning: tracker.MeansEffect}, {Question: "Anything else?"},
				{Question: "Screenshots", Answer: "label.png; log.txt", Files: []tracker.AnswerFile{{Name: "label.png", Link: "https://corp.example/label.png", Size: 91033}, {Name: "log.txt", Link: "https://corp.example/log.txt", Size: 2218}}}}}
			o, _ := d.w.arrives(letter{name: "Flow", address: "flow@aldermere.example", subject: "x", text: "x", form: f})
			d.w.arrives(letter{name: "Flow", address: "flow@aldermere.example", subject: "x", text: "x", form: f})
			d.open("/tickets/" + strings.TrimPrefix(o.Ticket, "HD-"))
			d.sees("#said .whisper", "once more")
			if dir := os.Getenv("HELPDESKD_LOOK"); dir != "" {
				for _, theme := range []string{"light", "dark"} {
					proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: theme}}}.Call(d)
					d.MustScreenshot(filepath.Join(dir, fmt.Sprintf("answers-%d-%s.png", width, theme)))
				}
			}
			all := d.sees(".answers .long b", "Show all")
			all.MustEval(`() => this.scrollIntoView({ block: "center", behavior: "instant" })`) // out of the composer's way
			at := all.MustShape().OnePointInside()
			d.Mouse.MustMoveTo(at.X, at.Y).MustClick(proto.InputMouseButtonLeft)
			d.sees(".answers .long", "the end")
			if over := d.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); over > 0 {
				t.Errorf("%d px wider than the window", over)
			}
			d.sees(".suggest button", "Accept").MustClick()
			d.Timeout(10 * time.Second).MustElement(".prop > summary .prio.p2")
			if width < 1101 {
				d.tap(d.sees(".drawer-open", "Unknown"))
				d.MustWait(`() => { const r = document.querySelector(".asks button").getBoundingClientRect(); return r.right <= innerWidth && r.left >= 0 }`)
			}
			d.tap(d.sees(".asks button", "hana.sato"))
			d.sees(".flash", "Saved")
			if d.w.count(`SELECT count(*) FROM ticket WHERE client_address = 'hana.sato@aldermere.example' AND subject LIKE 'The label printer%'`) != 1 {
				t.Error("Hana is not the requester")
			}
		})
	}
}
