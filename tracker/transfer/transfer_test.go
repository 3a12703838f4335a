package transfer

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func compressed(kind string, size int, body string) string {
	head := make([]byte, 16)
	binary.LittleEndian.PutUint32(head, uint32(len(body)+12))
	binary.LittleEndian.PutUint32(head[4:], uint32(size))
	copy(head[8:], kind)
	return string(head) + body
}

func TestWrapped(t *testing.T) {
	deep := strings.Repeat("\x24\x80", 10_000) + "\x04\x02ok" + strings.Repeat("\x00\x00", 10_000)
	for _, c := range []struct{ name, enc, in, want string }{
		{"chunks", OctetString, "\x04\x03abc\x04\x81\x02de\x04\x00\x00\x00", "abcde"},
		{"chunks within chunks", OctetString, "\x24\x80\x04\x01a\x24\x03\x04\x01b\x00\x00\x04\x01c", "abc"},
		{"nested deeply", OctetString, deep, "ok"},
		{"a lying length", OctetString, "\x04\x88\xff\xff\xff\xff\xff\xff\xff\xffabc", "abc"},
		{"no chunk", OctetString, "\x04\x01a\x30\x02zz\x04\x01b", "a"},
		{"too long a length", OctetString, "\x04\x89aaaaaaaaa", ""},
		{"endless bytes", OctetString, "\x04\x80aaa", ""},
		// MS-OXRTFCP section 4.1.1: the example of simple compressed RTF
		{"the specification's RTF", RTF, "\x2d\x00\x00\x00\x2b\x00\x00\x00\x4c\x5a\x46\x75\xf1\xc5\xc7\xa7\x03\x00\x0a\x00\x72\x63\x70\x67\x31\x32\x35\x42\x32\x0a\xf3\x20\x68\x65\x6c\x09\x00\x20\x62\x77\x05\xb0\x6c\x64\x7d\x0a\x80\x0f\xa0", "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"},
		// section 4.2: a reference that crosses what it writes
		{"a run", RTF, "\x1a\x00\x00\x00\x1c\x00\x00\x00\x4c\x5a\x46\x75\xe2\xd4\x4b\x51\x41\x00\x04\x20\x57\x58\x59\x5a\x0d\x6e\x7d\x01\x0e\xb0", "{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"},
		{"stored RTF", RTF, compressed("MELA", 7, "{\\rtf1}and more"), "{\\rtf1}"},
		{"no RTF", RTF, compressed("what", 7, "{\\rtf1}"), ""},
		{"a size that lies", RTF, compressed("LZFu", 3, "\x00abcdefgh"), "abc"},
		{"UTF-16", UTF16, "\xff\xfeG\x00r\x00\xfc\x00\xdf\x00e\x00\x3d\xd8\x00\xde\x00\x00", "Grüße😀"},
		{"half a pair", UTF16, "a\x00\x3d\xd8b\x00\x3d\xd8", "a\uFFFDb\uFFFD"},
	} {
		got, _ := All([]byte(c.in), c.enc, 0)
		if string(got) != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		slow, err := io.ReadAll(NewReader(c.enc, iotest.OneByteReader(strings.NewReader(c.in))))
		if err != nil || !bytes.Equal(slow, got) {
			t.Errorf("%s, a byte at a time: %q %v", c.name, slow, err)
		}
		if n := Size([]byte(c.in), c.enc); n != int64(len(c.want)) {
			t.Errorf("%s: size %d, want %d", c.name, n, len(c.want))
		}
	}
}

func FuzzWrapped(f *testing.F) {
	f.Add(OctetString, []byte("\x24\x80\x04\x01a\x04\x82\x00\x01b\x00\x00"))
	f.Add(RTF, []byte(compressed("LZFu", 1<<30, "\xff\x00\x0f\xff\xff")))
	f.Add(UTF16, []byte("\x3d\xd8\x00"))
	f.Fuzz(func(t *testing.T, enc string, in []byte) {
		if !Known(enc) {
			return
		}
		got, _ := All(in, enc, 0)
		if len(got) > 20*len(in)+20 {
			t.Errorf("%d bytes became %d", len(in), len(got))
		}
		if n := Size(in, enc); n != int64(len(got)) {
			t.Errorf("size %d of %d", n, len(got))
		}
		slow, _ := io.ReadAll(NewReader(enc, iotest.OneByteReader(bytes.NewReader(in))))
		if !bytes.Equal(slow, got) {
			t.Error("a byte at a time it is something else")
		}
	})
}
