package web

import (
	"html/template"
	"regexp"
	"strings"
)

var webAddress = regexp.MustCompile(`https?://[^\s<>"'\x60]+`)

// linkify escapes a plain text and makes links of the web addresses in it.
// What it links to is exactly what it shows.
func linkify(text string) template.HTML {
	var b strings.Builder
	at := 0
	for _, m := range webAddress.FindAllStringIndex(text, -1) {
		end, opened := m[1], strings.Contains(text[m[0]:m[1]], "(")
		for end > m[0] && strings.ContainsRune(".,;:!?)]}", rune(text[end-1])) {
			if text[end-1] == ')' && opened {
				break
			}
			end--
		}
		u := template.HTMLEscapeString(text[m[0]:end])
		b.WriteString(template.HTMLEscapeString(text[at:m[0]]))
		b.WriteString(`<a href="` + u + `" target="_blank" rel="noopener noreferrer nofollow">` + u + `</a>`)
		at = end
	}
	b.WriteString(template.HTMLEscapeString(text[at:]))
	return template.HTML(b.String())
}

var localAddress = regexp.MustCompile(`(^|\s)(/[a-z]+)\b`)

// bannerLinks makes links of the site's own paths in the banner.
func bannerLinks(text string) template.HTML {
	return template.HTML(localAddress.ReplaceAllString(template.HTMLEscapeString(text), `$1<a href="$2">$2</a>`))
}
