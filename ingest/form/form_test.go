package form

import (
	"io"
	"mime/quotedprintable"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"helpdeskd/ingest/htmltext"
	"helpdeskd/tracker"
)

func flow(html string) Mail {
	return Mail{
		From: []tracker.Address{{Name: "Flow owner", Address: "owner@corp.example"}}, Subject: "New response",
		Flow: true, Doc: htmltext.Parse(html, 1<<20), Own: []string{"helpdesk@corp.example"},
	}
}

func text(s string) Mail {
	m := flow("")
	m.Doc, m.Text = nil, s
	return m
}

// want is "question=answer" lines.
func show(f *tracker.Form) string {
	if f == nil {
		return "no form"
	}
	var b strings.Builder
	for _, a := range f.Answers {
		b.WriteString(a.Question + "=" + strings.ReplaceAll(a.Answer, "\n", "|"))
		if a.Meaning != "" {
			b.WriteString(" (" + string(a.Meaning) + ")")
		}
		if a.Date != "" {
			b.WriteString(" [" + a.Date + "]")
		}
		b.WriteString("\n")
	}
	return b.String() + f.Requester.Name + " <" + f.Requester.Address + ">"
}

func TestShapes(t *testing.T) {
	for name, c := range map[string]struct {
		mail Mail
		want string
	}{
		"bold in paragraphs": {flow(`<p>A new answer:</p><p><b>Name:</b> Anna Berg</p><p><b>Email:</b> anna@corp.example</p><p><b>What happened?</b> Screen is black.</p><p>Thanks,<br>IT forms</p>`),
			"Name=Anna Berg (name)\nEmail=anna@corp.example (email)\nWhat happened?=Screen is black. (problem)\nAnna Berg <anna@corp.example>"},
		"headings": {flow(`<h2>Full name</h2><p>Anna Berg</p><h2>Work email</h2><p>anna@corp.example</p><h2>Describe the issue</h2><p>No sound.</p><p>Not even beeps.</p>`),
			"Full name=Anna Berg (name)\nWork email=anna@corp.example (email)\nDescribe the issue=No sound.|Not even beeps. (problem)\nAnna Berg <anna@corp.example>"},
		"one row of headers": {flow(`<p>Row added</p><table><tr><th>Id</th><th>Start time</th><th>Email</th><th>Name</th><th>What happened?</th></tr><tr><td>7</td><td>3/4/26 9:00</td><td>anna@corp.example</td><td>Anna Berg</td><td>Dock is dead</td></tr></table>`),
			"Email=anna@corp.example (email)\nName=Anna Berg (name)\nWhat happened?=Dock is dead (problem)\nAnna Berg <anna@corp.example>"},
		"two columns without a header": {flow(`<table><tr><td>1. Name *</td><td>Anna Berg</td></tr><tr><td>2. E-Mail *</td><td>anna@corp.example</td></tr><tr><td>3. Was ist passiert?</td><td></td></tr><tr><td>4. Seit wann?</td><td>02.03.2026</td></tr></table>`),
			"Name=Anna Berg (name)\nE-Mail=anna@corp.example (email)\nWas ist passiert?= (problem)\nSeit wann?=02.03.2026 (started) [2026-03-02]\nAnna Berg <anna@corp.example>"},
		"german lines": {text("Neue Antwort\n\nName: Jörg Groß\nE-Mail: j.gross@corp.example\nAbteilung: Einkauf\nTelefon: 12\nWas ist passiert?: Der Drucker druckt nicht.\nWann hat das Problem begonnen?: 03/02/2026\nAntwort-ID: 9\n"),
			"Name=Jörg Groß (name)\nE-Mail=j.gross@corp.example (email)\nAbteilung=Einkauf (department)\nTelefon=12 (phone)\nWas ist passiert?=Der Drucker druckt nicht. (problem)\nWann hat das Problem begonnen?=03/02/2026 (started) [2026-02-03]\nJörg Groß <j.gross@corp.example>"},
		"copied suffixes": {flow(`<p><strong>1. Your name. Required to answer. Single line text.</strong><br>Anna Berg</p><p><strong>2. Your email. Required to answer. Single line text.</strong><br>anna@corp.example</p>`),
			"Your name=Anna Berg (name)\nYour email=anna@corp.example (email)\nAnna Berg <anna@corp.example>"},
		"skipped answers": {flow(`<p><strong>Name</strong>: Anna</p><p><strong>Phone</strong>: </p><p><strong>Location</strong>: Cork</p>`),
			"Name=Anna (name)\nPhone= (phone)\nLocation=Cork (location)\nAnna <>"},
		"letters": {text("Q. Name\nR. Anna\nQ. Email\nR. anna@corp.example\n"),
			"Name=Anna (name)\nEmail=anna@corp.example (email)\nAnna <anna@corp.example>"},
		"json": {flow(`<p>{"responder":"anna@corp.example","submitDate":"3/4/2026 1:00:00 PM","r0123456789abcdef0123456789abcdef":"[\"A\",\"B: c\"]","rffffffffffffffffffffffffffffffff":null}</p>`),
			"r0123456789abcdef0123456789abcdef=A; B: c\nrffffffffffffffffffffffffffffffff=\n <anna@corp.example>"},
		"an upload beside an address": {flow(`<p><b>Email:</b> anna@corp.example</p><p><b>Screenshot:</b> [{"name":"a.png","link":"https://x.example/a.png","id":"1","type":null,"size":12}]</p>`),
			"Email=anna@corp.example (email)\nScreenshot=a.png\n <anna@corp.example>"},
		"rows of a Likert question": {flow(`<p><b>Email:</b> anna@corp.example</p><p><b>How was it?.Speed</b> Good</p><p><b>How was it?.Tone</b> Bad</p>`),
			"Email=anna@corp.example (email)\nHow was it?.Speed=Good\nHow was it?.Tone=Bad\n <anna@corp.example>"},
		"divided by dashes": {text("Name - Anna Berg\nEmail - anna@corp.example\nWhat happened? - No sound - at all\n"),
			"Name=Anna Berg (name)\nEmail=anna@corp.example (email)\nWhat happened?=No sound - at all (problem)\nAnna Berg <anna@corp.example>"},
		"divided by equal signs": {text("Name = Anna Berg\nEmail = anna@corp.example\nWhat happened? = No sound\n"),
			"Name=Anna Berg (name)\nEmail=anna@corp.example (email)\nWhat happened?=No sound (problem)\nAnna Berg <anna@corp.example>"},
		"a title above the first of many tables": {flow(`<h2>IT request</h2><table><tr><td>Your name *</td></tr><tr><td>Anna</td></tr></table><table><tr><td>Email *</td></tr><tr><td>anna@corp.example</td></tr></table><table><tr><td>What happened? *</td></tr><tr><td>No sound</td></tr></table>`),
			"Your name=Anna (name)\nEmail=anna@corp.example (email)\nWhat happened?=No sound (problem)\nAnna <anna@corp.example>"},
		"a report in dashes":    {flow(`<p>Backup - done</p><p>Archive - failed</p>`), "no form"},
		"an ordinary flow mail": {flow(`<p>The nightly copy is done: 12 files, no errors.</p>`), "no form"},
		"a layout table":        {flow(`<table><tr><td>logo</td><td>menu</td></tr><tr><td>left</td><td>right</td></tr></table>`), "no form"},
	} {
		if got := show(Read(c.mail)); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

// TestNotAForm: people's mails never become forms, whatever they look like.
func TestNotAForm(t *testing.T) {
	html := `<p><b>Name:</b> Anna</p><p><b>Email:</b> anna@corp.example</p>`
	m := flow(html)
	m.Flow = false
	if f := Read(m); f != nil {
		t.Errorf("no origin: %s", show(f))
	}
	m = flow(html)
	m.IsReply = true
	if f := Read(m); f != nil {
		t.Errorf("an answer: %s", show(f))
	}
	if f := Read(flow(`<p>See below</p><blockquote type=cite>` + html + `</blockquote>`)); f != nil {
		t.Errorf("quoted: %s", show(f))
	}
}

func TestSources(t *testing.T) {
	body := htmltext.Parse(`<p><b>Name:</b> Anna</p><p><b>Email:</b> anna@corp.example</p>`, 1<<20)
	for from, want := range map[string]string{"microsoft@powerapps.com": FlowMail, "forms-receipts-noreply@google.com": Google, "noreply@jotform.com": Jotform, "web@corp.example": Plain} {
		f := Read(Mail{From: []tracker.Address{{Address: from}}, Known: want == Plain, Doc: body})
		if f == nil || f.Source != want {
			t.Errorf("%s: %+v", from, f)
		}
	}
	native := Read(Mail{Subject: "Nova resposta de IT", Doc: htmltext.Parse(`<p><b>Anna</b> respondeu a <b>IT</b>.</p><a href="https://forms.office.com/Pages/DesignPage.aspx#FormId=x&origin=EmailNotification">ver</a>`, 1<<20)})
	if native == nil || native.Source != Native || native.Requester.Name != "Anna" || native.Title != "IT" || native.Requester.Address != "" || native.Link == "" {
		t.Errorf("native: %+v", native)
	}
}

// TestExtraLabels: labels taught in the settings count before the built-in ones.
func TestExtraLabels(t *testing.T) {
	m := flow(`<p><b>Wer bist du:</b> Anna</p><p><b>Kürzel:</b> LT-12</p>`)
	m.Labels = map[string]tracker.Meaning{"wer bist du?": tracker.MeansName, "Kürzel": tracker.MeansAsset}
	if got, want := show(Read(m)), "Wer bist du=Anna (name)\nKürzel=LT-12 (asset)\nAnna <>"; got != want {
		t.Errorf("%s", got)
	}
}

func TestDates(t *testing.T) {
	for _, c := range []struct {
		in   string
		o    order
		want string
	}{
		{"2026-03-04", unsure, "2026-03-04"}, {"2026-03-04T10:00:00Z", unsure, "2026-03-04"}, {"2026/03/04", unsure, "2026-03-04"},
		{"3/4/2026", monthFirst, "2026-03-04"}, {"3/4/2026", dayFirst, "2026-04-03"}, {"3/4/2026", unsure, ""}, {"4/4/2026", unsure, "2026-04-04"},
		{"31/1/2026", unsure, "2026-01-31"}, {"1/31/2026", dayFirst, "2026-01-31"}, {"04.03.2026", unsure, "2026-03-04"}, {"4.3.26", monthFirst, "2026-03-04"},
		{"03 / 29 / 2026", unsure, "2026-03-29"}, {"22 March 2026, around 2am", unsure, "2026-03-22"}, {"March 5th, 2026", unsure, "2026-03-05"},
		{"4. März 2026", unsure, "2026-03-04"}, {"le 3 février 2026", unsure, "2026-02-03"}, {"Montag, 2. März 2026", unsure, "2026-03-02"}, {"den 2. März 2026", unsure, "2026-03-02"}, {"1er mars 2026", unsure, "2026-03-01"},
		{"since Monday", unsure, ""}, {"30/02/2026", unsure, ""}, {"4417", unsure, ""}, {"1.2.3", unsure, ""}, {"", unsure, ""}, {"2026-02-30", unsure, ""}, {"10.0.0.12", unsure, ""}, {"2 - 5", unsure, ""},
	} {
		if got := readDate(c.in, c.o); got != c.want {
			t.Errorf("%q %v: %q, want %q", c.in, c.o, got, c.want)
		}
	}
}

func TestUploads(t *testing.T) {
	a := newReading(Mail{}, Flow).answer(pair{q: "Screenshot", a: `[{"name":"a b.png","link":"https://x.example/a%20b.png","id":"1","type":null,"size":12}]`}, unsure)
	if a.Answer != "a b.png" || len(a.Files) != 1 || a.Files[0].Link != "https://x.example/a%20b.png" || a.Files[0].Size != 12 {
		t.Errorf("%+v", a)
	}
	link := "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fx.example%2Fy&data=1"
	if got := Unwrap(link); got != "https://x.example/y" {
		t.Errorf("%q", got)
	}
	if got := Unwrap("https://evil.example/?safelinks.protection.outlook.com&url=https%3A%2F%2Fx.example"); !strings.HasPrefix(got, "https://evil.example") {
		t.Errorf("%q", got)
	}
}

// FuzzForm holds whatever bytes against what is true of every reading: it is
// bounded, it is the same each time, it names only addresses that stand in the
// mail, links to nothing but the web, and every word of an answer is the
// mail's own.
func FuzzForm(f *testing.F) {
	seeds := []string{"<p><b>Name:</b> a<br><u>x?</u> b</p>", "<table><tr><th>Name<th>Email<th>x<tr><td>a<td>b@c.example<td>[\"a\"]</table>", "Q: a\nA: b\nQ: c\nA: d", `{"responder":"a","r1":[{"name":"x"}]}`, "Name: a\nEmail: b\n  c: d",
		"ID\tStart time\tCompletion time\tEmail\tName\tWhat happened?\n1\t2\t3\ta@b.example\tA\t\"x\ny\"", "Your name\n\nA\n\nWhat happened?\n\nb", "<dl><dt>Name<dd>A<dt>What happened?<dd>b", "Q. Name\nR. A\nQ. Email\nR. a@b.example\nQ. x\nR."}
	files, _ := filepath.Glob("../testdata/forms/*.eml")
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if _, body, ok := strings.Cut(string(raw), "\n\n"); ok && strings.Contains(string(raw), "quoted-printable") {
			text, _ := io.ReadAll(quotedprintable.NewReader(strings.NewReader(body)))
			seeds = append(seeds, string(text))
		}
	}
	for _, s := range seeds {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, s string, html bool) {
		s = strings.ToValidUTF8(s, "")
		m := text(s)
		if html {
			m = flow(s)
		}
		m.Known = len(s)%2 == 0
		form := Read(m)
		if again := Read(m); !reflect.DeepEqual(form, again) {
			t.Fatalf("read in two ways:\n%s\n%s", show(form), show(again))
		}
		if form == nil {
			return
		}
		if len(form.Answers) == 0 && form.Source != Native || len(form.Answers) > maxPairs {
			t.Fatalf("%d answers", len(form.Answers))
		}
		whole := s
		if html {
			whole = m.Doc.Text()
		}
		if at := form.Requester.Address; at != "" && !strings.Contains(strings.ToLower(whole), at) {
			t.Fatalf("%q asks, who is not in the mail", at)
		}
		plain := !strings.ContainsAny(whole, "[{\"“”„&<")
		for _, a := range form.Answers {
			if a.Question == "" || !utf8.ValidString(a.Question+a.Answer) || len(a.Files) > maxPairs*maxFiles {
				t.Fatalf("%+v", a)
			}
			for _, x := range a.Files {
				if x.Link != "" && !strings.HasPrefix(strings.ToLower(x.Link), "http") {
					t.Fatalf("%+v", x)
				}
			}
			if !plain || strings.Contains(whole, "safelinks") {
				continue // escapes, links and JSON are unpacked
			}
			for _, w := range strings.Fields(a.Answer) {
				if !strings.Contains(whole, w) {
					t.Fatalf("%q of %+v is not in the mail", w, a)
				}
			}
		}
	})
}

