package ingest

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"helpdeskd/tracker"
)

// letter builds a message: header lines, then the body.
func letter(header, body string) []byte {
	return []byte(strings.ReplaceAll(strings.TrimSpace(header)+"\n\n"+body, "\n", "\r\n"))
}

const usual = "From: Anna Berg <anna@corp.example>\nTo: helpdesk@corp.example\nSubject: Printer\nMessage-ID: <a1@corp.example>\nDate: Mon, 02 Mar 2026 10:00:00 +0100\n"

func TestParseUsual(t *testing.T) {
	in := Parse(letter(usual, "It prints blank pages.\n\n-- \nAnna\n"), Options{})
	if in.Class != tracker.ClassHuman || in.FromDefect != "" || in.SuppressAck {
		t.Fatalf("class %q, defect %q, suppress %v", in.Class, in.FromDefect, in.SuppressAck)
	}
	if in.Subject != "Printer" || in.MessageID != "a1@corp.example" || len(in.Parts) != 0 {
		t.Errorf("%+v", in)
	}
	if in.Reply != "It prints blank pages." || in.Quoted != "-- \nAnna" && in.Quoted != "--\nAnna" {
		t.Errorf("reply %q quoted %q", in.Reply, in.Quoted)
	}
	if got := in.Date.Format("2006-01-02T15:04:05Z07:00"); got != "2026-03-02T09:00:00Z" {
		t.Errorf("date %s", got)
	}
}

// TestFromDefect: an author that can not be established beyond doubt is never
// somebody (RFC 5322 section 3.6.2).
func TestFromDefect(t *testing.T) {
	for name, header := range map[string]string{
		"two From headers": "From: a@corp.example\nFrom: b@evil.example\nSubject: x",
		"two mailboxes":    "From: a@corp.example, b@evil.example\nSubject: x",
		"blank and colon":  "From : a@corp.example\nSubject: x",
		"both spellings":   "From : a@corp.example\nFrom: b@evil.example\nSubject: x",
		"folded name":      "Subject: x\nFrom\n : a@corp.example\nTo: b@corp.example",
		"none":             "Subject: x\nTo: b@corp.example",
		"empty":            "From:\nSubject: x",
		"no address":       "From: Anna\nSubject: x",
		"source route":     "From: <@corp.example:b@evil.example>\nSubject: x",
		"NUL":              "From: a\x00@corp.example\nSubject: x",
	} {
		in := Parse(letter(header, "hello\n"), Options{})
		if in.FromDefect == "" || in.Class != tracker.ClassMalformed {
			t.Errorf("%s: class %q, defect %q, from %+v", name, in.Class, in.FromDefect, in.From)
		}
	}
	for _, raw := range []string{"", "\r\n", "just words\r\nand more\r\n", "\x00\x00"} {
		if in := Parse([]byte(raw), Options{}); in.Class != tracker.ClassMalformed {
			t.Errorf("%q: class %q", raw, in.Class)
		}
	}
}

// TestAddressIsLiteral: an encoded word in an address stays what it is; only
// names are decoded (RFC 2047 section 5).
func TestAddressIsLiteral(t *testing.T) {
	for header, want := range map[string]tracker.Address{
		`=?utf-8?q?tech1=40corp.example=00?=@evil.example`:         {Address: "=?utf-8?q?tech1=40corp.example=00?=@evil.example"},
		`"tech1@corp.example" <mallory@evil.example>`:              {Name: "tech1@corp.example", Address: "mallory@evil.example"},
		`=?utf-8?q?M=C3=BCller=2C_Anna?= <A.Mueller@Corp.Example>`: {Name: "Müller, Anna", Address: "a.mueller@corp.example"},
		`=?utf-8?q?a=E2=80=AEb?= <x@y.example>`:                    {Name: "ab", Address: "x@y.example"},
		`a@b.example (Anna (the first))`:                           {Name: "Anna (the first)", Address: "a@b.example"},
		`=?iso-8859-1?Q?M=FCller, Anna?= <a@b.example>`:            {Name: "Müller, Anna", Address: "a@b.example"},
	} {
		list, odd := addressList(header, "")
		if len(list) != 1 || list[0] != want || odd != "" {
			t.Errorf("%s: %+v %q", header, list, odd)
		}
	}
}

