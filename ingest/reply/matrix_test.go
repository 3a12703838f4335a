package reply

import (
	"strings"
	"testing"

	"helpdeskd/ingest/htmltext"
)

const (
	who   = "Help Desk"
	where = "help@corp.example"
	old   = "Does it work now?\n\nAnd which floor is it on?"
)

// attr fills an attribution: N and A stand alone in it.
func (g tongue) attr(s string) string {
	out := []string{}
	for _, w := range strings.Fields(s) {
		switch {
		case strings.Trim(w, ",،、:님이\u202a\u202c\u200f") == "N":
			w = strings.Replace(w, "N", who, 1)
		case strings.ContainsAny(w, "<("):
			w = strings.Replace(w, "A", where, 1)
			if strings.HasPrefix(w, "在") {
				w = strings.Replace(w, "N", who, 1)
			}
		}
		out = append(out, w)
	}
	s = strings.Join(out, " ")
	s = strings.Replace(s, "，N", "，"+who, 1)
	return strings.Replace(s, "、N", "、"+who, 1)
}

func (g tongue) block(form string) string {
	l := strings.Split(g.labels, "|")
	return strings.NewReplacer("{from}", l[0], "{sent}", l[1], "{to}", l[2], "{subject}", l[3]).Replace(form)
}

func marked(s string) string { return "> " + strings.ReplaceAll(s, "\n", "\n> ") }

// wrap breaks a line at the blank nearest before column n, as programs that
// fold at 72 or 76 columns do.
func wrap(s string, n int) string {
	if r := []rune(s); len(r) > n {
		for i := n; i > 10; i-- {
			if r[i] == ' ' {
				return string(r[:i]) + "\n" + string(r[i+1:])
			}
		}
	}
	return s
}