// TestManyTitles: a few lines above the questions are titles; where there are
// hundreds, they are what somebody answered.
func TestManyTitles(t *testing.T) {
	r := newReading(Mail{}, Flow)
	pairs := []pair{}
	for range 300 {
		pairs = append(pairs, pair{q: "Request form"})
	}
	pairs = append(pairs, pair{q: "Name:", a: "Anna"}, pair{q: "What happened?", a: "x"})
	if left := r.dropTitles(pairs, nil); len(left) != len(pairs)-maxTitles {
		t.Errorf("%d of %d are left", len(left), len(pairs))
	}
}

// TestLong: reading takes time that grows with the mail, not faster.
func TestLong(t *testing.T) {
	for name, unit := range map[string]string{
		"labels": "Name of x: y? z\n", "question marks": "a? b? c: ", "stacked": "What happened?\n\nx\n\n", "tabs": "a\tb\t\"c\n", "braces": `{"a":`, "brackets": "[[", "twins": "x<http://a> ", "numbers": "1. 1) Q1: ", "titles": "New request form\n", "long titles": "Delivery has come to these people or groups:\n",
	} {
		began := time.Now()
		Read(text("Name: a\nEmail: a@b.example\n" + strings.Repeat(unit, (1<<20)/len(unit))))
		d := time.Since(began)
		t.Logf("%s: %s", name, d.Round(time.Millisecond))
		if d > 10*time.Second { // a machine with other work takes its time
			t.Errorf("%s: 1 MB took %s", name, d)
		}
	}
	for name, unit := range map[string]string{
		"bold": "<p><b>a b c?</b>d</p>", "cells": "<td>Name</td>", "rows": "<tr><td>Name<td>x", "tables": "<table><tr><td>a?<td>b</table>", "headings": "<h2>When?</h2>x", "spans": "<b>a</b>b", "lines": "What happened: <br>",
	} {
		began := time.Now()
		Read(flow("<table>" + strings.Repeat(unit, (1<<20)/len(unit))))
		d := time.Since(began)
		t.Logf("%s: %s", name, d.Round(time.Millisecond))
		if d > 10*time.Second { // a machine with other work takes its time
			t.Errorf("%s: 1 MB took %s", name, d)
		}
	}
}

// TestLinkOfNativeForm: whoever writes the link of a notification down has not
// sent one.
func TestLinkOfNativeForm(t *testing.T) {
	const link = "https://forms.office.com/Pages/DesignPage.aspx?origin=EmailNotification#FormId=abc"
	person := Mail{From: []tracker.Address{{Address: "anna@isle.example"}}, Subject: "Is this safe?", Text: "I was sent this link, what is it?\n" + link + "\n"}
	if f, why := Look(person); f != nil || why != tracker.NoFormSender {
		t.Errorf("%+v, %q", f, why)
	}
	for _, m := range []Mail{
		{From: []tracker.Address{{Address: "forms@microsoft.com"}}, Subject: "A localised subject", Text: "Somebody answered\n" + link + "\n"},
		{From: []tracker.Address{{Address: "no-reply@corp.example"}}, Subject: "New response for IT help", Text: link + "\n"},
	} {
		if f, why := Look(m); f == nil || f.Source != Native {
			t.Errorf("%s: %+v, %q", m.Subject, f, why)
		}
	}
}
