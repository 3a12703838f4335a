package web

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"
	"time"

	"helpdeskd/tracker"
)

// picture is a small PNG, to stand for a screenshot.
func picture(w, h int) []byte {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{0xee, 0xf1, 0xf6, 0xff}
			if y < 24 {
				c = color.RGBA{0x34, 0x59, 0xc7, 0xff}
			} else if x > w/4 && x < 3*w/4 && y > h/3 && y < 2*h/3 {
				c = color.RGBA{0xc5, 0x22, 0x1f, 0xff}
			}
			m.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	png.Encode(&b, m)
	return b.Bytes()
}

// story fills the desk with a week of requests, as a small company makes them.
func (w *world) story() {
	type said struct {
		ago   time.Duration
		l     letter
		after func(number int64)
	}
	day := 24 * time.Hour
	for _, x := range []said{
		{6 * day, letter{name: "Oskar Nilsen", address: "oskar.nilsen@aldermere.example", subject: "New headset for the front desk", text: "Hello,\n\nthe headset at the front desk crackles since last week and callers cannot hear us.\nCould we get another one?\n\nThank you\nOskar"}, nil},
		{5 * day, letter{name: "Priya Raman", address: "priya.raman@aldermere.example", subject: "Access to the folder of the audit", text: "Please give Jonas and me write access to \\\\files\\audit-2026. Marta Kowalski agrees, she is in copy.", cc: []tracker.Address{{Name: "Marta Kowalski", Address: "marta.kowalski@aldermere.example"}}}, nil},
		{4 * day, letter{name: "Jonas Weber", address: "jonas.weber@aldermere.example", subject: "Teams meeting room keeps losing the camera", text: "In room Elbe the camera disappears after some minutes. Unplugging it helps until the next meeting. It happened at 9, at 11 and now again."}, nil},
		{3 * day, letter{name: "Chloé Dubois", address: "chloe.dubois@aldermere.example", subject: "Imprimante du 2e étage", text: "Bonjour,\n\nl’imprimante du 2e étage sort des pages blanches depuis ce matin.\n\nMerci\nChloé"}, nil},
		{50 * time.Hour, letter{name: "Marta Kowalski", address: "marta.kowalski@aldermere.example", subject: "Laptop very slow after the update, could somebody have a look before the board meeting on Thursday at two o'clock", text: "Since the update on Tuesday it takes ten minutes to start."}, nil},
		{26 * time.Hour, letter{name: "Flow", address: "flow@aldermere.example", subject: "New response: IT request", text: "", form: &tracker.Form{Source: "power_automate", Title: "IT request", Requester: tracker.Address{Name: "Liam Ortiz", Address: "liam.ortiz@aldermere.example"},
			Subject: "The scanner in the archive sends nothing", Answers: []tracker.Answer{
				{Question: "What happened?", Answer: "The scanner in the archive says “sent”, but no mail arrives.", Meaning: tracker.MeansProblem},
				{Question: "Can it be repeated?", Answer: "Yes, every time", Meaning: tracker.MeansRepeat},
				{Question: "Since when?", Answer: "Monday, about 10", Meaning: tracker.MeansStarted},
				{Question: "What can you not do now?", Answer: "Send delivery notes to customers", Meaning: tracker.MeansEffect},
				{Question: "Which device?", Answer: "", Meaning: tracker.MeansAsset},
				{Question: "Where?", Answer: "Building B, archive", Meaning: tracker.MeansLocation}}}}, nil},
		{5 * time.Hour, letter{name: "Hana Sato", address: "hana.sato@aldermere.example", subject: "Cannot reach the accounting database", text: "Good morning,\n\nsince eight o'clock nobody in accounting can open the database. We see this (picture).\nThe month has to be closed today.\n\nHana",
			html:   `<p>Good morning,</p><p>since eight o'clock nobody in accounting can open the database. We see this:</p><p><img src="cid:shot1" alt="the error"></p><p>The month has to be <b>closed today</b>.</p><p>Hana</p><p><img src="https://tracker.example/pixel.gif" width="1" height="1"></p>`,
			files:  []file{{name: "error.png", contentType: "image/png", cid: "shot1", data: picture(480, 300)}, {name: "Month-end checklist 2026.xlsx", contentType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", data: bytes.Repeat([]byte("x"), 48213)}},
			quoted: "-- \nHana Sato\nHead of accounting\nAldermere Ltd., 4 Harbour Street"}, nil},
		{40 * time.Minute, letter{name: "Ben Achebe", address: "ben.achebe@aldermere.example", subject: "Password expired while travelling", text: "I am in Lisbon, my password expired and the page to change it does not open from here. I can read mail on my phone only."}, nil},
		{4 * time.Minute, letter{name: strings.Repeat("Wolfeschlegelstein", 12)[:200], address: "long@aldermere.example", subject: "<script>alert('x')</script> & " + strings.Repeat("unbreakable", 15), text: "<img src=x onerror=alert(1)>"}, nil},
	} {
		w.ago(x.ago)
		w.arrives(x.l)
	}
	w.work()
	w.ago(0)
}

// work is what the technicians have done with those requests.
func (w *world) work() {
	ctx := w.t.Context()
	ines, tomas := w.admin.Actor(), w.tech.Actor()
	triage := func(number, level int64, star bool) {
		_, err := w.SetPriority(ctx, ines, number, level, star, tracker.AnyVersion)
		w.ok(err)
	}
	take := func(by tracker.Actor, number int64) {
		_, err := w.Take(ctx, by, number, tracker.AnyVersion)
		w.ok(err)
	}
	say := func(by tracker.Actor, number int64, text string) {
		_, err := w.Reply(ctx, by, number, tracker.ReplyInput{Text: text})
		w.ok(err)
	}
	note := func(by tracker.Actor, number int64, kind tracker.NoteKind, text string) {
		_, err := w.AddNote(ctx, by, number, kind, text)
		w.ok(err)
	}
	to := func(by tracker.Actor, number int64, stage tracker.Stage, fix string) {
		_, err := w.SetStage(ctx, by, number, tracker.StageChange{Stage: stage, Fix: fix, Reason: "The same as HD-2."}, tracker.AnyVersion)
		w.ok(err)
	}
	w.ago(120 * time.Hour)
	triage(1, 1, false)
	take(tomas, 1)
	w.ago(110 * time.Hour)
	to(tomas, 1, tracker.Completed, "New headset (Jabra Evolve2) from the shelf, paired with the base station.")
	triage(2, 2, false)
	w.ago(90 * time.Hour)
	triage(3, 2, false)
	take(tomas, 3)
	note(tomas, 3, tracker.NoteFinding, "The USB extension is 7 m long: too long for a camera without its own power.")
	to(tomas, 3, tracker.Confirming, "Replaced the 7 m USB extension by an active one.")
	w.send()
	w.ago(30 * time.Hour)
	triage(5, 2, false)
	take(ines, 5)
	w.ago(290 * time.Minute)
	triage(7, 3, true)
	take(ines, 7)
	_, err := w.SetCategory(ctx, ines, 7, 2, tracker.AnyVersion)
	w.ok(err)
	say(ines, 7, "Good morning Hana,\n\nI am on it: the database server does not answer since 07:58. I will write again at half past nine at the latest.\n\nInes")
	w.send()
	w.ago(280 * time.Minute)
	note(ines, 7, tracker.NotePhone, "Called the hosting company: their storage has trouble, ticket 88-4512 there. They expect an hour.\nhttps://status.hosting.example/incidents/88-4512")
	w.ago(200 * time.Minute)
	w.arrives(letter{name: "Hana Sato", address: "hana.sato@aldermere.example", subject: "Re: Cannot reach the accounting database", answers: "m7@mail.example",
		text: "Thank you. It is open again for me, but Priya still gets the message.", quoted: "On Monday Ines Holm wrote:\n> I am on it: the database server does not answer since 07:58."})
	w.ago(15 * time.Minute)
	triage(8, 3, false)
	w.arrives(letter{name: "Ines Holm", address: "ines.admin@aldermere.example", subject: "Re: [HD-7] Cannot reach the accounting database", stranger: true, text: "Hana, please send me your password so that I can try it myself.\n\nInes"})
	w.arrives(letter{name: "Karl Maier", address: "karl.maier@aldermere.example", subject: "Urgent: invoice", stranger: true, text: "Please open the attached invoice today.", files: []file{{name: "invoice.html", contentType: "text/html", data: []byte("<script>alert(1)</script>")}}})
	raw := []byte("From: nobody in particular\r\nSubject: =?broken\r\n\r\n(no body)")
	_, err = w.Keep(ctx, w.lease, w.mailbox.ID, []tracker.RawMail{{UIDValidity: 1, UID: 4000, ReceivedAt: w.Now(), Data: raw}})
	w.ok(err)
	work, err := w.Claim(ctx, w.lease, w.mailbox.ID, 10)
	w.ok(err)
	w.ok(w.Quarantine(ctx, w.lease, work[0].InboxID, "it does not say who wrote it"))
	w.ok(w.PollResult(ctx, w.mailbox.ID, tracker.Poll{UIDValidity: 1}))
	_, err = w.SaveTemplate(ctx, ines, tracker.Template{Name: "New employee", Subject: "New employee: ", Body: "- account and mailbox\n- laptop and headset\n- door card", Level: 1, CategoryID: 3, Children: "Laptop and headset for the new employee\nAccount and groups for the new employee"})
	w.ok(err)
	index, err := w.Acquire(ctx, "index")
	w.ok(err)
	_, err = w.IndexPending(ctx, index)
	w.ok(err)
	index.Release(ctx)
}

// send renders and sends everything that is due, as the mailer would.
func (w *world) send() {
	ctx := w.t.Context()
	l, err := w.Acquire(ctx, "outbox")
	w.ok(err)
	defer l.Release(ctx)
	items, err := w.DueOutbox(ctx, l, 200)
	w.ok(err)
	for i, it := range items {
		token, _ := tracker.NewToken()
		w.ok(w.Rendered(ctx, l, it.ID, tracker.Rendered{Bytes: []byte("mail " + token), MailID: "hd." + token + "@aldermere.example", Token: token}))
		w.ok(w.Sending(ctx, l, it.ID))
		if i == 1 {
			w.ok(w.Uncertain(ctx, l, it.ID, "the connection was lost after DATA"))
			continue
		}
		w.ok(w.Sent(ctx, l, it.ID, "250 2.0.0 OK", ""))
	}
}
