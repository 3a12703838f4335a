package web

import (
	"net"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// linkTarget returns the place that a link leads to, as people compare it: a
// host, or a mail address; "" for a telephone number. What security gateways
// wrapped around a link is undone: behind Microsoft 365 all links go there.
func linkTarget(href string) string {
	u, err := url.Parse(strings.TrimSpace(href))
	if err != nil {
		return ""
	}
	switch u.Scheme {
	case "mailto":
		address, err := url.PathUnescape(u.Opaque)
		if err != nil {
			return u.Opaque
		}
		return strings.ToLower(address)
	case "http", "https":
		if inner := unwrapLink(u); inner != nil {
			u = inner
		}
		return strings.ToLower(u.Hostname())
	}
	return ""
}

var urlDefense = regexp.MustCompile(`^/v3/__(https?:/+[^;]+)__;`)

// unwrapLink returns the address inside a Safe Links or URL Defense link.
func unwrapLink(u *url.URL) *url.URL {
	host, inner := strings.ToLower(u.Hostname()), ""
	switch {
	case strings.HasSuffix(host, ".safelinks.protection.outlook.com"):
		inner = u.Query().Get("url")
	case host == "urldefense.com" || host == "urldefense.us":
		if m := urlDefense.FindStringSubmatch(u.Path); m != nil {
			inner = strings.Replace(strings.Replace(m[1], ":/", "://", 1), ":///", "://", 1)
		}
	case host == "urldefense.proofpoint.com" && strings.HasPrefix(u.Path, "/v2/"):
		inner, _ = url.PathUnescape(strings.NewReplacer("-", "%", "_", "/").Replace(u.Query().Get("u")))
	}
	to, err := url.Parse(inner)
	if inner == "" || err != nil || to.Scheme != "http" && to.Scheme != "https" || to.Hostname() == "" {
		return nil
	}
	return to
}

// shownPlace is what the words of a link show: a host or a mail address, ""
// for any other words.
var shownPlace = regexp.MustCompile(`^(?i:(?:(?:https?|ftp)://)?(?:[^/@\s]*@)?((?:[\p{L}\p{N}_-]+\.)+[\p{L}]{2,24}))(?::\d+)?(?:[/?#]\S*)?$`)

// lies reports whether a link's words show another place than it leads to.
func lies(words, target string) bool {
	words = strings.Trim(strings.Join(strings.Fields(words), " "), " .,;:()[]<>«»\"'")
	if address, ok := cutFold(words, "mailto:"); ok {
		words = address
	}
	if strings.Contains(target, "@") {
		return strings.Contains(words, "@") && !strings.ContainsAny(words, " /") && !strings.EqualFold(words, target)
	}
	m := shownPlace.FindStringSubmatch(words)
	if m == nil {
		return false
	}
	shown := strings.TrimPrefix(strings.ToLower(m[1]), "www.")
	if strings.Contains(words, "@") && !strings.Contains(words, "/") && target != "" {
		return false // an address that leads to a page, as in signatures
	}
	target = strings.TrimPrefix(target, "www.")
	return target != shown && !strings.HasSuffix(target, "."+shown) && !strings.HasSuffix(shown, "."+target)
}

// rewriteLink has a link open in its own tab, and its whole address shown on
// hover, whatever its words pretend. It returns the place that it leads to.
func rewriteLink(t *html.Token) string {
	kept := t.Attr[:0]
	href := ""
	for _, a := range t.Attr {
		switch a.Key {
		case "href":
			if u, err := url.Parse(a.Val); err != nil || u.Scheme != "mailto" && u.Scheme != "tel" && (u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "") {
				continue
			}
			href = a.Val
		case "title", "target", "rel":
			continue
		}
		kept = append(kept, a)
	}
	t.Attr = kept
	if href == "" {
		return ""
	}
	t.Attr = append(t.Attr, html.Attribute{Key: "title", Val: href}, html.Attribute{Key: "target", Val: "_blank"},
		html.Attribute{Key: "rel", Val: "noopener noreferrer nofollow"})
	return linkTarget(href)
}

// remotePicture returns the address at which a picture from outside may be
// asked for: over https and by a public name only. Addresses, bare names and
// names of private networks could reach what stands beside the reader.
func remotePicture(src string) (address, host string) {
	if strings.HasPrefix(src, "//") {
		src = "https:" + src
	}
	u, err := url.Parse(src)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return "", ""
	}
	host = strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	_, top, dotted := cutLast(host, ".")
	switch {
	case host == "":
		return "", ""
	case net.ParseIP(host) != nil, !dotted, strings.Trim(top, "0123456789") == "", u.Port() != "" && u.Port() != "443" && u.Port() != "80",
		top == "localhost", top == "local", top == "internal", top == "lan", top == "home", top == "corp", top == "intranet", top == "test", strings.HasSuffix(host, ".home.arpa"), strings.HasPrefix(top, "0x"):
		return "", host
	}
	u.Scheme, u.Host = "https", u.Hostname()
	return u.String(), host
}

func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return s, false
}
