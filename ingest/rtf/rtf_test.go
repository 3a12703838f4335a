package rtf

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/htmlindex"
)

func decode(b []byte, charset string) string {
	e, err := htmlindex.Get(charset)
	if err != nil {
		return string(b)
	}
	s, _ := e.NewDecoder().Bytes(b)
	return string(s)
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		in, want string
		html     bool
	}{
		{`{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fswiss Arial;}}{\colortbl;\red0\green0\blue0;}\f0 Gr\'fc\'dfe\par aus {\b Ulm}\line\tab x}`, "Grüße\naus Ulm\n\tx", false},
		{`{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 A;}{\f1\fcharset204 B;}}\f0 caf\'e9 {\f1 \'ef\'f0\'e8} \'e9}`, "café при é", false},
		{`{\rtf1\uc1 a\u8364?b\u-10179?\u-8704?c{\uc0\u228}d\u55357?x}`, "a€b😀cäd\uFFFDx", false},
		{`{\rtf1 a\{b\}c\\d {\*\unknown secret}{\info{\author A}}{\pict\bin5 }}}}}}e}`, "a{b}c\\d e", false},
		{`{\rtf1 shown{\v hidden} again}`, "shown again", false},
		{`{\rtf1{\field{\*\fldinst HYPERLINK "https://x.example"}{\fldrslt a link}}}`, "a link", false},
		{`{\rtf1\ansi\fromhtml1 {\*\htmltag64 <p>}\htmlrtf {\b \htmlrtf0 Hello{\*\htmltag244 <br>}\htmlrtf\line\htmlrtf0  w\'f6rld{\*\htmltag72 </p>}\htmlrtf}\htmlrtf0 {\*\mhtmltag84 x}}`, "<p>Hello<br> wörld</p>", true},
		{`{\rtf1 unfinished {\b bold`, "unfinished bold", false},
		{``, "", false},
	} {
		got, html := Text([]byte(c.in), decode, 1<<20)
		if got != c.want || html != c.html {
			t.Errorf("%s\n got %q %v\nwant %q %v", c.in, got, html, c.want, c.html)
		}
	}
}

func TestTextOfHostileRTF(t *testing.T) {
	for name, in := range map[string]string{
		"deep":  strings.Repeat("{", 1<<20) + "x" + strings.Repeat("}", 1<<20) + "y",
		"fonts": "{\\rtf1{\\fonttbl" + strings.Repeat("{\\f1\\fcharset204 x;}", 100_000) + "}" + strings.Repeat("\\f1\\'ef", 100_000),
		"words": strings.Repeat("\\a", 1<<20),
	} {
		start := time.Now()
		Text([]byte(in), func(b []byte, _ string) string { return string(b) }, 1<<20)
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("%s took %v", name, d)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte(`{\rtf1\ansi\fromhtml1{\fonttbl{\f1\fcharset128 x;}}\f1\'83\u1234?{\*\htmltag <p>}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		s, _ := Text(in, func(b []byte, _ string) string { return strings.ToValidUTF8(string(b), "?") }, 4096)
		if len(s) > 4096+len(in) {
			t.Errorf("%d bytes", len(s))
		}
	})
}