// plains are the plain text shapes: each gives the mail for a reply.
var plains = []struct {
	name string
	mail func(g tongue, text string) string
}{
	{"gmail", func(g tongue, t string) string { return t + "\n\n" + g.attr(g.gmail) + "\n\n" + marked(old) + "\n" }},
	{"gmail wrapped", func(g tongue, t string) string {
		return t + "\n\n" + wrap(g.attr(g.gmail), 40) + "\n\n" + marked(old) + "\n"
	}},
	{"gmail narrow blank", func(g tongue, t string) string {
		return t + "\n\n" + strings.Replace(g.attr(g.gmail), "00 ", "00\u202f", 1) + "\n\n" + marked(old) + "\n"
	}},
	{"gmail unmarked", func(g tongue, t string) string { return t + "\n\n" + g.attr(g.gmail) + "\n\n" + old + "\n" }},
	{"gmail wrapped and unmarked", func(g tongue, t string) string {
		return t + "\n\n" + wrap(g.attr(g.gmail), 50) + "\n\n" + old + "\n"
	}},
	{"gmail without a blank line", func(g tongue, t string) string { return t + "\n" + g.attr(g.gmail) + "\n" + marked(old) + "\n" }},
	{"apple", func(g tongue, t string) string { return t + "\n\n" + g.attr(g.apple) + "\n\n" + marked(old) + "\n" }},
	{"apple unmarked", func(g tongue, t string) string { return t + "\n\n" + g.attr(g.apple) + "\n\n" + old + "\n" }},
	{"apple quoted attribution", func(g tongue, t string) string { return t + "\n\n" + marked(g.attr(g.apple)+"\n\n"+old) + "\n" }},
	{"thunderbird", func(g tongue, t string) string { return t + "\n\n" + g.attr(g.bird) + "\n" + marked(old) + "\n" }},
	{"bar marks", func(g tongue, t string) string {
		return t + "\n\n" + g.attr(g.bird) + "\n| " + strings.ReplaceAll(old, "\n", "\n| ") + "\n"
	}},
	{"telephone", func(g tongue, t string) string {
		return t + "\n\n" + g.phone + "\n\n" + marked(g.attr(g.apple)+"\n\n"+old) + "\n"
	}},
	{"telephone only", func(g tongue, t string) string { return t + "\n\n" + g.phone + "\n" }},
	{"outlook", func(g tongue, t string) string {
		return t + "\n\n" + g.block("{from}: Help Desk <help@corp.example>\n{sent}: 2. 3. 2026 09:00\n{to}: Anna Berg <anna@client.example>\n{subject}: RE: printer") + "\n\n" + old + "\n"
	}},
	{"outlook, colleagues", func(g tongue, t string) string {
		return t + "\n\n" + g.block("{from}: Help Desk\n{sent}: 2. 3. 2026 09:00\n{to}: Berg, Anna\n{subject}: RE: printer") + "\n\n" + old + "\n"
	}},
	{"outlook, french colon", func(g tongue, t string) string {
		return t + "\n\n" + g.block("{from}\u00a0: Help Desk <help@corp.example>\n{sent}\u00a0: 2. 3. 2026 09:00\n{to}\u00a0: Anna Berg\n{subject}\u00a0: RE: printer") + "\n\n" + old + "\n"
	}},
	{"outlook, wide colon", func(g tongue, t string) string {
		return t + "\n\n" + g.block("{from}：Help Desk <help@corp.example>\n{sent}：2. 3. 2026 09:00\n{to}：Anna Berg\n{subject}：RE: printer") + "\n\n" + old + "\n"
	}},
	{"outlook bold", func(g tongue, t string) string {
		return t + "\n\n" + g.block("*{from}:* Help Desk <help@corp.example>\n*{sent}:* 2. 3. 2026 09:00\n*{to}:* Anna Berg <anna@client.example>\n*{subject}:* RE: printer") + "\n\n" + old + "\n"
	}},
	{"outlook with a line", func(g tongue, t string) string {
		return t + "\n\n________________________________\n" + g.block("{from}: Help Desk <help@corp.example>\n{sent}: 2. 3. 2026 09:00\n{to}: Anna Berg <anna@client.example>\n{subject}: RE: printer") + "\n\n" + old + "\n"
	}},
	{"outlook, many recipients", func(g tongue, t string) string {
		return t + "\n\n" + g.block("{from}: Help Desk <help@corp.example>\n{sent}: 2. 3. 2026 09:00\n{to}: Anna Berg <anna@client.example>; Bob Roth <bob@client.example>;\n Carl Lund <carl@client.example>\nCc: Dora Weiss <dora@client.example>\n{subject}: RE: printer") + "\n\n" + old + "\n"
	}},
	{"separator", func(g tongue, t string) string {
		return t + "\n\n-----" + g.orig + "-----\n" + g.block("{from}: Help Desk\n{to}: Anna\n{subject}: printer") + "\n\n" + old + "\n"
	}},
	{"separator with blanks", func(g tongue, t string) string {
		return t + "\n\n-------- " + g.orig + " --------\n" + g.block("{subject}: printer\n{from}: Help Desk <help@corp.example>\n{to}: Anna") + "\n\n" + old + "\n"
	}},
	{"separator alone", func(g tongue, t string) string { return t + "\n\n---- " + g.orig + " ----\n" + old + "\n" }},
	{"yahoo block", func(g tongue, t string) string {
		return t + "\n\n" + g.block("{from}: Help Desk <help@corp.example>\n{to}: Anna Berg <anna@client.example>\n{sent}: 2026-03-02 09:00\n{subject}: Re: printer") + "\n\n" + old + "\n"
	}},
	{"signature", func(g tongue, t string) string {
		return t + "\n\n-- \nAnna Berg\nSales\nTel. +49 30 123456\n\n" + g.attr(g.bird) + "\n" + marked(old) + "\n"
	}},
	{"signature without its blank", func(g tongue, t string) string { return t + "\n\n--\nAnna Berg\nSales\n" }},
	{"polite", func(g tongue, t string) string {
		return t + "\n\n" + g.close + "\nAnna Berg\nSales\n\n" + g.block("{from}: Help Desk <help@corp.example>\n{sent}: 2. 3. 2026 09:00\n{to}: Anna Berg\n{subject}: RE: printer") + "\n\n" + old + "\n"
	}},
	{"polite with a comma", func(g tongue, t string) string { return t + "\n\n" + g.close + ",\n\nAnna Berg\nSales\n" }},
	{"below the quote", func(g tongue, t string) string { return g.attr(g.bird) + "\n" + marked(old) + "\n\n" + t + "\n" }},
	{"below the quote, signed", func(g tongue, t string) string {
		return g.attr(g.gmail) + "\n" + marked(old) + "\n\n" + t + "\n\n-- \nAnna Berg\n"
	}},
}

// esc makes HTML of text.
func esc(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\n", "<br>").Replace(s)
}

