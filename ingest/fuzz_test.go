package ingest

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"helpdeskd/tracker"
)

// checkTidy: whatever the mail, what is shown on one line is one line, every
// text is UTF-8, and nothing is larger than it may be.
func checkTidy(t testing.TB, in tracker.Inbound) {
	t.Helper()
	one := func(what string, max int, list ...string) {
		for _, s := range list {
			if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\r\n") || len(s) > max {
				t.Fatalf("%s is not one clean line of at most %d bytes: %.300q", what, max, s)
			}
		}
	}
	one("subject", maxSubject, in.Subject, in.ThreadTopic, in.ThreadIndex)
	one("id", 998, in.MessageID, in.OriginalID)
	one("reference", 998, in.References...)
	one("reference", 998, in.InReplyTo...)
	one("token", 26, in.ReplyTokens...)
	one("defect", 1000, in.Defects...)
	one("reason", 1000, in.ClassReason, in.FromDefect)
	if len(in.Defects) > 120 || len(in.InReplyTo) > maxReferences {
		t.Fatalf("%d defects, %d ids", len(in.Defects), len(in.InReplyTo))
	}
	// Rendering a quote adds marks and line ends.
	if len(in.Reply) > 2*maxText || len(in.Quoted) > 4*maxText {
		t.Fatalf("%d bytes of reply, %d of quote", len(in.Reply), len(in.Quoted))
	}
	for _, list := range [][]tracker.Address{in.From, in.To, in.Cc, in.ReplyTo} {
		if len(list) > 2*maxAddresses {
			t.Fatalf("%d addresses", len(list))
		}
		for _, a := range list {
			one("name", 320, a.Name)
			one("address", 330, a.Address)
			if strings.ContainsAny(a.Address, " \t") || a.Address != strings.ToLower(a.Address) {
				t.Fatalf("address %q", a.Address)
			}
		}
	}
	names := map[string]bool{}
	for _, p := range in.Parts {
		one("part", 255, p.Name, p.ContentType, p.ContentID, p.Charset, p.Encoding)
		if p.Role != tracker.RoleHTML {
			if key := strings.ToLower(p.Name); names[key] {
				t.Fatalf("two files are called %q", p.Name)
			}
			names[strings.ToLower(p.Name)] = true
		}
	}
	if len(in.Parts) > 3*maxParts {
		t.Fatalf("%d parts", len(in.Parts))
	}
	if b := in.Bounce; b != nil {
		one("recipient", 330, b.Recipients...)
		one("bounce", 998, b.OriginalMessageID, b.Status)
		if !utf8.ValidString(b.Reason) {
			t.Fatalf("reason %q", b.Reason)
		}
	}
}

// specimens reads the mails of a folder.
func specimens(t testing.TB, dir string) (all [][]byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.eml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no mails in %s: %v", dir, err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, raw)
	}
	return all
}

// seeds are the mails of the golden files and the damaged ones of the tests.
func seeds(f *testing.F) {
	for _, raw := range specimens(f, "testdata/mail") {
		f.Add(bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n")))
	}
	f.Add(letter(usual, "hi\n"))
	f.Add(dsn("failed", "5.1.1", "no"))
	f.Add(usual6K())
	f.Add(outlook6K())
	f.Add(plain6K())
	f.Add(calendarMail("Please come.", "METHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Move\nDTSTART;TZID=x:20260302T100000\nORGANIZER;CN=\"a:b\":mailto:a@b.example\nEND:VEVENT"))
	for _, s := range []string{
		"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\nContent-Type: text/html; charset=utf-7\n\n<b>Name:</b> x<br>+ADw-\n--b--",
		"From\n : a@b\nFrom: =?utf-8?q?=00?= <@x:y@z>\nx-ms-mail-workflow: 1\nContent-Type: text/plain; format=flowed; charset=iso-2022-jp\n\nName: a\nEmail: b@c.example\n\x1b$B\nbegin 644 a\n#0V%T\n`\nend\n",
		"Subject: =?utf-8?B?8J+W?= =?utf-8?Q?=A8?= =??q?x\nDate: xReceived: y\nContent-Type: multipart/related; start=\"<r>\"; boundary=\"-\"\n\n---\nContent-Type: image/png; name*0*=utf-8''a%; name*1=b\nContent-ID: <i>\n\nxx\n---\nContent-ID: <r>\nContent-Type: text/html\n\n<img src=cid:i alt=\"\u263a\">\n-----\n",
		"Content-Type: multipart/digest; boundary=abcdefghijkl\n\n--abcdefghijkl\n\nSubject: one\n\nx--abcdefghijkl\n\nSubject: two\n\ny\n--abcdefghijkl--\n--abcdefghijkl\nContent-Type: message/partial; number=1\n\nz\n--abcdefghijkl--",
		"Content-Transfer-Encoding: base64\n\nc2VlbiBieSBhbGwK\n\n_____\nlist of all\n",
		"Content-Type: text/plain; charset=ks_c_5601-1987\n\nGr\xfc\xdfe \xc4\xe3\xba\xc3 \xef\xf0\xe8 \x82\xb1\x82\xf1\n",
		"Content-Type: text/plain; charset=iso-2022-kr\n\n\x1b$)C\x0e>H3g\x0f\n~{VPND~}\n",
	} {
		f.Add([]byte(s))
		f.Add(letter(usual+strings.SplitN(s, "\n\n", 2)[0], strings.SplitN(s, "\n\n", 2)[1]))
	}
	f.Add([]byte("Subject: a\rContent-Type: multipart/mixed; boundary=b\r\r--b\rContent-Transfer-Encoding: quoted-printable\r\ra=\rb\r--b--\r"))
}

// FuzzParse: beyond what checkInvariants says, Parse is a function of its
// bytes, leaves them alone, and every part it lists can be read in the size
// that it states, from the very bytes that were kept.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Add(winmailLetter("", usualStream()))
	f.Add(envelopeLetter("signed-data", opaqueChunks(sealedMail)))
	f.Add(letter(usual+"Content-Transfer-Encoding: quoted-printable", "begin 644 cat.txt\n#0V%T\n`\nend\nbegin 600 x\nM\n-----BEGIN PGP SIGNED MESSAGE-----\n\nx\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		kept := bytes.Clone(raw)
		opt := Options{Own: []string{"helpdesk@corp.example"}, FormSenders: []string{"a@b"}}
		in := Parse(raw, opt)
		checkInvariants(t, raw, in)
		if !bytes.Equal(raw, kept) {
			t.Fatal("Parse changed its input")
		}
		if again := Parse(raw, opt); !reflect.DeepEqual(in, again) {
			t.Fatalf("two readings differ:\n%+v\n%+v", in, again)
		}
		for _, p := range in.Parts {
			n, err := io.Copy(io.Discard, tracker.OpenPart(bytes.NewReader(raw), p))
			if err != nil || n != p.Size {
				t.Fatalf("part %+v: %d bytes, %v", p, n, err)
			}
			r, err := PartReader{}.OpenPart(bytes.NewReader(raw), p)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(r); err != nil || p.Role == tracker.RoleHTML && !utf8.Valid(b) {
				t.Fatalf("part %+v can not be shown: %v", p, err)
			}
		}
		Describe("x", in)
	})
}
