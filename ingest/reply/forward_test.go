package reply

import (
	"strings"
	"testing"

	"helpdeskd/ingest/htmltext"
)

const passed = "It has been broken since Monday.\n\n> Did you switch it off?\n\nYes.\n\n-- \nBob"

// forwardShapes are the programs' ways of passing a mail on. marked ones say
// so in the text; for the others the subject does.
var forwardShapes = []struct {
	name   string
	marked bool
	html   bool
	mail   func(g tongue, text string) string
}{
	{"gmail", true, false, func(g tongue, t string) string {
		return t + "---------- " + g.fwd + " ---------\n" + g.block("{from}: Bob Roth <bob@x.example>\n{sent}: Mon, Mar 2, 2026 at 9:00 AM\n{subject}: broken screen\n{to}: Anna Berg <anna@client.example>\n\n\n") + passed
	}},
	{"apple", true, false, func(g tongue, t string) string {
		return t + g.begin + "\n\n" + g.block("> {from}: Bob Roth <bob@x.example>\n> {subject}: broken screen\n> {sent}: Mon, Mar 2, 2026 at 9:00 AM\n> {to}: Anna Berg <anna@client.example>\n> \n> ") + strings.ReplaceAll(passed, "\n", "\n> ")
	}},
	{"apple, french colon", true, false, func(g tongue, t string) string {
		return t + g.begin + "\n\n" + g.block("> {from}\u00a0: Bob Roth <bob@x.example>\n> {sent}\u00a0: Mon, Mar 2, 2026 at 9:00 AM\n> {to}\u00a0: anna@client.example\n> {subject}\u00a0: broken screen\n> \n> ") + strings.ReplaceAll(passed, "\n", "\n> ")
	}},
	{"thunderbird", true, false, func(g tongue, t string) string {
		return t + "-------- " + g.fwd + " --------\n" + g.block("{subject}: \tbroken screen\n{sent}: \tMon, Mar 2, 2026 at 9:00 AM\n{from}: \tBob Roth <bob@x.example>\n{to}: \tAnna Berg <anna@client.example>\n\n\n") + passed
	}},
	{"yahoo", true, false, func(g tongue, t string) string {
		return t + "----- " + g.fwd + " -----\n" + g.block("{from}: \"Bob Roth\" <bob@x.example>\n{to}: \"Anna Berg\" <anna@client.example>\n{sent}: Mon, Mar 2, 2026 at 9:00 AM\n{subject}: broken screen\n\n") + passed
	}},
	{"outlook", false, false, func(g tongue, t string) string {
		return t + "________________________________\n" + g.block("{from}: Bob Roth <bob@x.example>\n{sent}: Mon, Mar 2, 2026 at 9:00 AM\n{to}: Anna Berg <anna@client.example>\n{subject}: broken screen\n\n") + passed
	}},
	{"outlook, older", false, false, func(g tongue, t string) string {
		return t + "-----" + g.orig + "-----\n" + g.block("{from}: Bob Roth [mailto:bob@x.example]\n{sent}: Mon, Mar 2, 2026 at 9:00 AM\n{to}: Anna Berg\n{subject}: broken screen\n\n") + passed
	}},
	{"outlook, bold", false, false, func(g tongue, t string) string {
		return t + g.block("*{from}:* Bob Roth <bob@x.example>\n*{sent}:* Mon, Mar 2, 2026 at 9:00 AM\n*{to}:* Anna Berg\n*{subject}:* broken screen\n\n") + passed
	}},
	{"html gmail", true, true, func(g tongue, t string) string {
		return `<div dir="ltr">` + esc(t) + `<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">---------- ` + esc(g.fwd) + ` ---------<br>` + g.block(`{from}: <strong class="gmail_sendername">Bob Roth</strong> <span>&lt;<a href="mailto:bob@x.example">bob@x.example</a>&gt;</span><br>{sent}: Mon, Mar 2, 2026 at 9:00 AM<br>{subject}: broken screen<br>{to}: &lt;anna@client.example&gt;<br></div><br>`) + esc(passed) + `</div></div>`
	}},
	{"html thunderbird", true, true, func(g tongue, t string) string {
		return `<p>` + esc(t) + `</p><div class="moz-forward-container"><br>-------- ` + esc(g.fwd) + ` --------<table class="moz-email-headers-table">` + g.block(`<tr><th>{subject}: </th><td>broken screen</td></tr><tr><th>{sent}: </th><td>Mon, Mar 2, 2026 at 9:00 AM</td></tr><tr><th>{from}: </th><td>Bob Roth <a href="mailto:bob@x.example">&lt;bob@x.example&gt;</a></td></tr><tr><th>{to}: </th><td>Anna</td></tr>`) + `</table><br>` + esc(passed) + `</div>`
	}},
	{"html apple", true, true, func(g tongue, t string) string {
		return `<body>` + esc(t) + `<div><br><blockquote type="cite"><div>` + esc(g.begin) + `</div><br>` + g.block(`<div><span><b>{from}: </b></span><span>Bob Roth &lt;<a href="mailto:bob@x.example">bob@x.example</a>&gt;</span></div><div><b>{subject}: </b>broken screen</div><div><b>{sent}: </b>Mon, Mar 2, 2026 at 9:00 AM</div><div><b>{to}: </b>Anna &lt;anna@client.example&gt;</div>`) + `<br><div>` + esc(passed) + `</div></blockquote></div></body>`
	}},
	{"html outlook", false, true, func(g tongue, t string) string {
		return `<div>` + esc(t) + `</div><hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg" dir="ltr">` + g.block(`<b>{from}:</b> Bob Roth &lt;bob@x.example&gt;<br><b>{sent}:</b> Mon, Mar 2, 2026 at 9:00 AM<br><b>{to}:</b> Anna Berg<br><b>{subject}:</b> broken screen<br></div>`) + `<div>` + esc(passed) + `</div>`
	}},
}

// TestForwards: a forward keeps every word in every program and language, and
// tells who wrote the original, when and about what.
func TestForwards(t *testing.T) {
	want := Origin{From: "Bob Roth <bob@x.example>", Date: "Mon, Mar 2, 2026 at 9:00 AM", Subject: "broken screen"}
	for _, g := range tongues {
		t.Run(g.code, func(t *testing.T) {
			for _, c := range forwardShapes {
				for _, text := range []string{"", g.text + "\n\n", g.text + "\n\n" + g.close + "\nAnna\n\n"} {
					mail := c.mail(g, text)
					read := mail
					var r, q string
					if c.html {
						d := htmltext.Parse(mail, 1<<20)
						read = d.Text()
						r, q = SplitDoc(d, !c.marked)
					} else {
						r, q = Split(mail, !c.marked)
					}
					if q != "" && !strings.Contains(text, g.close) || !strings.Contains(r, "Yes.") {
						t.Errorf("%s: folded away\n%s\n--- of\n%s", c.name, q, mail)
					}
					got, ok := Forwarded(read, !c.marked)
					got.From = strings.NewReplacer("[mailto:", "<", "]", ">", `"`, "").Replace(got.From)
					if !ok || got != want {
						t.Errorf("%s: %+v of\n%s", c.name, got, read)
					}
				}
			}
		})
	}
}
