package ingest

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"helpdeskd/ingest/tnef"
	"helpdeskd/tracker"
)

// The parts of a winmail.dat, for specimens (MS-OXTNEF).

func le32(n int) string { return string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }
func le16(n int) string { return string(binary.LittleEndian.AppendUint16(nil, uint16(n))) }

func stream(attributes ...string) string {
	return tnef.Signature + le16(1) + strings.Join(attributes, "")
}

func attribute(level byte, id int, data string) string {
	sum := 0
	for _, c := range []byte(data) {
		sum += int(c)
	}
	return string(level) + le32(id) + le32(len(data)) + data + le16(sum)
}

func props(list ...string) string { return le32(len(list)) + strings.Join(list, "") }

func pad(s string) string { return s + strings.Repeat("\x00", -len(s)&3) }

func binaryProp(id int, data string) string {
	return le16(0x0102) + le16(id) + le32(1) + le32(len(data)) + pad(data)
}

func objectProp(id int, data string) string {
	data = "\x07\x03\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46" + data
	return le16(0x000d) + le16(id) + le32(1) + le32(len(data)) + pad(data)
}

func textProp(id int, s string) string {
	return le16(0x001e) + le16(id) + le32(1) + le32(len(s)+1) + pad(s+"\x00")
}

func unicodeProp(id int, s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s + "\x00")) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return le16(0x001f) + le16(id) + le32(1) + le32(len(b)) + pad(string(b))
}

func longProp(id, n int) string { return le16(3) + le16(id) + le32(n) }

func namedProp(name string, value string) string {
	return le16(0x001e) + le16(0x8001) + strings.Repeat("g", 16) + le32(1) + le32(len(name)) + pad(name) + le32(1) + le32(len(value)) + pad(value)
}

const codepage1252 = "\xe4\x04\x00\x00\x00\x00\x00\x00"

func fileAttributes(title, data string, more ...string) string {
	s := attribute(2, 0x00069002, strings.Repeat("\x01\x00", 7))
	if title != "" {
		s += attribute(2, 0x00018010, title+"\x00")
	}
	if data != "" {
		s += attribute(2, 0x0006800f, data)
	}
	if len(more) > 0 {
		s += attribute(2, 0x00069005, props(more...))
	}
	return s
}

func storedRTF(s string) string {
	return le32(len(s)+12) + le32(len(s)) + "MELA" + le32(0) + s
}

// winmailLetter is a mail with a winmail.dat, as Outlook sends it.
func winmailLetter(text, tnef string) []byte {
	b64 := base64.StdEncoding.EncodeToString([]byte(tnef))
	var lines strings.Builder
	for ; len(b64) > 76; b64 = b64[76:] {
		lines.WriteString(b64[:76] + "\n")
	}
	lines.WriteString(b64 + "\n")
	return letter(usual+"Content-Type: multipart/mixed; boundary=b", "--b\nContent-Type: text/plain; charset=utf-8\n\n"+text+
		"\n--b\nContent-Type: application/ms-tnef; name=\"winmail.dat\"\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=\"winmail.dat\"\n\n"+lines.String()+"--b--\n")
}

func usualStream() string {
	return stream(
		attribute(1, 0x00089006, "\x00\x00\x01\x00"), attribute(1, 0x00069007, codepage1252),
		attribute(1, 0x00069003, props(unicodeProp(0x0037, "Der Drucker"), longProp(0x3fde, 65001), namedProp("x-thing\x00", "v"), binaryProp(0x1013, "<html><body>Grüße aus <b>Ulm</b> <img src=\"cid:i1@x\"></body></html>"))),
		fileAttributes("RECHNU~1.PDF", "%PDF-1.4 one", unicodeProp(0x3707, "Rechnung März.pdf"), textProp(0x370e, "application/pdf")),
		fileAttributes("Gr\xfc\xdfe.txt", "two"),
		fileAttributes("image001.png", "\x89PNG", textProp(0x3712, "i1@x"), textProp(0x370e, "image/png")),
		fileAttributes("", "", unicodeProp(0x3707, "../etc/fünf.txt"), binaryProp(0x3701, "five")),
		fileAttributes("message", "", textProp(0x3001, "Fwd"), longProp(0x3705, 5), objectProp(0x3701, stream(
			attribute(1, 0x00069007, codepage1252),
			attribute(1, 0x00069003, props(unicodeProp(0x0037, "Alt: der/die Fehler"), unicodeProp(0x1000, "Übrigens…\r\n"))),
			fileAttributes("inner.log", "six"),
		))),
	)
}

