package ingest

import (
	"encoding/base64"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// usual6K is a mail as a helpdesk gets many of: text, HTML and a quote.
func usual6K() []byte {
	text := strings.Repeat("The printer on the second floor prints blank pages since this morning.\n", 18) + "\nOn Mon, 2 Mar 2026 at 09:00, Helpdesk <helpdesk@corp.example> wrote:\n> " + strings.Repeat("We looked into it and changed the toner.\n> ", 12) + "\n"
	html := "<html><body><div>" + strings.Repeat("<p class=MsoNormal><span style='font-size:11pt'>The printer on the <b>second floor</b> prints blank pages.</span></p>\r\n", 22) + "<div id=divRplyFwdMsg><b>From:</b> Helpdesk</div></div></body></html>"
	return letter(usual+"MIME-Version: 1.0\nReceived: from a.example by b.example; Mon, 02 Mar 2026 10:00:00 +0100\nContent-Type: multipart/alternative; boundary=b", "--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"+text+"--b\nContent-Type: text/html; charset=utf-8\n\n"+html+"\n--b--\n")
}

// outlook6K is an answer as Outlook writes it: wordy HTML beside plain text,
// a quoted mail below its border line, and a header of many servers.
func outlook6K() []byte {
	head := strings.Repeat("Received: from AM0PR01MB0001.eurprd01.prod.exchangelabs.com (2603:10a6:208:1::1)\n by AM0PR01MB0002.eurprd01.prod.exchangelabs.com with HTTPS;\n Mon, 2 Mar 2026 09:00:00 +0000\n", 3) +
		usual + "X-MS-Exchange-Organization-AuthAs: Internal\nThread-Index: AdDe+gAAvVb2Vw==\nThread-Topic: Printer\nIn-Reply-To: <hd.x@corp.example>\nMIME-Version: 1.0\nContent-Type: multipart/alternative;\n\tboundary=\"_000_AM0PR01MB0001_\""
	html := "<html xmlns:o=3D\"urn:schemas-microsoft-com:office:office\"><head>\n<style><!--\np.MsoNormal {margin:0cm; font-size:11.0pt; font-family:\"Calibri\",sans-serif;}\n--></style></head>\n<body lang=3D\"DE\" link=3D\"#0563C1\"><div class=3D\"WordSection1\">\n" +
		strings.Repeat("<p class=3D\"MsoNormal\"><span lang=3D\"EN-US\" style=3D\"mso-fareast-language:EN-=\nUS\">The printer on the <b>second floor</b> prints blank pages&nbsp;f=C3=BCr a week.<o:p></o:p></span></p>\n", 9) +
		"<div style=3D\"border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm\"><p class=3D\"MsoNormal\"><b>From:</b> Helpdesk &lt;helpdesk@corp.example&gt; <br>\n<b>Sent:</b> Monday, 2 March 2026 09:00<br>\n<b>To:</b> Anna Berg<br>\n<b>Subject:</b> Printer</p></div>\n" +
		strings.Repeat("<p class=3D\"MsoNormal\">We looked into it and changed the toner.<o:p></o:p></p>\n", 8) + "</div></body></html>\n"
	text := strings.Repeat("The printer on the second floor prints blank pages f=C3=BCr a week.\n", 9) + "\nFrom: Helpdesk <helpdesk@corp.example>\nSent: Monday, 2 March 2026 09:00\nTo: Anna Berg\nSubject: Printer\n\n" + strings.Repeat("We looked into it and changed the toner.\n", 8)
	return letter(head, "--_000_AM0PR01MB0001_\nContent-Type: text/plain; charset=\"utf-8\"\nContent-Transfer-Encoding: quoted-printable\n\n"+text+"--_000_AM0PR01MB0001_\nContent-Type: text/html; charset=\"utf-8\"\nContent-Transfer-Encoding: quoted-printable\n\n"+html+"--_000_AM0PR01MB0001_--\n")
}

// bounce6K is a server's report with the mail that it is about.
func bounce6K() []byte {
	return append(dsn("failed", "5.1.1", "550 5.1.1 User unknown"), letter(usual, strings.Repeat("The printer prints blank pages since this morning.\n", 80))...)
}

// plain6K is a mail in a western charset with a file.
func plain6K() []byte {
	file := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("PDF", 900)))
	return letter(usual+"Content-Type: multipart/mixed; boundary=b", "--b\nContent-Type: text/plain; charset=iso-8859-1\n\n"+strings.Repeat("Der Drucker im B\xfcro druckt seit heute fr\xfch nicht.\n", 30)+"--b\nContent-Type: application/pdf; name=\"=?utf-8?q?=C3=9Cbersicht.pdf?=\"\nContent-Transfer-Encoding: base64\n\n"+lines(file, 76)+"--b--\n")
}