// TestShiftedNames: the bytes of ISO-2022-JP look like quotes, brackets and
// commas, and are none. An address that readers without shifts would see among
// them is odd.
func TestShiftedNames(t *testing.T) {
	yamada := tracker.Address{Name: "山田花子", Address: "yamada@firm.example"}
	for _, c := range []struct {
		header string
		want   tracker.Address
		odd    bool
	}{
		{"\x1b$B;3ED2V;R\x1b(B <yamada@firm.example>", yamada, false},
		{"\"\x1b$B;3ED2V;R\x1b(B\" <yamada@firm.example>", yamada, false},
		{"yamada@firm.example (\x1b$B;3ED2V;R\x1b(B)", yamada, false},
		{"\x1b$@;3ED\x1b(J\x1b$B2V;R\x1b(B <yamada@firm.example>", yamada, false},
		{"\x1b$B$\"$:$<\x1b(B <a@b.example>", tracker.Address{Name: "あずぜ", Address: "a@b.example"}, false},
		{"\x1b$B<boss@corp.ex>;\x1b(B <mallory@evil.example>", tracker.Address{Address: "mallory@evil.example"}, true},
		{"\"\x1b$B<boss@corp.ex>;\x1b(B\" <mallory@evil.example>", tracker.Address{Address: "mallory@evil.example"}, true},
	} {
		list, odd := addressList(c.header, "")
		if c.odd && len(list) == 1 {
			list[0].Name = ""
		}
		if len(list) != 1 || list[0] != c.want || (odd != "") != c.odd {
			t.Errorf("%q: %+v %q", c.header, list, odd)
		}
	}
	if list, odd := addressList("\x1b$B;3ED <mallory@evil.example>", ""); odd == "" && (len(list) != 1 || list[0].Address != "mallory@evil.example") {
		t.Errorf("an open shift: %+v", list)
	}
	many := strings.Repeat("\x1b$B", 80<<10)
	if at := time.Now(); true {
		addressList(many, "")
		if d := time.Since(at); d > 2*time.Second {
			t.Errorf("%d open shifts take %v", 80<<10, d)
		}
	}
}