func contents(t testing.TB, raw []byte, in tracker.Inbound) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, p := range in.Parts {
		b, err := io.ReadAll(tracker.OpenPart(bytes.NewReader(raw), p))
		if err != nil || int64(len(b)) != p.Size {
			t.Errorf("%s: %d bytes of %d, %v", p.Name, len(b), p.Size, err)
		}
		got[string(p.Role)+" "+p.Name] = string(b)
	}
	return got
}

func TestWinmailIsUnpacked(t *testing.T) {
	raw := winmailLetter("see attached", usualStream())
	in := Parse(raw, Options{})
	got := contents(t, raw, in)
	for name, want := range map[string]string{
		"file Rechnung März.pdf": "%PDF-1.4 one", "file Grüße.txt": "two", "file image001.png": "\x89PNG", "file fünf.txt": "five",
		"file Alt: der-die Fehler.txt": "Übrigens…\r\n", "file inner.log": "six", "aside winmail.dat": usualStream(),
	} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("more than expected: %q", got)
	}
	if strings.TrimSpace(in.Text) != "see attached" || len(in.Defects) > 0 || strings.Join(in.Notes, "|") != "6 files were unpacked from winmail.dat" {
		t.Errorf("text %q, defects %q, notes %q", in.Text, in.Defects, in.Notes)
	}
}

func TestWinmailTextWhereTheMailHasNone(t *testing.T) {
	rtf := `{\rtf1\ansi\ansicpg1252\fromhtml1{\*\htmltag64 <p>}Gr\'fc\'dfe aus \htmlrtf {\b \htmlrtf0 Ulm\htmlrtf }\htmlrtf0{\*\htmltag72 </p>}}`
	for name, c := range map[string]struct{ tnef, want string }{
		"HTML":        {usualStream(), "Grüße aus Ulm"},
		"plain":       {stream(attribute(1, 0x00069007, codepage1252), attribute(1, 0x0002800c, "Gr\xfc\xdfe aus Ulm\x00")), "Grüße aus Ulm"},
		"Unicode":     {stream(attribute(1, 0x00069003, props(unicodeProp(0x1000, "Grüße aus Ulm")))), "Grüße aus Ulm"},
		"code page":   {stream(attribute(1, 0x00069007, le32(1251)+le32(0)), attribute(1, 0x0002800c, "\xcf\xf0\xe8\xe2\xe5\xf2")), "Привет"},
		"RTF":         {stream(attribute(1, 0x00069003, props(binaryProp(0x1009, storedRTF(`{\rtf1\ansi Gr\'fc\'dfe aus Ulm}`))))), "Grüße aus Ulm"},
		"HTML in RTF": {stream(attribute(1, 0x00069003, props(binaryProp(0x1009, storedRTF(rtf))))), "Grüße aus Ulm"},
	} {
		raw := winmailLetter("", c.tnef)
		in := Parse(raw, Options{})
		if strings.Trim(in.Text, " \n") != c.want || strings.Trim(in.Reply, " \n") != c.want {
			t.Errorf("%s: %q, reply %q", name, in.Text, in.Reply)
		}
		got := contents(t, raw, in)
		if html := got["html "]; name == "HTML" && !strings.Contains(html, "<b>Ulm</b>") {
			t.Errorf("the HTML is %q", html)
		}
		if name == "HTML" && got["inline image001.png"] == "" {
			t.Errorf("the picture is not shown in its place: %q", got)
		}
		if len(in.Defects) > 0 || !strings.Contains(strings.Join(in.Notes, " "), "text was unpacked") {
			t.Errorf("%s: defects %q, notes %q", name, in.Defects, in.Notes)
		}
	}
}

