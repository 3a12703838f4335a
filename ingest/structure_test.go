package ingest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"helpdeskd/tracker"
)

// TestStructures: what a person sees of a mail however its parts are put
// together, and which files they find beside it.
func TestStructures(t *testing.T) {
	const alt = "Content-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain\n\nplain words\n--a\nContent-Type: text/html\n\n<p>html words</p>\n--a--\n"
	long := "----=_NextPart_000_0123_01D0ABCD"
	for name, c := range map[string]struct {
		raw   string // after the usual header
		text  string
		files []string
	}{
		"text and HTML side by side":         {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\none\n--b\nContent-Type: text/html\n\n<p>two</p>\n--b\nContent-Type: text/plain\n\nthree\n--b--\n", "one\n\ntwo\n\nthree", nil},
		"alternatives in alternatives":       {"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nplain words\n--b\nContent-Type: multipart/related; boundary=r\n\n--r\n" + alt + "--r\nContent-Type: image/png; name=a.png\nContent-ID: <i@x>\n\nxx\n--r--\n--b--\n", "html words", []string{"a.png"}},
		"related by start":                   {"Content-Type: multipart/related; start=\"<root@x>\"; boundary=b\n\n--b\nContent-Type: image/png; name=a.png\nContent-ID: <i@x>\n\nxx\n--b\nContent-Type: text/html; name=body.html\nContent-ID: <root@x>\n\n<p>seen <img src=\"cid:i@x\"></p>\n--b--\n", "seen", []string{"a.png"}},
		"related, image first":               {"Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: image/png; name=a.png\nContent-ID: <i@x>\n\nxx\n--b\nContent-Type: text/html\n\n<p>seen <img src=\"cid:i@x\"></p>\n--b--\n", "seen", []string{"a.png"}},
		"a boundary within a boundary":       {"Content-Type: multipart/mixed; boundary=abc\n\n--abc\nContent-Type: multipart/alternative; boundary=abcdef\n\n--abcdef\nContent-Type: text/plain\n\nplain words\n--abcdef\nContent-Type: text/html\n\n<p>html words</p>\n--abcdef--\n--abc\nContent-Type: application/pdf; name=a.pdf\n\nxx\n--abc--\n", "html words", []string{"a.pdf"}},
		"a boundary of one hyphen":           {"Content-Type: multipart/mixed; boundary=\"-\"\n\n---\nContent-Type: text/plain\n\nseen\n---\nContent-Type: application/pdf; name=a.pdf\n\nxx\n-----\n", "seen", []string{"a.pdf"}},
		"the same boundary inside":           {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nseen\n--b\nContent-Type: application/pdf; name=a.pdf\n\nxx\n--b--\n", "seen", []string{"a.pdf"}},
		"no boundary declared":               {"Content-Type: multipart/mixed\n\n--b\nContent-Type: text/plain\n\nseen\n--b\nContent-Type: application/pdf; name=a.pdf\n\nxx\n--b--\n", "seen", []string{"a.pdf"}},
		"another boundary declared":          {"Content-Type: multipart/mixed; boundary=zzz\n\n--b\nContent-Type: text/plain\n\nseen\n--b\nContent-Type: application/pdf; name=a.pdf\n\nxx\n--b--\n", "seen", []string{"a.pdf"}},
		"never closed":                       {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nseen\n--b\nContent-Type: application/pdf; name=a.pdf\n\nxx", "seen", []string{"a.pdf"}},
		"inner never closed":                 {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain\n\nseen\n--b\nContent-Type: application/pdf; name=a.pdf\n\nxx\n--b--\n", "seen", []string{"a.pdf"}},
		"closed too early":                   {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nseen\n--b--\n\n--b\nContent-Type: application/pdf; name=a.pdf\n\nxx\n--b--\n", "seen", []string{"a.pdf"}},
		"glued delimiter":                    {"Content-Type: multipart/mixed; boundary=\"" + long + "\"\n\n--" + long + "\nContent-Type: text/plain\n\nseen--" + long + "\nContent-Type: application/pdf; name=a.pdf\n\nxx--" + long + "--\n", "seen", []string{"a.pdf"}},
		"a multipart of nothing":             {"Content-Type: multipart/mixed; boundary=b\n\njust words\n", "just words", nil},
		"parts without a header":             {"Content-Type: multipart/mixed; boundary=b\n\n--b\nNote: seen\n--b--\n", "Note: seen", nil},
		"no blank line in a part":            {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\nseen by all\n--b--\n", "seen by all", nil},
		"blank lines before a part's header": {"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nContent-Type: text/html\n\n<p>seen</p>\n--b--\n", "seen", nil},
		"a digest":                           {"Content-Type: multipart/digest; boundary=b\n\n--b\n\nFrom: a@b.example\nSubject: first\n\none\n--b\n\nFrom: a@b.example\nSubject: second\n\ntwo\n--b--\n", "", []string{"first.eml", "second.eml"}},
		"a partial mail":                     {"Content-Type: message/partial; id=x; number=1; total=3\n\nSubject: whole\n\nbeginning\n", "", []string{"file"}},
		"a file elsewhere":                   {"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsee there\n--b\nContent-Type: message/external-body; access-type=URL; URL=\"https://files.example/a.zip\"\n\nContent-Type: application/zip\n\n--b--\n", "see there", []string{"file"}},
		"HTML only":                          {"Content-Type: text/html\n\n<p>seen</p>\n", "seen", nil},
		"HTML called plain":                  {"Content-Type: text/plain\n\n<!DOCTYPE html>\n<html><body><p>seen</p></body></html>\n", "seen", nil},
		"HTML of no type":                    {"Content-Type: html\n\n<p>seen</p>\n", "seen", nil},
		"text of no type":                    {"Content-Type: plain/text\n\nseen\n", "seen", nil},
		"an empty type":                      {"Content-Type:\n\nseen\n", "seen", nil},
		"base64 with a footer":               {"Content-Transfer-Encoding: base64\n\nc2VlbiBieSBhbGwK\n\n_______________\nlist mailing list\nlist@lists.example\n", "seen by all\n_______________\nlist mailing list\nlist@lists.example", nil},
		"base64 that is none":                {"Content-Transfer-Encoding: base64\n\nHello all, this was never encoded.\nRegards\n", "Hello all, this was never encoded.\nRegards", nil},
		"base64 without padding":             {"Content-Transfer-Encoding: base64\n\nc2VlbiBieSBhbGwuLg\n", "seen by all..", nil},
		"base64 cut off":                     {"Content-Transfer-Encoding: base64\n\nc2VlbiBieSBhbGwuL\n", "seen by all.", nil},
		"base64 with noise":                  {"Content-Transfer-Encoding: base64\n\nc2Vl*bi\n!Bi  eSBh\nbGwK\n", "seen by all", nil},
		"base64 line by line":                {"Content-Transfer-Encoding: base64\n\nc2VlbiA=\nYnkgYWxs\n", "seen by all", nil},
		"quoted-printable, damaged":          {"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\ns=65en =XY by a=\n   \nll=\n", "seen =XY by a\nll", nil},
		"quoted-printable, small":            {"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: Quoted_Printable\n\ngr=c3=bc=c3=9fe\n", "grüße", nil},
		"flowed":                             {"Content-Type: text/plain; format=flowed\n\none \ntwo\n> quoted \n> more\n From here\n-- \nAnna\n", "one two\n> quoted more\nFrom here\n-- \nAnna", nil},
		"flowed with DelSp":                  {"Content-Type: text/plain; format=flowed; delsp=yes\n\nDonau \ndampf \nschiff\n", "Donaudampfschiff", nil},
		"UTF-16 without a label":             {"Content-Transfer-Encoding: base64\n\n//5zAGUAZQBuAA==\n", "seen", nil},
		"a BOM":                              {"Content-Type: text/plain; charset=utf-8\n\n\ufeffseen\n", "seen", nil},
		"HTML with a meta charset":           {"Content-Type: text/html\n\n<html><head><meta http-equiv=Content-Type content=\"text/html; charset=koi8-r\"></head>\xf0\xd2\xc9\xce\xd4\xc5\xd2</html>\n", "Принтер", nil},
		"UTF-7 markup":                       {"Content-Type: text/html; charset=utf-7\n\n<p>+ADw-b+AD4-</p>\n", "+ADw-b+AD4-", nil},
		"a strange inline type":              {"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nseen\n--b\nContent-Type: application/x-odd\n\nxx\n--b--\n", "seen", []string{"file"}},
		"an image alone":                     {"Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64\n\nQUJD\n", "", []string{"a.png"}},
		"a lone multipart header":            {"Content-Type: multipart/mixed; boundary=b\n\n", "", nil},
		"encoded as a whole":                 {"Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: quoted-printable\n\n--b\nContent-Type: text/plain\n\n2 =3D 2\n--b--\n", "2 =3D 2", nil},
	} {
		raw := letter(usual+strings.SplitN(c.raw, "\n\n", 2)[0], strings.SplitN(c.raw, "\n\n", 2)[1])
		in := Parse(raw, Options{})
		checkInvariants(t, raw, in)
		var files []string
		for _, p := range in.Parts {
			if p.Role != tracker.RoleHTML {
				files = append(files, p.Name)
			}
		}
		if strings.TrimSpace(in.Text) != c.text || !slices.Equal(files, c.files) {
			t.Errorf("%s: text %q, files %q, defects %q", name, in.Text, files, in.Defects)
		}
	}
}

// TestGluedDelimitersLinear: text that holds the delimiter again and again on
// one line is looked through once.
func TestGluedDelimitersLinear(t *testing.T) {
	const b = "abcdefghijklmnop"
	took := func(n int) time.Duration {
		raw := []byte("Content-Type: multipart/mixed; boundary=" + b + "\r\n\r\n--" + b + "\r\n\r\n" + strings.Repeat("x--"+b, n) + "\r\n--" + b + "--\r\n")
		best := time.Hour
		for range 3 {
			at := time.Now()
			Parse(raw, Options{})
			best = min(best, time.Since(at))
		}
		return best
	}
	small, large := took(10_000), took(80_000)
	if large > 30*small+20*time.Millisecond {
		t.Errorf("8 times the text takes %v instead of %v", large, small)
	}
}

// TestSignedTextIsWhole: whatever is wrong with the frame of a text that was
// signed in place, no word of it is taken for a part of the frame.
func TestSignedTextIsWhole(t *testing.T) {
	for name, body := range map[string]string{
		"no header":        pgpSigned + "\nPrinter: it is broken\n\nPlease come.\n" + pgpSignature + "\n\niQEz\n" + pgpEnd + "\nP.S. Room 7\n",
		"signature cut":    pgpSigned + "\nHash: SHA256\n\nPrinter: it is broken\n\nPlease come.\n" + pgpSignature + "\n\niQEz\n\nP.S. Room 7\n",
		"nothing is wrong": pgpSigned + "\nHash: SHA256\nComment: a\n\nPrinter: it is broken\n\nPlease come.\n" + pgpSignature + "\n\niQEz\n" + pgpEnd + "\nP.S. Room 7\n",
	} {
		in := Parse(letter("From: a@b.example\nSubject: x", body), Options{})
		for _, want := range []string{"Printer: it is broken", "Please come.", "P.S. Room 7"} {
			if !strings.Contains(in.Text, want) {
				t.Errorf("%s: %q is missing in %q", name, want, in.Text)
			}
		}
	}
}

// TestTextBeyondTheBound: a text part that is not shown any more, because the
// HTML above it is too long, can be had as a file.
func TestTextBeyondTheBound(t *testing.T) {
	raw := "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n" +
		strings.Repeat("<p>"+strings.Repeat("word ", 1000)+"</p>\n", 300) + "\n--b\nContent-Type: text/plain\n\nThe printer is broken.\n--b--"
	in := Parse(letter("From: a@b.example\nSubject: x\n"+raw, ""), Options{})
	if strings.Contains(in.Text, "The printer is broken.") {
		return
	}
	for _, p := range in.Parts {
		if p.Role == tracker.RoleFile && p.ContentType == "text/plain" {
			return
		}
	}
	t.Errorf("the text part is gone; there are %+v", in.Parts)
}
