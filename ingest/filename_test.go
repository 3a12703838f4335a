package ingest

import (
	"strings"
	"testing"
	"time"
)

func TestFileNamesInEveryMix(t *testing.T) {
	for in, want := range map[string]string{
		// RFC 2231
		`attachment; filename*=UTF-8'de'Ma%C3%9Fnahme.pdf`:                                     "Maßnahme.pdf",
		`attachment; filename*="iso-8859-1''Gr%FC%DFe.pdf"`:                                    "Grüße.pdf",
		`attachment; filename*=''Gr%C3%BC%C3%9Fe.pdf`:                                          "Grüße.pdf",
		`attachment; filename*=Gr%C3%BC%C3%9Fe.pdf`:                                            "Grüße.pdf",
		`attachment; filename*=utf-8'Gr%C3%BC%C3%9Fe.pdf`:                                      "Grüße.pdf",
		`attachment; filename*=nosuch''Gr%C3%BC%C3%9Fe.pdf`:                                    "Grüße.pdf",
		`attachment; filename="plain.pdf"; filename*=utf-8''sch%C3%B6n.pdf`:                    "schön.pdf",
		`attachment; filename*1*=%BC%C3%9Fe; filename*0*=utf-8''Gr%C3; filename*2=" 1.pdf"`:    "Grüße 1.pdf",
		`attachment; filename*0="two "; filename*1="pieces.pdf"`:                               "two pieces.pdf",
		`attachment; filename*0="a gap"; filename*2=".pdf"`:                                    "a gap.pdf",
		`attachment; filename*1="late"; filename*2=".pdf"`:                                     "late.pdf",
		`attachment; filename*0="one"; filename*0="other"; filename*1=".pdf"`:                  "one.pdf",
		`attachment; filename*0=utf-8''Gr%C3%BC; filename*1=%C3%9Fe.pdf`:                       "Grüße.pdf",
		`attachment; filename*0="=?utf-8?q?Gr=C3=BC?="; filename*1=" =?utf-8?q?=C3=9Fe.pdf?="`: "Grüße.pdf",
		`attachment; filename*0*="utf-8''=?utf-8?q?Gr=C3=BC=C3=9Fe?="; filename*1=".pdf"`:      "Grüße.pdf",
		`attachment; filename*=utf-8''100%.pdf`:                                                "100%.pdf",
		// RFC 2047, where it does not belong
		`attachment; filename="=?utf-8?B?R3LDvMOfZQ==?=.pdf"`:                            "Grüße.pdf",
		`attachment; filename==?utf-8?Q?Gr=C3=BC=C3=9Fe;_zwei.pdf?=`:                     "Grüße; zwei.pdf",
		"attachment; filename=\"=?utf-8?q?Gr=C3=BC?=\r\n =?utf-8?q?=C3=9Fe.pdf?=\"":      "Grüße.pdf",
		`attachment; filename="=?utf-8?Q?=3D=3Futf-8=3FQ=3FGr=3DC3=3DBC=C3=9Fe=3F=3D?="`: "Grüße",
		// neither
		"attachment; filename=\"Gr\xfc\xdfe.pdf\"":                "Grüße.pdf",
		"attachment; filename=Gr\xc3\xbc\xc3\x9fe.pdf":            "Grüße.pdf",
		`attachment; filename="Gr%C3%BC%C3%9Fe.pdf"`:              "Grüße.pdf",
		`attachment; filename="UTF-8''Gr%C3%BC%C3%9Fe%20neu.pdf"`: "Grüße neu.pdf",
		`attachment; filename="50%20off.pdf"`:                     "50%20off.pdf",
		`attachment; filename='quoted.pdf'`:                       "quoted.pdf",
		`attachment; filename="Anna's list.pdf"`:                  "Anna's list.pdf",
		`attachment; filename="a "b" c.pdf"; size=3`:              `a "b" c.pdf`,
		`attachment; filename="never closed.pdf; size=3`:          "never closed.pdf",
		`attachment; filename=two words.pdf; size=3`:              "two words.pdf",
		`attachment; filename=a=b c=d.pdf`:                        "a=b c=d.pdf",
		`attachment; filename=no semicolon.pdf size=3`:            "no semicolon.pdf",
		`attachment; filename="no semicolon.pdf" size=3`:          "no semicolon.pdf",
		`attachment filename="no semicolon.pdf"`:                  "no semicolon.pdf",
		`filename="no value.pdf"`:                                 "no value.pdf",
		`ATTACHMENT; FILENAME = "spaced.pdf"`:                     "spaced.pdf",
		`attachment;filename=tight.pdf;`:                          "tight.pdf",
		`attachment; filename="";`:                                "",
		"attachment; filename=\"a\r\n\tb.pdf\"":                   "a b.pdf",
		// not safe as they are
		`attachment; filename="/etc/passwd"`:            "passwd",
		`attachment; filename="C:\Users\anna\list.pdf"`: "list.pdf",
		`attachment; filename="\\server\share\a.pdf"`:   "a.pdf",
		`attachment; filename="..\..\a.pdf"`:            "a.pdf",
		`attachment; filename="..."`:                    "",
		`attachment; filename="NUL.txt"`:                "_NUL.txt",
		"attachment; filename=\"a\u202efdp.exe\"":       "afdp.exe",
		"attachment; filename=\"a\x00b\x1b.pdf\"":       "ab.pdf",
		`attachment; filename="ends. . "`:               "ends",
	} {
		pv := parseParams(in, "")
		if got := cleanName(pv.params["filename"]); got != want {
			t.Errorf("%s\n got %q\nwant %q", in, got, want)
		}
		if strings.HasPrefix(strings.ToLower(in), "attachment") && pv.value != "attachment" {
			t.Errorf("%s: value %q", in, pv.value)
		}
	}
}