// htmls are the HTML shapes of the mail programs.
var htmls = []struct {
	name string
	mail func(g tongue, text string) string
}{
	{"gmail", func(g tongue, t string) string {
		return `<div dir="ltr">` + esc(t) + `</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">` + esc(g.attr(g.gmail)) + `<br></div><blockquote class="gmail_quote" style="margin:0 0 0 .8ex">` + esc(old) + `</blockquote></div>`
	}},
	{"gmail signed", func(g tongue, t string) string {
		return `<div dir="ltr"><div>` + esc(t) + `</div><div><br></div><span class="gmail_signature_prefix">-- </span><br><div dir="ltr" class="gmail_signature" data-smartmail="gmail_signature">Anna Berg<br>Sales</div></div><br><div class="gmail_quote"><div class="gmail_attr">` + esc(g.attr(g.gmail)) + `</div><blockquote class="gmail_quote">` + esc(old) + `</blockquote></div>`
	}},
	{"apple", func(g tongue, t string) string {
		return `<html><body style="overflow-wrap: break-word;">` + esc(t) + `<br id="lineBreakAtBeginningOfMessage"><div><br><blockquote type="cite"><div>` + esc(g.attr(g.apple)) + `</div><br class="Apple-interchange-newline"><div>` + esc(old) + `</div></blockquote></div><br></body></html>`
	}},
	{"apple telephone", func(g tongue, t string) string {
		return `<html><body dir="auto">` + esc(t) + `<br id="lineBreakAtBeginningOfSignature"><div dir="ltr">` + esc(g.phone) + `</div><div dir="ltr"><br><blockquote type="cite">` + esc(g.attr(g.apple)) + `<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">` + esc(old) + `</div></blockquote></body></html>`
	}},
	{"apple signature", func(g tongue, t string) string {
		return `<div>` + esc(t) + `</div><div id="AppleMailSignature" dir="ltr">Anna Berg</div><blockquote type="cite">` + esc(old) + `</blockquote>`
	}},
	{"thunderbird", func(g tongue, t string) string {
		return `<body><p>` + esc(t) + `</p><div class="moz-signature">-- <br>Anna Berg<br>Sales</div><div class="moz-cite-prefix">` + esc(g.attr(g.bird)) + `<br></div><blockquote type="cite" cite="mid:x@corp.example">` + esc(old) + `</blockquote></body>`
	}},
	{"outlook desktop", func(g tongue, t string) string {
		return `<div class=WordSection1><p class=MsoNormal>` + strings.ReplaceAll(esc(t), "<br><br>", `<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>`) + `<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal>` + g.block(`<b>{from}:</b> Help Desk &lt;help@corp.example&gt; <br><b>{sent}:</b> 2. 3. 2026 09:00<br><b>{to}:</b> Anna Berg<br><b>{subject}:</b> RE: printer`) + `</p></div></div><p class=MsoNormal>` + esc(old) + `</p></div>`
	}},
	{"outlook 2007", func(g tongue, t string) string {
		return `<p class=MsoNormal>` + esc(t) + `</p><div style='border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal>` + g.block(`<b>{from}:</b> Help Desk<br><b>{sent}:</b> 2. 3. 2026<br><b>{to}:</b> Anna<br><b>{subject}:</b> RE`) + `</p></div><p>` + esc(old) + `</p>`
	}},
	{"outlook borderless", func(g tongue, t string) string {
		return `<p class=MsoNormal>` + esc(t) + `</p><p class=MsoNormal>` + g.block(`<b>{from}:</b> Help Desk &lt;help@corp.example&gt;<br><b>{sent}:</b> 2. 3. 2026 09:00<br><b>{to}:</b> Anna<br><b>{subject}:</b> RE: printer`) + `</p><p>` + esc(old) + `</p>`
	}},
	{"outlook web", func(g tongue, t string) string {
		return `<div style="font-family: Calibri;">` + esc(t) + `</div><div id="Signature"><p>Anna Berg</p><p>Sales</p></div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font>` + g.block(`<b>{from}:</b> Help Desk<br><b>{sent}:</b> 2. 3. 2026 09:00<br><b>{to}:</b> Anna<br><b>{subject}:</b> Re: printer`) + `</font></div><div>` + esc(old) + `</div>`
	}},
	{"outlook web, again", func(g tongue, t string) string {
		return `<div class="elementToProof">` + esc(t) + `</div><div id="x_appendonsend"></div><div id="x_divRplyFwdMsg"><b>Help</b></div><div>` + esc(old) + `</div>`
	}},
	{"outlook new", func(g tongue, t string) string {
		return `<div class="elementToProof">` + esc(t) + `</div><div id="mail-editor-reference-message-container"><div class="ms-outlook-mobile-reference-message skipProofing"></div><div style="border-width:1pt medium medium;border-style:solid none none;border-color:rgb(225, 225, 225)">` + g.block(`<b>{from}:</b> Help<br><b>{sent}:</b> x<br>`) + `</div><div>` + esc(old) + `</div></div>`
	}},
	{"outlook mobile", func(g tongue, t string) string {
		return `<div dir="ltr">` + esc(t) + `</div><div id="ms-outlook-mobile-body-separator-line" dir="ltr"><br></div><div id="ms-outlook-mobile-signature" dir="ltr"><div>Get <a href="https://aka.example/x">Outlook for iOS</a></div></div><hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg"><b>x</b></div><div>` + esc(old) + `</div>`
	}},
	{"yahoo", func(g tongue, t string) string {
		return `<div class="yahoo-style-wrap"><div dir="ltr">` + esc(t) + `</div></div><div id="yahoo_quoted_123" class="yahoo_quoted"><div>` + esc(g.attr(g.gmail)) + `</div><div><br></div><div>` + esc(old) + `</div></div>`
	}},
	{"zimbra", func(g tongue, t string) string {
		return `<div>` + esc(t) + `</div><div data-marker="__SIG_PRE__"><div>Anna Berg</div></div><hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__">` + g.block(`<b>{from}: </b>"Help"<br><b>{to}: </b>"Anna"<br><b>{sent}: </b>x<br><b>{subject}: </b>y`) + `</div><div data-marker="__QUOTED_TEXT__">` + esc(old) + `</div>`
	}},
	{"notes", func(g tongue, t string) string {
		return `<font size=2 face="sans-serif">` + esc(t) + `</font><br><br><br><br><font size=1 color=#5f5f5f face="sans-serif">` + g.block(`{from}: &nbsp; &nbsp; &nbsp; &nbsp;</font><font size=1>Help Desk/Corp</font><br><font size=1 color=#5f5f5f>{to}: &nbsp;</font><font size=1>"Anna" &lt;anna@client.example&gt;</font><br><font size=1 color=#5f5f5f>{sent}: &nbsp;</font><font size=1>02.03.2026 09:00</font><br><font size=1>{subject}: &nbsp;</font><font>printer</font>`) + `<br><hr noshade><br><tt>` + esc(old) + `</tt>`
	}},
	{"proton", func(g tongue, t string) string {
		return `<div style="font-family: Arial;">` + esc(t) + `</div><div class="protonmail_signature_block"><div class="protonmail_signature_block-proton">Sent with Proton Mail</div></div><div class="protonmail_quote">` + esc(g.attr(g.gmail)) + `<br><blockquote class="protonmail_quote" type="cite">` + esc(old) + `</blockquote></div>`
	}},
	{"spark", func(g tongue, t string) string {
		return `<div name="messageBodySection"><div dir="auto">` + esc(t) + `</div></div><div name="messageSignatureSection"><br>Anna Berg</div><div name="messageReplySection">` + esc(g.attr(g.apple)) + `<br><blockquote type="cite">` + esc(old) + `</blockquote></div>`
	}},
	{"samsung", func(g tongue, t string) string {
		return `<div dir="auto">` + esc(t) + `</div><div id="composer_signature" dir="auto">Sent from my Galaxy</div><div><br></div><div align="left"><div>-------- ` + esc(g.orig) + ` --------</div>` + g.block(`<div>{from}: Help &lt;help@corp.example&gt;</div><div>{sent}: 02.03.26 09:00 (GMT+01:00)</div><div>{to}: Anna</div><div>{subject}: x</div>`) + `<div><br></div></div>` + esc(old)
	}},
	{"gmx", func(g tongue, t string) string {
		return `<div>` + esc(t) + `</div><div name="quote" style="margin:10px 5px"><div>` + esc(g.attr(g.bird)) + `</div><div name="quoted-content">` + esc(old) + `</div></div>`
	}},
	{"attribution above a plain blockquote", func(g tongue, t string) string {
		return `<p>` + esc(t) + `</p><p>` + esc(g.attr(g.gmail)) + `</p><blockquote>` + esc(old) + `</blockquote>`
	}},
	{"attribution only", func(g tongue, t string) string {
		return `<div>` + esc(t) + `</div><br><div>` + esc(g.attr(g.gmail)) + `</div><div>` + esc(old) + `</div>`
	}},
	{"rule and block", func(g tongue, t string) string {
		return `<div>` + esc(t) + `</div><hr>` + g.block(`{from}: help@corp.example<br>{sent}: 02.03.2026 09:00<br>{to}: anna@client.example<br>{subject}: x<br><br>`) + esc(old)
	}},
}

// TestMatrix: every program's way of quoting in every language leaves exactly
// what the author wrote.
func TestMatrix(t *testing.T) {
	check := func(t *testing.T, name, mail, want, got, quoted string) {
		if got != want {
			t.Errorf("%s:\n%s\n--- gives\n%s\n--- want\n%s", name, mail, got, want)
		}
	}
	for _, g := range tongues {
		t.Run(g.code, func(t *testing.T) {
			for _, text := range []string{g.text, "OK", g.text + "\n\n" + g.text} {
				for _, c := range plains {
					mail := c.mail(g, text)
					got, q := Split(mail, false)
					check(t, c.name, mail, text, got, q)
					if folded(mail) != folded(got)+folded(q) && len(folded(mail)) != len(folded(got+q)) {
						t.Errorf("%s: words are lost:\n%s", c.name, mail)
					}
				}
				for _, c := range htmls {
					mail := c.mail(g, text)
					got, q := SplitDoc(htmltext.Parse(mail, 1<<20), false)
					check(t, "html "+c.name, mail, text, got, q)
				}
			}
		})
	}
}