func TestDecodeText(t *testing.T) {
	for in, want := range map[string]string{
		"=?utf-8?q?a?= =?utf-8?q?b?=":       "ab",
		"=?utf-8?b?w6Q?= x":                 "ä x",
		"x=?utf-8?q?=C3?= =?utf-8?q?=A4?=y": "xäy",
		"=?utf-8?q?broken":                  "=?utf-8?q?broken",
		"=?iso-8859-1*en?q?=E4?=":           "ä",
		"Gr\xfc\xdfe":                       "Grüße",
		"\x1b$B$\"\x1b(B":                   "あ",
	} {
		if got := decodeText(in, ""); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestFileName(t *testing.T) {
	for in, want := range map[string]string{
		`attachment; filename="../../etc/passwd"`:                                  "passwd",
		`attachment; filename="C:\\temp\\a.exe"`:                                   "a.exe",
		"attachment; filename=\"\u200b.htaccess\"":                                 "htaccess",
		`attachment; filename*=utf-8''Ma%C3%9Fnahme.txt`:                           "Maßnahme.txt",
		`attachment; filename*0*=utf-8''Ma%C3; filename*1*=%9F; filename*2=".txt"`: "Maß.txt",
		`attachment; filename="=?utf-8?q?=E2=82=AC.pdf?="`:                         "€.pdf",
		`attachment; filename=my file.pdf`:                                         "my file.pdf",
	} {
		if got := cleanName(parseParams(in, "").params["filename"]); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// TestParts: every part is an exact range of the raw mail, and OpenPart
// gives its content back.
func TestParts(t *testing.T) {
	raw := letter(usual+"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b", `--b
Content-Type: multipart/alternative; boundary=bb

--bb
Content-Type: text/plain

see below
--bb
Content-Type: text/html

<p>see below <img src="cid:i1@x"></p>
--bb--
--b
Content-Type: image/png; name=a.png
Content-ID: <i1@x>
Content-Transfer-Encoding: base64

aGVs
bG8=
--b
Content-Type: application/pdf; name=a.png
Content-Transfer-Encoding: quoted-printable

caf=C3=
=A9
--b--
`)
	in := Parse(raw, Options{})
	checkInvariants(t, raw, in)
	if in.Text != "see below" || len(in.Parts) != 3 {
		t.Fatalf("text %q, parts %+v", in.Text, in.Parts)
	}
	want := []struct {
		role tracker.Role
		name string
		data string
	}{{tracker.RoleHTML, "", `<p>see below <img src="cid:i1@x"></p>`}, {tracker.RoleInline, "a.png", "hello"}, {tracker.RoleFile, "a (2).png", "café"}}
	for i, w := range want {
		p := in.Parts[i]
		data, err := io.ReadAll(tracker.OpenPart(bytes.NewReader(raw), p))
		if err != nil || p.Role != w.role || p.Name != w.name || string(data) != w.data || p.Size != int64(len(data)) {
			t.Errorf("part %d: %+v %q %v", i, p, data, err)
		}
	}
}

func TestDecoders(t *testing.T) {
	for _, c := range []struct{ enc, in, want string }{
		{"base64", "aGVsbG8", "hello"},
		{"base64", "aGVs!!\r\nbG8=aGk=", "hellohi"},
		{"quoted-printable", "a=3Db= \r\nc \r\nd=ZZ=", "a=bc\r\nd=ZZ"},
		{"uuencode", "begin 644 x\n#0V%T\n`\nend\n", "Cat"},
	} {
		got, _ := decodeAll([]byte(c.in), c.enc, 0)
		if string(got) != c.want {
			t.Errorf("%s %q: %q, want %q", c.enc, c.in, got, c.want)
		}
		if n := decodedSize([]byte(c.in), c.enc); n != int64(len(c.want)) {
			t.Errorf("%s: size %d", c.enc, n)
		}
	}
}

func TestTokens(t *testing.T) {
	const tok = "abcdefghijklmnopqrstuvwx23"
	in := Parse(letter("From: a@corp.example\nTo: Help <helpdesk+"+tok+"@corp.example>, helpdesk+short@corp.example, other+zzzzzzzzzzzzzzzzzzzzzzzzzz@corp.example\nIn-Reply-To: <hd."+strings.Repeat("b", 26)+"@corp.example>\nReferences: <x@y> <hd."+tok+"@corp.example>\nSubject: AW: [HD-12] x [hd-7]", "ok\n"), Options{Own: []string{"Helpdesk@corp.example"}})
	if got := strings.Join(in.ReplyTokens, " "); got != strings.Repeat("b", 26)+" "+tok {
		t.Errorf("tokens %q", got)
	}
	if len(in.SubjectTags) != 2 || in.SubjectTags[0] != 12 || in.SubjectTags[1] != 7 {
		t.Errorf("tags %v", in.SubjectTags)
	}
}

func TestClasses(t *testing.T) {
	for _, c := range []struct {
		name, header, body string
		class              tracker.Class
		quiet              bool
	}{
		{"human", usual, "hi\n", tracker.ClassHuman, false},
		{"auto-submitted", usual + "Auto-Submitted: Auto-Replied (vacation); x=y\n", "away\n", tracker.ClassAutoReply, true},
		{"auto-submitted no", usual + "Auto-Submitted: no\n", "hi\n", tracker.ClassHuman, false},
		{"subject of an absence", strings.Replace(usual, "Printer", "Automatische Antwort: Ihre Anfrage", 1), "weg\n", tracker.ClassAutoReply, true},
		{"list", usual + "List-Id: <a.b.example>\n", "hi\n", tracker.ClassList, true},
		{"bulk", usual + "Precedence: bulk\n", "hi\n", tracker.ClassList, true},
		{"asks for silence", usual + "X-Auto-Response-Suppress: All\n", "hi\n", tracker.ClassHuman, true},
		{"a rule forwarded it", usual + "X-MS-Exchange-Inbox-Rules-Loop: a@corp.example\n", "hi\n", tracker.ClassHuman, true},
		{"no-reply", strings.Replace(usual, "anna@", "no-reply@", 1), "hi\n", tracker.ClassHuman, true},
		{"receipt", usual + "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n", "--b\n\nread\n--b\nContent-Type: message/disposition-notification\n\nDisposition: x\n--b--\n", tracker.ClassReceipt, true},
		{"placeholder", "From: Microsoft Exchange Server <x@corp.example>\nSubject: Retrieval using the IMAP4 protocol failed for the following message: 12", "x\n", tracker.ClassPlaceholder, true},
		{"words of a bounce from a person", usual, "My mail to bob@x.example came back: delivery failed, 550 5.1.1 user unknown.\n", tracker.ClassHuman, false},
	} {
		in := Parse(letter(c.header, c.body), Options{})
		if in.Class != c.class || in.SuppressAck != c.quiet {
			t.Errorf("%s: %q, suppress %v", c.name, in.Class, in.SuppressAck)
		}
		if (in.ClassReason != "") != (c.class != tracker.ClassHuman) {
			t.Errorf("%s: reason %q", c.name, in.ClassReason)
		}
	}
}

func dsn(action, status, diag string) []byte {
	return letter("From: MAILER-DAEMON@mx.example\nTo: helpdesk@corp.example\nReturn-Path: <>\nAuto-Submitted: auto-replied\nSubject: Undelivered Mail Returned to Sender\nContent-Type: multipart/report; report-type=delivery-status; boundary=b",
		"--b\n\nI could not deliver it.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; bob@client.example\nAction: "+action+"\nStatus: "+status+"\nDiagnostic-Code: smtp; "+diag+"\n\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <orig@corp.example>\nSubject: x\n--b--\n")
}

func TestBounce(t *testing.T) {
	for _, c := range []struct {
		action, status, diag string
		class                tracker.Class
		permanent            bool
	}{
		{"failed", "5.1.1", "550 5.1.1 User unknown", tracker.ClassBounce, true},
		{"failed", "5.2.2", "552 5.2.2 mailbox full", tracker.ClassBounce, false},
		{"delayed", "4.4.1", "connection timed out", tracker.ClassDeliveryNotice, false},
		{"delivered", "2.0.0", "250 ok", tracker.ClassDeliveryNotice, false},
	} {
		in := Parse(dsn(c.action, c.status, c.diag), Options{})
		b := in.Bounce
		if in.Class != c.class || b == nil || len(b.Recipients) != 1 || b.Recipients[0] != "bob@client.example" || b.OriginalMessageID != "orig@corp.example" || b.Permanent != c.permanent || b.Reason == "" {
			t.Errorf("%s %s: %q %+v", c.action, c.status, in.Class, b)
		}
	}
}

// TestBounds: what is too deep, too many or too large is kept, not read.
func TestBounds(t *testing.T) {
	var deep strings.Builder
	for i := 0; i < 500; i++ {
		deep.WriteString("Content-Type: multipart/mixed; boundary=n" + string(rune('a'+i%26)) + "\n\n--n" + string(rune('a'+i%26)) + "\n")
	}
	for name, raw := range map[string][]byte{
		"deep": letter(usual+"Content-Type: multipart/mixed; boundary=top", "--top\n"+deep.String()+"\ncore\n--top--\n"),
		"wide": letter(usual+"Content-Type: multipart/mixed; boundary=b", strings.Repeat("--b\n\nx\n", 5000)+"--b--\n"),
		"line": letter(usual, strings.Repeat("A", 3<<20)),
	} {
		in := Parse(raw, Options{})
		checkInvariants(t, raw, in)
		if in.Class != tracker.ClassHuman || len(in.Defects) == 0 {
			t.Errorf("%s: %q %v", name, in.Class, in.Defects)
		}
		if len(in.Parts) == 0 || len(in.Parts) > maxParts+1 {
			t.Errorf("%s: %d parts", name, len(in.Parts))
		}
	}
	if in := Parse(letter(usual+strings.Repeat("X-A: b\n", 6000), "x"), Options{}); in.Class != tracker.ClassMalformed {
		t.Errorf("6000 headers: %q", in.Class)
	}
}

// TestLinearTime: four times the bytes may take about four times as long, for
// mails that make careless readers quadratic.
func TestLinearTime(t *testing.T) {
	flow := usual + "x-ms-mail-workflow: 1\nContent-Type: text/html"
	for name, c := range map[string]struct{ header, unit string }{
		"glued delimiters":  {usual + "Content-Type: multipart/mixed; boundary=b", "--b"},
		"delimiter prefix":  {usual + "Content-Type: multipart/mixed; boundary=b", "--bx\n"},
		"open words":        {"Subject: x\nFrom: ", "=?a?q?"},
		"open angles":       {"Subject: x\nFrom: ", "<a,"},
		"open comments":     {"Subject: x\nFrom: ", "(<"},
		"colons":            {"Subject: x\nFrom: a@b ", ":"},
		"stray lines":       {"From: a@b.example\nSubject: x", "\nstray line"},
		"bounce words":      {"From: mailer-daemon@x.example\nSubject: failure notice", "<a@b.example>: message-id\n"},
		"form answer":       {flow, "<p><b>Name:</b> a<br>b<br>c"},
		"one long answer":   {flow, "<br>x"},
		"table cells":       {flow, "<table><tr><td>a<br>b"},
		"attributes":        {usual + "Content-Type: text/html", "<p class=x style=y a=b>"},
		"uuencode":          {usual, "begin 644 a\n#0V%T\n`\nend\n"},
		"header parameters": {usual + "Content-Type: text/plain; a", "; b=\"c"},
	} {
		took := func(n int) time.Duration {
			raw := []byte(c.header)
			if !strings.HasSuffix(c.header, " ") && name != "stray lines" && name != "header parameters" {
				raw = append(raw, "\n\n"...)
			}
			raw = append(raw, strings.Repeat(c.unit, n/len(c.unit))...)
			best := time.Hour
			for range 2 {
				start := time.Now()
				checkInvariants(t, raw, Parse(raw, Options{}))
				best = min(best, time.Since(start))
			}
			return best
		}
		small, large := took(64<<10), took(256<<10)
		t.Logf("%s: %v, %v", name, small, large)
		if large > 16*small && large > time.Second {
			t.Errorf("%s: 64 KiB in %v, 256 KiB in %v", name, small, large)
		}
	}
}
