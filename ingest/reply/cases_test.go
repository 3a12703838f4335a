package reply

import (
	"strings"
	"testing"

	"helpdeskd/ingest/htmltext"
)

// TestShapes are ways of writing that the matrix does not hold.
func TestShapes(t *testing.T) {
	same := "\x01" // the whole text is the reply
	for name, c := range map[string]struct{ text, want string }{
		"prose: I wrote":            {"On Monday I wrote:\n\nThe printer is broken.\n\nNobody answered.\n", same},
		"prose: with a date":        {"On 2 March 2026 at 9:00 I wrote:\n\nThe printer is broken.\n", same},
		"prose: german":             {"Am 2. März 2026 um 9:00 schrieb ich:\n\nDer Drucker ist kaputt.\n", same},
		"prose: an error":           {"On 2 March 2026 the log said the following:\n\nerror 5\n\nPlease help.\n", same},
		"prose: list":               {"Please order:\n- two screens\n- a mouse\n-- and a cable\n\nThanks\n", same},
		"prose: dashes":             {"First this.\n\n---\n\nThen that, is it right?\n", same},
		"prose: two dashes":         {"Two things.\n\n--\n\nIs the server down?\n\nAnd when will it be back?\n", same},
		"prose: header words":       {"From: Berlin\nTo: Paris\nDate: 3 May 2026\n\nPlease book the train.\n", same},
		"prose: table":              {"Name | Room\n---------\nAnna | 12\n\nPlease check.\n", same},
		"prose: regards inside":     {"Regards\n\nto the whole team. Is the server up?\n", same},
		"prose: sent from":          {"It fails.\n\nSent from my desk, which is easier than the phone, as you asked.\n\nWhat now?\n", same},
		"prose: confidential":       {"The folder is confidential, who can read it?\n", same},
		"prose: unsubscribe":        {"Hello,\n\nplease unsubscribe me from the newsletter.\n", same},
		"prose: fill in":            {"Please sign here:\n\n__________\n\nWhere do I send it, and when is it due?\n", same},
		"shout":                     {"Look:\n\n>>> >>> http://shop.example <<<\n\nIs this real?\n", same},
		"link broken over lines":    {"See <https://wiki.example/a\n> for more.\n\nCan you help?\n", same},
		"shell":                     {"I ran this:\n\n$ cat <<END\n> one\n> two\n\nand nothing came.\n", same},
		"shell, powershell":         {"PS C:\\Users\\anna> Get-Item `\n>> x\n\nIt fails.\n", same},
		"shell, cmd":                {"C:\\>ftp\n> open host\n", same},
		"mysql":                     {"mysql> select 1\n    -> ;\n> x\n\nIs that right?\n", same},
		"diff":                      {"The files differ:\n\n3c3\n< old\n---\n> new\n\nWhich is right?\n", same},
		"fence":                     {"```\nOn 2 Mar 2026, a@b.example wrote:\n> x\nFrom: a@b.example\nSent: x\nTo: y\nSubject: z\n```\nWhy?\n", same},
		"one line":                  {"Works now, thanks! On Mon, 2 Mar 2026 at 09:00, Help <help@corp.example> wrote:\n\n> Does it?\n", "Works now, thanks!"},
		"one line, german":          {"Geht. Am Mo., 2. März 2026 um 09:00 Uhr schrieb Help <help@corp.example>:\n> Und?\n", "Geht."},
		"zoho":                      {"Yes.\n\n---- On Mon, 02 Mar 2026 09:00:00 +0100 Help <help@corp.example> wrote ----\n\nDoes it?\n", "Yes."},
		"em client":                 {"Yes.\n\n------ Original Message ------\nFrom: \"Help\" <help@corp.example>\nTo: anna@client.example\nSent: 02/03/2026 09:00:00\nSubject: Re: x\n\nDoes it?\n", "Yes."},
		"samsung":                   {"Yes.\n\nSent from my Galaxy\n\n-------- Original message --------\nFrom: Help <help@corp.example>\nDate: 02/03/2026 09:00 (GMT+01:00)\nTo: anna@client.example\nSubject: Re: x\n\nDoes it?\n", "Yes."},
		"telephone and name":        {"Yes.\n\nSent from Samsung Mobile Help Desk <help@corp.example> wrote:\n> Does it?\n", "Yes."},
		"horde":                     {"Yes.\n\nZitat von Help Desk <help@corp.example>:\n\n> Geht es?\n", "Yes."},
		"name only":                 {"Yes.\n\nHelp Desk wrote:\n> Does it?\n", "Yes."},
		"you wrote":                 {"Yes.\n\nOn 2 March 2026 09:00 you wrote:\n> Does it?\n", "Yes."},
		"address after the date":    {"Yes.\n\n2026-03-02 9:00 GMT+01:00 Help Desk <help@corp.example>:\n\n> Does it?\n", "Yes."},
		"wrapped in the address":    {"Yes.\n\nOn Mon, Mar 2, 2026 at 9:00 AM Help Desk <\nhelp@corp.example> wrote:\n\n> Does it?\n", "Yes."},
		"wrapped into three":        {"Yes.\n\nOn Monday, 2 March 2026 at 09:00:12\nHelp Desk of the Whole Corporation\n<help@corp.example> wrote:\n\nDoes it?\n", "Yes."},
		"verb alone on a line":      {"Yes.\n\nOn Mon, Mar 2, 2026 at 9:00 AM Help Desk <help@corp.example>\nwrote:\n\nDoes it?\n", "Yes."},
		"signed below the quote":    {"Yes.\n\nOn 2 Mar 2026, Help wrote:\n\n> Does it?\n> Or not?\n\nRegards, Anna\n", "Yes.\n\nRegards, Anna"},
		"date block":                {"Yes.\n\nDate: Mon, 2 Mar 2026 09:00:00 +0100\nTo: anna@client.example\n\nDoes it?\n", "Yes."},
		"date, from, to, subject":   {"Yes.\n\nDate: Mon=2C 2 Mar 2026 09:00:00 +0100\nFrom: help@corp.example\nTo: anna@client.example\nSubject: x\n\nDoes it?\n", "Yes."},
		"our marker":                {"Yes.\n\n##- Please type your reply above this line -##\n\nDear Anna,\n\ndoes it?\n", "Yes."},
		"our marker in german":      {"Ja.\n\n--- Bitte antworten Sie oberhalb dieser Zeile ---\n\nHallo Anna,\n\ngeht es?\n", "Ja."},
		"quoted marker":             {"Yes.\n\n> --- Reply above this line ---\n> Dear Anna\n", "Yes."},
		"appointment":               {"I cannot come.\n\n-----Original Appointment-----\nFrom: Help\nSent: Monday\nTo: Anna\nSubject: Visit\nWhen: Tuesday\n\nSee you.\n", "I cannot come."},
		"banner and text at once":   {"CAUTION: This email originated from outside of the organization. Do not click links\nor open attachments unless you recognize the sender.\nMy badge is lost.\nWho helps?\n", "My badge is lost.\nWho helps?"},
		"banner in rulers":          {"*******\nVORSICHT: Externe E-Mail\n*******\n\nMein Ausweis ist weg.\n", "Mein Ausweis ist weg."},
		"banner, french":            {"ATTENTION : Ce courriel provient de l'extérieur de l'organisation. Ne cliquez pas.\n\nMon badge est perdu.\n", "Mon badge est perdu."},
		"outlook's hint":            {"[You don't often get email from anna@client.example. Learn why this is important at https://aka.example/LearnAboutSenderIdentification ]\n\nMy badge is lost.\n", "My badge is lost."},
		"only a banner":             {"This is an external email.\n", same},
		"legal in two paragraphs":   {"My badge is lost.\n\n*********\nThis e-mail is confidential and intended solely for the use of the addressee.\n\nIf you have received this message in error, notify the sender and delete this mail.\n", "My badge is lost."},
		"legal, german":             {"Mein Ausweis ist weg.\n\nDiese E-Mail enthält vertrauliche und/oder rechtlich geschützte Informationen. Wenn Sie nicht der richtige Adressat sind, vernichten Sie diese Mail.\n", "Mein Ausweis ist weg."},
		"legal, italian":            {"Ho perso il badge.\n\nLe informazioni contenute in questo messaggio sono riservate al destinatario. Se lo ha ricevuto per errore, avvisi il mittente.\n", "Ho perso il badge."},
		"legal, polish":             {"Zgubiłem kartę.\n\nWiadomość jest poufna. Jeżeli nie jest Pan/i adresatem, a otrzymał/a ją omyłkowo, proszę ją usunąć.\n", "Zgubiłem kartę."},
		"virus scanner":             {"My badge is lost.\n\nVirus-free.www.scanner.example\n", "My badge is lost."},
		"list footer":               {"My badge is lost.\n_______________________________________________\nusers mailing list -- users@lists.example\nTo unsubscribe send an email to users-leave@lists.example\n", "My badge is lost."},
		"groups footer":             {"My badge is lost.\n\n-- \nYou received this message because you are subscribed to the group.\n", "My badge is lost."},
		"apologetic telephone":      {"ok\n\nSent from my iPhone, please excuse typos.\n", "ok"},
		"wrapped quote":             {"Yes.\n\nOn 2 Mar 2026, Help wrote:\n> this is a rather long line of a quote that some program has wrapped\nbadly, so\n> that it looks answered\n", "Yes."},
		"answers between":           {"See below.\n\nOn 2 Mar 2026, Help wrote:\n> Which printer?\nThe blue one.\n> Which floor?\nThe second.\n", same},
		"short greeting and below":  {"Hi Help,\n\nOn 2 Mar 2026, Help wrote:\n> Which printer?\n\nThe blue one.\n", "Hi Help,\n\nThe blue one."},
		"two signatures":            {"Yes.\n\nKind regards\nAnna\n\n-- \nClient Ltd, Main Street 1\n", "Yes."},
		"polite in capitals":        {"Yes.\n\nKIND REGARDS,\nAnna Berg\n", "Yes."},
		"three dashes and a name":   {"Yes.\n\n---\nAnna Berg\nSales\n", "Yes."},
		"nothing but a signature":   {"-- \nAnna Berg\n", "--\nAnna Berg"},
		"quote without a reply":     {"On 2 Mar 2026, Help <help@corp.example> wrote:\n> Which?\n", "On 2 Mar 2026, Help <help@corp.example> wrote:\n> Which?"},
		"forward by the text alone": {"FYI\n\n-------- Weitergeleitete Nachricht --------\nBetreff: x\nVon: Bob <b@x.example>\n\n> kaputt\n\n--\nBob\n", same},
		"lotus":                     {"Yes.\n\n\n\nFrom:   Help Desk/Corp\nTo:     Anna Berg/Client@Client\nDate:   02.03.2026 09:00\nSubject:        Re: printer\n\n\n\nDoes it?\n", "Yes."},
		"windows telephone":         {"Yes.\n\nVon: Help\nGesendet: Montag, 2. März 2026 09:00\nAn: Anna\n\nGeht es?\n", "Yes."},
		"groupwise":                 {"Yes.\n\n>>> Help Desk <help@corp.example> 02.03.2026 9:00 >>>\nDoes it?\n", "Yes."},
		"groupwise, a name":         {"Yes.\n\n>>> Help Desk 3/2/2026 9:00 AM >>>\nDoes it?\n", "Yes."},
		"blackberry's words alone":  {"Yes.\n\nSent from my BlackBerry 10 smartphone.\n  Original Message\nFrom: Help\nSent: Monday, March 2, 2026 09:00\nTo: anna@client.example\nSubject: x\n\nDoes it?\n", "Yes."},
		"proton, german":            {"Ja.\n\nVon Proton Mail für Android gesendet\n", "Ja."},
		"a long dash between":       {"First this.\n\n—\n\nThen that, is it right?\n", same},
		"postscript":                {"Yes.\n\nKind regards,\nAnna Berg\nSales\n\nP.S. The scanner is broken too.\n", "Yes.\n\nP.S. The scanner is broken too."},
		"postscript above a quote":  {"Yes.\n\n-- \nAnna Berg\n\nPS: the scanner is broken too.\n\nOn 2 Mar 2026, Help <help@corp.example> wrote:\n> Does it?\n", "Yes.\n\nPS: the scanner is broken too."},
		"no postscript":             {"Yes.\n\nKind regards,\nAnna Berg\n\nPS Consulting, Main Street 1\n", "Yes."},
		"qq":                        {"可以了。\n\n------------------ 原始邮件 ------------------\n发件人: \"Help\"<help@corp.example>;\n发送时间: 2026年3月2日(星期一) 上午9:00\n收件人: \"Anna\"<anna@client.example>;\n主题: x\n\n可以吗?\n", "可以了。"},
		"netease":                   {"可以了。\n\n在 2026-03-02 09:00:00，\"Help\" <help@corp.example> 写道：\n\n可以吗?\n", "可以了。"},
		"netease, english":          {"Yes.\n\nAt 2026-03-02 09:00:00, \"Help\" <help@corp.example> wrote:\n\n>Does it?\n", "Yes."},
		"web.de":                    {"Ja.\n\nGesendet: Montag, 02. März 2026 um 09:00 Uhr\nVon: \"Help\" <help@corp.example>\nAn: \"Anna\" <anna@client.example>\nBetreff: x\n\nGeht es?\n", "Ja."},
		"t-online":                  {"Ja.\n\n-----Original-Nachricht-----\nBetreff: x\nDatum: 2026-03-02T09:00:00+0100\nVon: \"Help\" <help@corp.example>\nAn: \"anna@client.example\" <anna@client.example>\n\nGeht es?\n", "Ja."},
		"mail.ru":                   {"Да.\n\nПонедельник, 2 марта 2026, 9:00 +03:00 от Help <help@corp.example>:\n\nРаботает?\n", "Да."},
		"yandex":                    {"Да.\n\n02.03.2026, 09:00, \"Help\" <help@corp.example>:\n\nРаботает?\n", "Да."},
	} {
		want := c.want
		if want == same {
			want = strings.TrimSpace(c.text)
		}
		got, quoted := Split(c.text, false)
		if got != want {
			t.Errorf("%s:\n%q\nwant\n%q", name, got, want)
		}
		if len(folded(c.text)) != len(folded(got+quoted)) {
			t.Errorf("%s: words are lost: %q + %q", name, got, quoted)
		}
	}
}