func TestNamesOfNamelessParts(t *testing.T) {
	for header, want := range map[string]string{
		"Content-Type: image/png":                                                                             "attachment.png",
		"Content-Type: application/x-unknown":                                                                 "file",
		"Content-Type: text/calendar\nContent-Disposition: attachment":                                        "calendar.ics",
		"Content-Type: text/x-vcard":                                                                          "contact.vcf",
		"Content-Type: application/pdf; name=\"\"":                                                            "attachment.pdf",
		"Content-Type: application/pdf\nContent-Description: Offer of May.pdf":                                "Offer of May.pdf",
		"Content-Type: application/pdf\nContent-Description: The offer":                                       "attachment.pdf",
		"Content-Type: image/png\nContent-Location: https://x.example/i/logo.png?v=2":                         "logo.png",
		"Content-Type: application/pdf\nContent-Disposition: attachment; name=\"odd.pdf\"":                    "odd.pdf",
		"Content-Type: application/pdf; filename=odd.pdf":                                                     "odd.pdf",
		"Content-Type: application/pdf; name=type.pdf\nContent-Disposition: attachment; filename=disp.pdf":    "disp.pdf",
		"Content-Type: message/rfc822\n\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= a/b\n\nx":                       "Grüße a-b.eml",
		"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogaW4gYmFzZTY0DQoNCng=": "in base64.eml",
		"Content-Type: message/rfc822\n\nFrom: a@b.example\n\nx":                                              "message.eml",
	} {
		raw := letter(usual+"Content-Type: multipart/mixed; boundary=b", "--b\n\nHello\n--b\n"+header+"\n\nx\n--b--\n")
		in := Parse(raw, Options{})
		if len(in.Parts) != 1 || in.Parts[0].Name != want {
			t.Errorf("%s\n got %+v\nwant %q", header, in.Parts, want)
		}
	}
}

func TestUuencodedFilesInText(t *testing.T) {
	const cat, dog = "begin 644 cat.txt\n#0V%T\n`\nend\n", "begin 666 Gr\xfc\xdfe.txt\n#1&]G\n`\nend\n"
	for name, c := range map[string]struct{ body, text, files string }{
		"two":          {"Hello\n" + cat + "between\n" + dog + "end\n", "Hello\nbetween\nend", "cat.txt=Cat Grüße.txt=Dog"},
		"twice a name": {cat + cat, "", "cat.txt=Cat cat (2).txt=Cat"},
		"without end":  {"Hello\nbegin 644 cat.txt\n#0V%T\n\nBye\n", "Hello\n\nBye", "cat.txt=Cat"},
		"quoted":       {"> begin 644 cat.txt\n> #0V%T\n> end\n\nWhat is that?\n", "> begin 644 cat.txt\n> #0V%T\n> end\n\nWhat is that?", ""},
		"a sentence":   {"begin 100 days before\nthe end\nend\n", "begin 100 days before\nthe end\nend", ""},
		"blanks lost":  {"begin 644 a\n#   \n`\nend\n", "", "a=\x00\x00\x00"},
	} {
		raw := letter(usual+"Content-Type: text/plain; charset=iso-8859-1", c.body)
		in := Parse(raw, Options{})
		got := contents(t, raw, in)
		var files []string
		for _, p := range in.Parts {
			files = append(files, p.Name+"="+got["file "+p.Name])
		}
		if strings.Join(files, " ") != c.files || strings.TrimSpace(in.Text) != c.text {
			t.Errorf("%s: text %q, files %q", name, in.Text, files)
		}
	}
	raw := letter(usual+"Content-Transfer-Encoding: quoted-printable", "Hello=\n\nbegin 644 cat.txt\n#0V%T\n`\nend\n")
	if got := contents(t, raw, Parse(raw, Options{})); got["file cat.txt"] != "Cat" {
		t.Errorf("in quoted-printable: %q", got)
	}
	raw = letter(usual, "Hello\nbegin 644 big\n"+strings.Repeat("M"+strings.Repeat("A", 60)+"\n", 40_000)+"`\nend\nBye\n")
	start := time.Now()
	in := Parse(raw, Options{})
	if len(in.Parts) != 1 || in.Parts[0].Size != 40_000*45 || strings.TrimSpace(in.Text) != "Hello\nBye" || time.Since(start) > time.Second {
		t.Errorf("a big one: %d parts, text of %d", len(in.Parts), len(in.Text))
	}
}
