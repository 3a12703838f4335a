package htmltext

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"<p>one</p><p>two<br>three</p>":                                            "one\n\ntwo\nthree",
		"<div>one</div><div>two</div>":                                             "one\ntwo",
		"<p class=MsoNormal>one</p><p class=MsoNormal>two</p>":                     "one\ntwo",
		"a  b\n c&nbsp;d &amp; &lt;e&gt;":                                          "a b c d & <e>",
		"<pre>a\n  b</pre>":                                                        "a\n  b",
		"<table><tr><td>From:</td><td>Anna</td></tr><tr><td>To:</td></tr></table>": "From:\tAnna\nTo:",
		"<title>t</title><style>p{}</style><script>x()</script>seen<!-- not -->":   "seen",
		"<ul><li>one<li>two</ul>":                                                  "one\ntwo",
		"<ol start=3><li>one<ul><li>a</ul><li>two<br>more</ol><ol><li>x</ol>":      "3. one\n\na\n\n4. two\nmore\n\n1. x",
		"<b>bold</b> and <a href=x>link</a>":                                       "bold and link",
		`<div style="display:none;mso-hide:all">preview</div><p>seen</p>`:          "seen",
		`a<span style="DISPLAY: none"><b>no</b></span>b`:                           "ab",
		`<div style="display : none">nothing else</div>`:                           "nothing else",
		`<p style="display:none">a<p>never closed`:                                 "a\n\nnever closed",
		`<td><div style="display:none">a</td></table>after`:                        "after",
		`nice <img alt="😀" src=x> day<img alt="logo.png">`:                         "nice 😀 day",
		"</div></p>stray<p":                                                        "stray",
	} {
		if got := Parse(in, 1<<20).Text(); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestMarks(t *testing.T) {
	d := Parse(`<p>new <b>bold</b><u>under</u></p><img src="cid:a@b"><div class="x gmail_quote"><p>old</p></div><hr><p id=x_divRplyFwdMsg>From</p><blockquote>plain</blockquote>`, 1<<20)
	if len(d.Lines) != 4 || len(d.CIDs) != 1 || d.CIDs[0] != "a@b" {
		t.Fatalf("%+v", d)
	}
	first := d.Lines[0]
	if len(first.Spans) != 3 || !first.Spans[1].Bold || !first.Spans[2].Under || first.Quoted {
		t.Errorf("%+v", first)
	}
	if !d.Lines[1].Quoted || !d.Lines[2].CutHere || !d.Lines[2].Rule || d.Lines[3].Depth != 1 {
		t.Errorf("%+v", d.Lines)
	}
}

// TestDeep: nesting costs neither stack nor text.
func TestDeep(t *testing.T) {
	d := Parse(strings.Repeat("<div><b><table><tr><td>", 20000)+"core", 1<<20)
	if d.Text() != "core" {
		t.Errorf("%q", d.Text())
	}
	if d := Parse(strings.Repeat("<p>word", 1000), 100); !d.Cut || len(d.Text()) > 300 {
		t.Errorf("not cut: %d", len(d.Text()))
	}
}

func FuzzHTML(f *testing.F) {
	f.Add("<p>a<br><b>b</b><table><tr><td>x<td>y</table><blockquote type=cite>q")
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "")
		d := Parse(s, 4096)
		if !utf8.ValidString(d.Text()) {
			t.Fatal("invalid UTF-8")
		}
		n := 0
		for _, l := range d.Lines {
			n += len(l.Text())
			if l.Depth < 0 || len(l.Spans) == 0 {
				t.Fatalf("%+v", l)
			}
		}
		if n > 4096 {
			t.Fatalf("%d bytes", n)
		}
	})
}
