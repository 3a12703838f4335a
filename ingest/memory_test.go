package ingest

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// maxGrowth is what reading one small mail may allocate in all, in bytes: more
// than the heap can grow by, however late the garbage is collected.
const maxGrowth = 64 << 20

// smallMail is the most bytes of a mail that maxGrowth is promised for.
const smallMail = 64 << 10

// TestSmallMailsMemory: no small mail, whatever it is made of, makes the
// process grow by more than 64 MB.
func TestSmallMailsMemory(t *testing.T) {
	fill := func(s string) string { return strings.Repeat(s, (smallMail-4096)/len(s)) }
	numbered := func(write func(b *strings.Builder, i int)) string {
		var b strings.Builder
		for i := 0; b.Len() < smallMail-4096; i++ {
			write(&b, i)
		}
		return b.String()
	}
	html := func(s string) []byte { return letter(usual+"Content-Type: text/html", s) }
	mixed := func(s string) []byte {
		return letter(usual+"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b", s)
	}
	mails := map[string][]byte{
		"text":          letter(usual, fill("It is broken. ")),
		"lines":         letter(usual, fill("a\n")),
		"blank lines":   letter(usual, fill("\n")),
		"quote marks":   letter(usual, fill(">")),
		"quoted lines":  letter(usual, fill("> > a\nb\n")),
		"attributions":  letter(usual, fill("On 2 Mar 2026, a@b.example wrote:\n> x\n\n")),
		"header blocks": letter(usual, fill("From: a@b.example\nSent: 2 Mar 2026\n")),
		"header fields": letter(usual+fill("X-A: b\n")+"X-B: c", "x"),
		"received":      letter(usual+fill("Received: from a by b;\n Mon, 2 Mar 2026 10:00:00 +0100\n")+"X-B: c", "x"),
		"folds":         letter(usual+"X-A:"+fill("\n a"), "x"),
		"addresses":     letter(usual+"Cc: "+fill("a@b.example, ")+"a@b.example", "x"),
		"comments":      letter(usual+"Cc: "+fill("(")+"a@b.example", "x"),
		"references":    letter(usual+"References: "+fill("<a@b.example>\n "), "x"),
		"encoded words": letter("From: a@b.example\nSubject: "+fill("=?utf-8?Q?=C3=A4?= "), "x"),
		"empty words":   letter("From: a@b.example\nSubject: "+fill("=?=?"), "x"),
		"parameters":    letter(usual+"Content-Type: text/plain; "+numbered(func(b *strings.Builder, i int) { b.WriteString("name*" + strings.Repeat("9", i%9+1) + "*=a;") }), "x"),
		"parts":         mixed(fill("--b\n\nx\n") + "--b--\n"),
		"files":         mixed(fill("--b\nContent-Type: image/png; name=a\n\nx\n") + "--b--\n"),
		"empty parts":   mixed(fill("--b\n")),
		"multiparts in each other": mixed(numbered(func(b *strings.Builder, i int) {
			b.WriteString("--b\nContent-Type: multipart/mixed; boundary=b\n\n")
		})),
		"messages in each other": letter(usual+"Content-Type: message/rfc822", fill("Content-Type: message/rfc822\n\n")),
		"uuencoded files":        letter(usual, fill("begin 644 a\n#86)C\n`\nend\n")),
		"flowed":                 letter(usual+"Content-Type: text/plain; format=flowed", fill("> a \n>> b \n")),
		"elements":               html(fill("<b>")),
		"tables in each other":   html(fill("<table><tr><td>")),
		"lists in each other":    html(fill("<ol><li>")),
		"quotes in each other":   html(fill("<blockquote>a")),
		"attributes":             html("<p " + fill("a=b ") + ">"),
		"styles":                 html("<p style=\"" + fill("a:b;") + "\">x"),
		"entities":               html(fill("&NotEqualTilde;")),
		"wide cells":             html(fill("<table><tr><td colspan=1000 rowspan=65534>a</table>")),
		"comments in HTML":       html(fill("<!-")),
		"UTF-32":                 letter(usual+"Content-Type: text/plain; charset=utf-32", fill("\x00\x01\xf6\x00")),
		"calendar":               letter(usual+"Content-Type: text/calendar; method=REQUEST", "BEGIN:VCALENDAR\n"+fill("BEGIN:VEVENT\nSUMMARY:a\nRRULE:FREQ=SECONDLY\nEND:VEVENT\n")+"END:VCALENDAR\n"),
		"report":                 letter("From: MAILER-DAEMON@b.example\nSubject: Returned mail\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b", "--b\nContent-Type: message/delivery-status\n\n"+fill("\nFinal-Recipient: rfc822; a@b.example\nAction: failed\n")+"--b--\n"),
		"a bounce in words":      letter("From: MAILER-DAEMON@b.example\nSubject: Undeliverable", fill("<a@b.example>: 550 user unknown\n")),
		"form":                   letter(usual+"X-MS-Mail-Application: Microsoft Power Automate\nContent-Type: text/html", fill("<p><b>Name</b>: a</p>")),
		"form of cells":          letter(usual+"X-MS-Mail-Application: Microsoft Power Automate\nContent-Type: text/html", "<table><tr>"+fill("<td>Name")+"</table>"),
		"form in JSON":           letter(usual+"X-MS-Mail-Application: Microsoft Power Automate", "{\"responder\":\"a@b.example\",\"r1\":"+fill("[")),
		"winmail.dat":            letter(usual+"Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64", base64.StdEncoding.EncodeToString(append([]byte{0x78, 0x9f, 0x3e, 0x22, 1, 0}, strings.Repeat("\x02\x02\x90\x06\x00\x00\x00\x00\x00\x00\x00", 4000)...))),
		"S/MIME":                 letter(usual+"Content-Type: application/pkcs7-mime; smime-type=signed-data\nContent-Transfer-Encoding: base64", base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\x30\x80", 20000)))),
	}
	for name, raw := range corpusMails(t, "hostile") {
		mails[name] = raw
	}
	for name, raw := range mails {
		if len(raw) > 2*smallMail {
			t.Errorf("%s: %d bytes are no small mail", name, len(raw))
		}
		var was, is runtime.MemStats
		runtime.ReadMemStats(&was)
		in := Parse(raw, Options{Own: []string{"helpdesk@corp.example"}})
		Describe(name, in)
		runtime.ReadMemStats(&is)
		if got := is.TotalAlloc - was.TotalAlloc; got > maxGrowth {
			t.Errorf("%s: %d bytes took %d MB", name, len(raw), got>>20)
		} else if testing.Verbose() {
			t.Logf("%8.1f MB %s", float64(got)/(1<<20), name)
		}
	}
}

// corpusMails are the mails of a set, none when the corpus is not there.
func corpusMails(t *testing.T, set string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../../shared/corpus", set, "*.eml"))
	if err != nil {
		t.Fatal(err)
	}
	mails := map[string][]byte{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		mails[filepath.Base(f)] = raw
	}
	return mails
}
