package web

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// allowedAttr are the attributes that may be left on any element, with what
// they may hold.
var allowedAttr = map[string]*regexp.Regexp{
	"align": styleWord, "valign": styleWord, "dir": styleWord, "lang": styleWord, "bgcolor": styleColor, "color": styleColor,
	"width": mailNumber, "height": mailNumber, "border": mailNumber, "cellpadding": mailNumber, "cellspacing": mailNumber, "colspan": mailNumber,
	"rowspan": mailNumber, "start": mailNumber, "size": mailNumber, "face": styleFont, "alt": regexp.MustCompile(``), "title": regexp.MustCompile(``),
	"target": regexp.MustCompile(`^_blank$`), "rel": regexp.MustCompile(`^noopener noreferrer nofollow$`),
	"class": regexp.MustCompile(`^hd-(pic|to|to hd-lie)$`), "aria-hidden": regexp.MustCompile(`^true$`), "referrerpolicy": regexp.MustCompile(`^no-referrer$`),
}

// notInert reads HTML as a browser would and returns what could run, load or
// reach out of the frame, nil for nothing. shown allows pictures over https.
func notInert(clean string, shown bool) error {
	doc, err := html.Parse(strings.NewReader("<!doctype html><body><div id=frame>" + clean + "</div><i id=after></i>"))
	if err != nil {
		return err
	}
	var walk func(n *html.Node, inside bool) error
	framed := false
	walk = func(n *html.Node, inside bool) error {
		if n.Type == html.CommentNode || n.Type == html.DoctypeNode && inside {
			return fmt.Errorf("a comment is left: %q", n.Data)
		}
		if n.Type == html.ElementNode {
			id := ""
			for _, a := range n.Attr {
				if a.Key == "id" {
					id = a.Val
				}
			}
			switch {
			case id == "frame":
				framed = true
				inside = true
			case id == "after":
				if inside || n.Parent.Data != "body" {
					return fmt.Errorf("the frame's own element lies in <%s>", n.Parent.Data)
				}
			case inside:
				if n.Namespace != "" || !slices.Contains(mailElements, n.Data) {
					return fmt.Errorf("<%s> is left", n.Data)
				}
				for _, a := range n.Attr {
					if err := badAttr(n.Data, a, shown); err != nil {
						return err
					}
				}
			case n.Data != "html" && n.Data != "head" && n.Data != "body":
				return fmt.Errorf("<%s> stands outside of the frame", n.Data)
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if err := walk(c, inside); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(doc, false); err != nil {
		return err
	}
	if !framed {
		return fmt.Errorf("the frame is gone")
	}
	return nil
}

func badAttr(tag string, a html.Attribute, shown bool) error {
	bad := fmt.Errorf("<%s %s=%q> is left", tag, a.Key, a.Val)
	switch a.Key {
	case "src":
		if tag != "img" {
			return bad
		}
		if a.Val == "/attachments/abc" || safeData.MatchString(a.Val) {
			return nil
		}
		u, err := url.Parse(a.Val)
		if !shown || err != nil || u.Scheme != "https" || u.Port() != "" || u.User != nil || !strings.Contains(u.Host, ".") {
			return bad
		}
	case "href":
		u, err := url.Parse(a.Val)
		if tag != "a" || err != nil || !slices.Contains([]string{"http", "https", "mailto", "tel"}, u.Scheme) {
			return bad
		}
	case "style":
		for d := range strings.SplitSeq(a.Val, ";") {
			name, value, _ := strings.Cut(d, ":")
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			low := strings.ToLower(value)
			if !wantedStyle[name] || strings.ContainsAny(value, "\\@{}<>:/") || strings.Contains(low, "url") || strings.Contains(low, "expression") || strings.Contains(low, "image") {
				return bad
			}
		}
	default:
		if re := allowedAttr[a.Key]; re == nil || !re.MatchString(a.Val) {
			return bad
		}
	}
	return nil
}

// FuzzMailHTML holds the cleaner to what a browser makes of its result: only
// listed elements and attributes, all of them within the frame, and no address
// from outside that loads, unless pictures are asked for.
func FuzzMailHTML(f *testing.F) {
	f.Add(`<p style="color:red">a<img src="cid:known@mail"></p>`)
	f.Add(`<a href="javascript:x">a</a><svg><script>`)
	f.Add(`<style>p.x{color:#fff;background:#000 url(//evil.example)}</style><body bgcolor=black text=white><p class=x>a</div></table><table><td><div></td></div>`)
	f.Add(`<a href=https://evil.example>www.bank.example</a><img src=//evil.example/x.png width=1><img src=https://cdn.evil.example/x.png>`)
	for _, raw := range hostileHTML {
		f.Add(raw)
	}
	c := newMailCleaner()
	f.Fuzz(func(t *testing.T, raw string) {
		for _, shown := range []bool{false, true} {
			v := testView
			v.Pictures = shown
			got, err := c.clean([]byte(raw), v)
			if err != nil {
				t.Fatal(err)
			}
			if err := notInert(got.HTML, shown); err != nil {
				t.Fatalf("%v\nof %q\nas %q", err, raw, got.HTML)
			}
		}
	})
}
