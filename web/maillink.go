package web

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
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

// shownPlace is what the words of a link show where they are one: a host, or
// a mail address; "" for any other words.
var shownPlace = regexp.MustCompile(`^(?i:(?:(?:https?|ftp)://)?(?:[^/@\s]*@)?((?:[\p{L}\p{N}_-]+\.)+[\p{L}]{2,24}))(?::\d+)?(?:[/?#]\S*)?$`)

// shownAddress is one of several words that shows a whole address, in any of
// the spellings that browsers take.
var shownAddress = regexp.MustCompile(`^(?i:(?:https?|ftp):/+([^/?#]+)|(www\.[^/?#]+))`)

// fileName is a document by its ending, of those that are no country's or
// trade's: cloud storage links documents by their names.
var fileName = regexp.MustCompile(`(?i)\.(?:docx?|docm|dotx|xlsx?|xlsm|xltx|pptx?|ppsx|pdf|txt|csv|rtf|odt|ods|odp|jpe?g|png|gif|heic|bmp|tiff?|msg|eml|html?|xml|json|log|mp4|mp3|wav|vsdx?|pst|ics|vcf|exe|msi|iso|rdp)$`)

// seenWords are the words of a link as a reader sees them: without what has no
// width, and with letters that only look otherwise as what they look like.
func seenWords(words string) string {
	words = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cf, unicode.Cc, unicode.Variation_Selector), r == '\u034f', r == '\u115f', r == '\u1160', r == '\u3164', r == '\uffa0':
			return -1
		case r == '\\', r == '\u2044', r == '\u2215', r == '\u29f8': // slashes, of which browsers take the first
			return '/'
		case r == '\u3002':
			return '.'
		}
		return r
	}, words)
	return strings.Join(strings.Fields(norm.NFKC.String(words)), " ")
}

// places are the hosts and mail addresses that the words of a link show.
func places(words string) (list []string) {
	tokens := slices.DeleteFunc(strings.Fields(seenWords(words)), func(w string) bool { // arrows and the like
		return !strings.ContainsFunc(w, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
	})
	for _, w := range tokens {
		w = strings.Trim(w, ".,;:()[]<>«»‹›\"'")
		if address, ok := cutFold(w, "mailto:"); ok {
			w = address
		}
		if m := shownAddress.FindStringSubmatch(w); m != nil {
			host := m[1] + m[2]
			if _, after, ok := cutLast(host, "@"); ok {
				host = after
			}
			if name, port, ok := cutLast(host, ":"); ok && strings.Trim(port, "0123456789") == "" {
				host = name
			}
			if strings.Contains(host, ".") {
				list = append(list, strings.ToLower(host))
			}
			continue
		}
		if m := shownPlace.FindStringSubmatch(w); m != nil && len(tokens) == 1 && !fileName.MatchString(w) {
			if strings.Contains(w, "@") && !strings.Contains(w, "/") {
				list = append(list, strings.ToLower(w))
			} else {
				list = append(list, strings.ToLower(m[1]))
			}
		} else if len(tokens) == 1 && strings.Contains(w, "@") && !strings.Contains(w, "/") {
			list = append(list, strings.ToLower(w))
		}
	}
	return list
}

// plainHost is a host in ASCII (RFC 5891) and without www.
func plainHost(host string) string {
	if ascii, err := idna.ToASCII(host); err == nil {
		host = ascii
	}
	return strings.TrimPrefix(host, "www.")
}

// same reports whether a place that words show is the one that a link leads
// to, or both are names of one domain.
func same(shown, target string) bool {
	shown, target = plainHost(shown), plainHost(target)
	return target == shown || strings.HasSuffix(target, "."+shown) || strings.Contains(target, ".") && strings.HasSuffix(shown, "."+target)
}

// lies reports whether a link's words show another place than it leads to.
func lies(words, target string) bool {
	return slices.ContainsFunc(places(words), func(shown string) bool {
		switch atShown, atTarget := strings.Contains(shown, "@"), strings.Contains(target, "@"); {
		case atShown && atTarget:
			return shown != target
		case atShown: // an address that leads to a page, as in signatures
			return target == ""
		case atTarget:
			return false
		}
		return !same(shown, target)
	})
}

// tells reports whether a link's words say where it leads.
func tells(words, target string) bool {
	return slices.ContainsFunc(places(words), func(shown string) bool { return plainHost(shown) == plainHost(target) })
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