func TestWinmailWithinAnAttachedMessage(t *testing.T) {
	inner := winmailLetter("inner", usualStream())
	plain := letter(usual+"Content-Type: multipart/mixed; boundary=outer", "--outer\n\nsee below\n--outer\nContent-Type: message/rfc822\n\n"+string(inner)+"\n--outer--\n")
	b64 := letter(usual+"Content-Type: multipart/mixed; boundary=outer", "--outer\n\nsee below\n--outer\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"+base64.StdEncoding.EncodeToString(inner)+"\n--outer--\n")
	for name, raw := range map[string][]byte{"as it is": plain, "in base64": b64} {
		in := Parse(raw, Options{})
		got := contents(t, raw, in)
		if got["file Rechnung März.pdf"] != "%PDF-1.4 one" || got["file inner.log"] != "six" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestDamagedWinmailIsKept(t *testing.T) {
	whole := usualStream()
	for cut := 6; cut < len(whole); cut += 7 {
		raw := winmailLetter("x", whole[:cut])
		in := Parse(raw, Options{})
		checkInvariants(t, raw, in)
		if got := contents(t, raw, in); got["file winmail.dat"] == "" && got["aside winmail.dat"] == "" {
			t.Fatalf("cut at %d there is no winmail.dat: %q", cut, got)
		}
	}
	raw := winmailLetter("x", whole[:len(whole)-9])
	if in := Parse(raw, Options{}); len(in.Defects) != 1 || contents(t, raw, in)["file fünf.txt"] != "five" {
		t.Errorf("%q", in.Defects)
	}
}

func TestHostileWinmail(t *testing.T) {
	many := strings.Repeat(attribute(1, 0x00018004, "x"), 100_000)
	deep := "x"
	for range 200 {
		deep = stream(fileAttributes("m", "", objectProp(0x3701, deep)))
	}
	for name, s := range map[string]string{
		"100,000 attributes":  stream(many),
		"100,000 files":       stream(strings.Repeat(fileAttributes("x", "y"), 100_000)),
		"100,000 properties":  stream(attribute(1, 0x00069003, props(strings.Repeat(longProp(1, 1), 100_000)))),
		"a lying length":      stream("\x01" + le32(0x0002800c) + "\xff\xff\xff\xff" + "short"),
		"a lying property":    stream(attribute(1, 0x00069003, "\xff\xff\xff\xff"+le16(0x0102)+le16(0x1013)+le32(0x7fffffff)+le32(0x7fffffff)+"short")),
		"200 messages deep":   deep,
		"an RTF bomb":         stream(attribute(1, 0x00069003, props(binaryProp(0x1009, le32(1<<30)+le32(0x7fffffff)+"LZFu"+le32(0)+strings.Repeat("\xff"+strings.Repeat("\x00\x0f", 8), 100_000))))),
		"a name of a million": stream(fileAttributes(strings.Repeat("x", 1<<20), "y")),
	} {
		raw := winmailLetter("", s)
		var was, is runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&was)
		start := time.Now()
		in := Parse(raw, Options{})
		took := time.Since(start)
		runtime.ReadMemStats(&is)
		checkInvariants(t, raw, in)
		if grown := is.TotalAlloc - was.TotalAlloc; took > time.Second || grown > 64<<20 {
			t.Errorf("%s: %v, %d MB", name, took, grown>>20)
		}
		if len(in.Parts) == 0 || len(in.Parts) > maxParts+1 {
			t.Errorf("%s: %d parts", name, len(in.Parts))
		}
	}
}

func FuzzTNEF(f *testing.F) {
	f.Add([]byte(usualStream()))
	f.Add([]byte(stream(attribute(1, 0x00069003, props(binaryProp(0x1009, storedRTF(`{\rtf1 x}`)))))))
	f.Fuzz(func(t *testing.T, s []byte) {
		m := tnef.Read(bytes.NewReader(s), func(b []byte, _ string) string { return string(b) })
		if m == nil {
			return
		}
		var check func(m *tnef.Message)
		in := func(v *tnef.Value) {
			if v != nil && (v.Offset < 0 || v.Length < 0 || v.Size < 0 || v.Offset+v.Length > int64(len(s))) {
				t.Fatalf("%+v of %d bytes", v, len(s))
			}
		}
		check = func(m *tnef.Message) {
			in(m.Plain)
			in(m.HTML)
			in(m.RTF)
			for _, x := range m.Files {
				in(&x.Data)
				if x.Message != nil {
					check(x.Message)
				}
			}
		}
		check(m)
		raw := winmailLetter("", string(s))
		parsed := Parse(raw, Options{})
		checkInvariants(t, raw, parsed)
		contents(t, raw, parsed)
	})
}