// TestShapesHTML are the shapes of HTML that the matrix does not hold.
func TestShapesHTML(t *testing.T) {
	for name, c := range map[string]struct{ html, want string }{
		"answers between, apple": {`<div>See below.</div><blockquote type="cite"><div>Which printer?</div></blockquote><div>The blue one.</div><blockquote type="cite"><div>Which floor?</div></blockquote><div>The second.</div>`, "See below.\n\n> Which printer?\n\nThe blue one.\n\n> Which floor?\n\nThe second."},
		"answers between, gmail": {`<div dir="ltr"></div><div class="gmail_quote"><div class="gmail_attr">On 2 Mar 2026, Help wrote:<br></div><blockquote class="gmail_quote">Which printer?</blockquote><div>The blue one.</div><blockquote class="gmail_quote">Which floor?</blockquote><div>The second.</div></div>`, "> On 2 Mar 2026, Help wrote:\n\n> Which printer?\n\nThe blue one.\n\n> Which floor?\n\nThe second."},
		"answer below, gmail":    {`<div class="gmail_quote"><div class="gmail_attr">On 2 Mar 2026, Help wrote:<br></div><blockquote class="gmail_quote">Which printer?</blockquote><div>The blue one.</div></div>`, "The blue one."},
		"forward, gmail":         {`<div>Please look.</div><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>From: <b>Bob</b> &lt;<a href="mailto:b@x.example">b@x.example</a>&gt;<br>Date: Mon<br>Subject: x<br></div><p>It broke.</p></div>`, "Please look.\n---------- Forwarded message ---------\nFrom: Bob <b@x.example>\nDate: Mon\nSubject: x\n\nIt broke."},
		"code": {`<p>I see:</p><pre>&gt; npm start
&gt; node .
-- 
</pre><p>What now?</p>`, "I see:\n\n> npm start\n> node .\n--\n\nWhat now?"},
		"plain text in pre": {`<pre>Yes.

On 2 Mar 2026, Help wrote:
&gt; Does it?
</pre>`, "Yes."},
		"own indented passage":      {`<div>He said:</div><blockquote class="gmail_quote">indented</blockquote><div>and left.</div>`, "He said:\n\nindented\nand left."},
		"a passage that is led to":  {`<p>The contract says:</p><blockquote>The seller pays.</blockquote><p>What does that mean?</p>`, "The contract says:\n\nThe seller pays.\n\nWhat does that mean?"},
		"postscript":                {`<p>Yes.</p><p>Kind regards<br>Anna Berg</p><p>P.S. The scanner is broken too.</p>`, "Yes.\n\nP.S. The scanner is broken too."},
		"banner table":              {`<table><tr><td>CAUTION: This email originated from outside of the organization. Do not click links.</td></tr></table><br><div>My badge is lost.</div>`, "My badge is lost."},
		"signature only":            {`<div class="gmail_signature">Anna</div>`, "Anna"},
		"message above signature":   {`<p>Yes.</p><div id="x_x_Signature"><p>Anna</p></div>`, "Yes."},
		"apple signature by a mark": {`<div>Yes.</div><br id="lineBreakAtBeginningOfSignature"><div>Anna Berg, Sales</div><div><blockquote type="cite">old</blockquote></div>`, "Yes."},
		"exchange twice":            {`<div>Yes.</div><div id="x_x_divRplyFwdMsg"><b>From:</b> x</div><p>old</p>`, "Yes."},
		"new outlook's separator":   {`<p>Yes.</p><div style="border-right:none;border-bottom:none;border-left:none;border-top:1pt solid rgb(225, 225, 225)"><p><b>From:</b> Help<br><b>Sent:</b> Monday<br><b>To:</b> Anna<br><b>Subject:</b> x</p></div><p>old</p>`, "Yes."},
		"empty top":                 {`<div><br></div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> Help<br></div><div>old</div>`, "From: Help\nold"},
		"nested containers":         {`<div>Yes.</div><div class="yahoo_quoted"><div>On x wrote:</div><div class="gmail_quote"><div>older</div></div><div>old</div></div>`, "Yes."},
	} {
		got, _ := SplitDoc(htmltext.Parse(c.html, 1<<20), false)
		if got != c.want {
			t.Errorf("%s:\n%q\nwant\n%q", name, got, c.want)
		}
	}
}