func lines(s string, n int) string {
	var b strings.Builder
	for len(s) > n {
		b.WriteString(s[:n])
		b.WriteByte('\n')
		s = s[n:]
	}
	return b.String() + s + "\n"
}

// cpu is the processor time that this process has used so far: what counts on
// a machine that others use too.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkParse reads a mix of usual mails of about 6 KB, from bytes to what
// is understood.
func BenchmarkParse(b *testing.B) {
	mix := map[string][]byte{"alternative": usual6K(), "outlook": outlook6K(), "bounce": bounce6K(), "file": plain6K()}
	run := func(b *testing.B, mails ...[]byte) {
		b.ReportAllocs()
		size := 0
		for _, m := range mails {
			size += len(m)
		}
		b.SetBytes(int64(size / len(mails)))
		i, before := 0, cpu()
		for b.Loop() {
			Parse(mails[i%len(mails)], Options{Own: []string{"helpdesk@corp.example"}})
			i++
		}
		b.ReportMetric(float64(b.N)/(cpu()-before).Seconds(), "mails/cpu-s")
	}
	b.Run("mix", func(b *testing.B) { run(b, mix["alternative"], mix["outlook"], mix["bounce"], mix["file"]) })
	for name, m := range mix {
		b.Run(name, func(b *testing.B) { run(b, m) })
	}
}

// growing builds mails of one kind in any size.
var growing = map[string]func(n int) []byte{
	"text": func(n int) []byte {
		return grown(usual, "", "The printer prints blank pages since this morning, all day.\n", "", n)
	},
	"html": func(n int) []byte {
		return grown(usual+"Content-Type: text/html; charset=utf-8", "<html><body>", "<p class=MsoNormal><span style='font-size:11pt'>The <b>printer</b> prints blank pages.</span></p>\n", "</body></html>", n)
	},
	"quotes": func(n int) []byte {
		return grown(usual, "See below.\n\nOn Mon, 2 Mar 2026 at 09:00, Anna <anna@corp.example> wrote:\n", "> > The printer prints blank pages.\n> On Tue Bob wrote:\n", "", n)
	},
	"parts": func(n int) []byte {
		return grown(usual+"Content-Type: multipart/mixed; boundary=b", "", "--b\nContent-Type: text/plain; name=a.txt\nContent-Disposition: attachment; filename=a.txt\n\nThe printer prints blank pages.\n", "--b--\n", n)
	},
	"base64": func(n int) []byte {
		return grown(usual+"Content-Type: application/octet-stream; name=a.bin\nContent-Transfer-Encoding: base64", "", strings.Repeat("QUFB", 19)+"\n", "", n)
	},
	"base64 text": func(n int) []byte {
		return grown(usual+"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64", "", base64.StdEncoding.EncodeToString([]byte("The printer prints blank pages on the 2nd floor, as said\n"))+"\n", "", n)
	},
}

func grown(header, first, unit, last string, n int) []byte {
	return letter(header, first+strings.Repeat(unit, max(1, n/(len(unit)+strings.Count(unit, "\n"))))+last)
}

// BenchmarkGrowth shows that time grows as the mail does.
func BenchmarkGrowth(b *testing.B) {
	for _, kind := range []string{"text", "html", "quotes", "parts", "base64", "base64 text"} {
		for _, n := range []int{10 << 10, 100 << 10, 1 << 20, 10 << 20} {
			raw := growing[kind](n)
			b.Run(fmt.Sprintf("%s/%dKB", kind, n>>10), func(b *testing.B) {
				b.SetBytes(int64(len(raw)))
				b.ReportAllocs()
				before := cpu()
				for b.Loop() {
					Parse(raw, Options{Own: []string{"helpdesk@corp.example"}})
				}
				b.ReportMetric((cpu()-before).Seconds()*1000/float64(b.N), "cpu-ms/op")
			})
		}
	}
}
