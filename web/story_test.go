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
	w.ago(0)
}
