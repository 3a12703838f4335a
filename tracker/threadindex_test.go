package tracker

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestReadThreadIndex: both layouts of the header. The first began on 2026-03-02
// at 09:00 UTC as desktop Outlook writes it, the second as Exchange does.
func TestReadThreadIndex(t *testing.T) {
	begun := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	guid, _ := hex.DecodeString("4b1f00c2a5d94e7f8a1152f0b3c9d6e7")
	ft := fileTime(begun)
	classic, modern := []byte{}, []byte{1}
	for i := 7; i >= 2; i-- {
		classic = append(classic, byte(ft>>(8*i)))
	}
	for i := 7; i >= 3; i-- {
		modern = append(modern, byte(ft>>(8*i)))
	}
	answer := []byte{0, 0, 0x1a, 0xd2, 0x30} // 6,866 * 2^18 * 100 ns: three minutes
	for name, head := range map[string][]byte{"classic": classic, "modern": modern} {
		text := base64.StdEncoding.EncodeToString(slices.Concat(head, guid, answer))
		for _, as := range []string{text, " " + text[:20] + "\r\n\t" + text[20:], strings.TrimRight(text, "="), `"` + text + `"`} {
			x, ok := ReadThreadIndex(as)
			if !ok || x.GUID() != hex.EncodeToString(guid) {
				t.Fatalf("%s: %q is read as %v %q", name, as, ok, x.GUID())
			}
			if off := begun.Sub(x.Begun()); off < 0 || off > 2*time.Second {
				t.Errorf("%s: it began at %s", name, x.Begun())
			}
			if a := x.Answers(); len(a) != 1 || a[0].Sub(x.Begun()).Round(time.Second) != 3*time.Minute {
				t.Errorf("%s: answers at %v", name, a)
			}
			if x.String() != text {
				t.Errorf("%s: comes back as %s, not %s", name, x, text)
			}
		}
	}
	whole := slices.Concat(modern, guid, answer)
	if x, ok := ReadThreadIndex(base64.StdEncoding.EncodeToString(whole[:25])); !ok || len(x.Answers()) != 0 {
		t.Error("half a block takes the conversation with it")
	}
	for name, bad := range map[string]string{
		"empty": "", "no base64": "!!", "short": base64.StdEncoding.EncodeToString(whole[:21]), "another first byte": base64.StdEncoding.EncodeToString(append([]byte{2}, whole[1:]...)),
		"no GUID": base64.StdEncoding.EncodeToString(append(slices.Clone(modern), make([]byte, 16)...)), "long": strings.Repeat("====\n", 10000),
	} {
		if x, ok := ReadThreadIndex(bad); ok {
			t.Errorf("%s is read as %s", name, x.GUID())
		}
	}
}

func TestThreadIndexIsExtended(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	first := NewThreadIndex(at, [16]byte{1, 2, 3})
	if n := len(first.raw); n != 22 || !strings.HasPrefix(first.String(), "AQ") {
		t.Fatalf("a new conversation has %d bytes: %s", n, first)
	}
	x := first
	for i, after := range []time.Duration{0, time.Minute, 20 * time.Hour, 500 * 24 * time.Hour, 900 * 24 * time.Hour, 20 * 365 * 24 * time.Hour} {
		was := x
		x = x.Answered(at.Add(after), byte(i))
		if !strings.HasPrefix(x.raw, was.raw) || len(x.raw) != len(was.raw)+5 || x.GUID() != first.GUID() {
			t.Fatalf("answer %d does not extend the index", i)
		}
		back, ok := ReadThreadIndex(x.String())
		if !ok || back != x {
			t.Fatalf("answer %d cannot be read again", i)
		}
		if off := at.Add(after).Sub(back.Answers()[i]); off < -3*time.Second || off > 3*time.Second {
			t.Errorf("answer %d is told to be %s off", i, off)
		}
		if coarse := back.raw[len(back.raw)-5]&0x80 != 0; coarse != (after > 650*24*time.Hour) {
			t.Errorf("answer %d after %s: delta code %v", i, after, coarse)
		}
	}
	if past := first.Answered(at.Add(-time.Hour), 0); len(past.raw) != 27 || past.raw[22] != 0 {
		t.Error("an answer before its question has a strange block")
	}
	for range 500 {
		x = x.Answered(at, 7)
	}
	if len(x.raw) != 22+80*5 || len(x.String()) > 900 {
		t.Errorf("a long conversation's index has %d bytes", len(x.raw))
	}
}

func FuzzThreadIndex(f *testing.F) {
	f.Add("AQHc"+strings.Repeat("Qm9v", 8), int64(1))
	f.Fuzz(func(t *testing.T, s string, at int64) {
		x, ok := ReadThreadIndex(s)
		if !ok {
			return
		}
		x.Answers()
		y := x.Answered(time.Unix(at%(1<<33), 0), 9)
		back, ok := ReadThreadIndex(y.String())
		if !ok || back != y || y.GUID() != x.GUID() {
			t.Fatalf("%q: %v", s, ok)
		}
	})
}
