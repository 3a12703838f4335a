package tracker

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// gist is what a report is about, as far as words can tell.
type gist struct {
	subject  []string // the telling words of the subject, sorted; of the text where it has none
	text     []string // those of subject and text together, sorted
	own      []string // of subject: what everybody has one of their own of
	fault    bool     // something does not work
	wish     bool     // something is asked for, and nothing said not to work
	category int64
}

// maxGist bounds the words of a report that are compared, so that a long one
// is not like everything.
const maxGist = 24

// gistOf reads subject and text (what the author wrote, without greetings and
// signature).
func gistOf(subject, text string) gist { return gistUnsigned(subject, unsigned(text)) }

// gistUnsigned is gistOf for a text without its signature.
func gistUnsigned(subject, text string) gist {
	var g gist
	var deny, faultBelow bool
	g.subject, deny, g.fault, g.wish, g.own = telling(subject, 12)
	body, denyBelow, faultBelow, wishBelow, own := telling(text, 2*maxGist)
	if len(g.subject) == 0 { // "Help!": what follows is the subject
		g.subject, g.own = body[:min(4, len(body))], own
		g.wish = wishBelow
		deny = deny || denyBelow
	}
	g.text = slices.Clone(g.subject)
	for _, w := range body {
		if len(g.text) == maxGist {
			break
		}
		if !slices.Contains(g.text, w) {
			g.text = append(g.text, w)
		}
	}
	g.wish = g.wish && !g.fault && !faultBelow && !deny
	g.fault = g.fault || faultBelow || deny || denyBelow
	g.subject = slices.Clone(g.subject)
	slices.Sort(g.subject)
	slices.Sort(g.text)
	return g
}

// wifi writes as one word what is one.
var wifi = strings.NewReplacer("Wi-Fi", "wifi", "WI-FI", "wifi", "wi-fi", "wifi", "Wi-fi", "wifi", "Wi‑Fi", "wifi", "W-LAN", "wlan")

// telling returns the telling words of a text in its order, at most n, and
// whether it denies something, names a fault or asks for something.
func telling(text string, n int) (words []string, deny, fault, wish bool, own []string) {
	seen := map[string]bool{}
	read := 0
	eachToken(wifi.Replace(clip(text, 4000)), func(t string) bool {
		read++
		switch wordKinds[t] {
		case wordDenies:
			deny = deny || read <= 40
		case wordFault:
			fault = fault || read <= 60
		case wordWishes:
			wish = true
		case wordEmpty:
		default:
			w, mine := meaning(t)
			if tellsAs(t, w) && !seen[w] {
				seen[w] = true
				words = append(words, strings.Clone(w)) // not the whole text with it
				if mine {
					own = append(own, w)
				}
			}
		}
		return len(words) < n
	})
	return words, deny, fault, wish, own
}

// tells reports whether a word can say what something is about: no number, and
// no short word but one of a script without spaces.
func tells(token string) bool {
	w, _ := meaning(token)
	return tellsAs(token, w)
}

// tellsAs is tells for a word and what it means.
func tellsAs(token, meaning string) bool {
	r, size := utf8.DecodeRuneInString(token)
	if unspaced(r) {
		return len(token) > size // pairs, not the lone last letter
	}
	letter := strings.ContainsFunc(token, unicode.IsLetter)
	return letter && (utf8.RuneCountInString(token) >= 3 || strings.ContainsFunc(token, unicode.IsDigit) || meaning != token)
}

// closings begin the line below which a signature stands, folded.
var closings = []string{"--", "kind regards", "best regards", "regards", "best wishes", "many thanks", "thanks", "thank you", "cheers", "sincerely", "yours",
	"mit freundlichen", "freundliche grusse", "viele grusse", "beste grusse", "liebe grusse", "grusse", "gruss", "mfg", "vielen dank", "danke",
	"cordialement", "bien cordialement", "bien a vous", "salutations", "merci", "sent from my", "gesendet von", "envoye de", "saludos", "gracias", "saluti", "grazie", "groeten"}

// unsigned returns a text without what stands below its closing: names,
// addresses and slogans are the same for a whole company.
func unsigned(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if i == 0 {
			continue
		}
		l = Fold(strings.TrimLeft(l, " \t*_"))
		if len(l) > 80 {
			continue
		}
		for _, c := range closings {
			if strings.HasPrefix(l, c) && len(l) < len(c)+40 && strings.TrimSpace(strings.Join(lines[:i], "")) != "" {
				return strings.Join(lines[:i], "\n")
			}
		}
	}
	return text
}

// without returns the gist without words that many reports of other days have.
func (g gist) without(common map[string]bool) gist {
	if len(common) == 0 {
		return g
	}
	drop := func(words []string) []string {
		return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return common[w] && w[0] != '=' })
	}
	g.subject, g.text = drop(g.subject), drop(g.text)
	return g
}

// wordNumbers gives words numbers, which are compared faster than words.
type wordNumbers map[string]int32

func (n wordNumbers) word(w string) int32 {
	k, ok := n[w]
	if !ok {
		k = int32(len(n))
		n[w] = k
	}
	return k
}

func (n wordNumbers) list(words []string) []int32 {
	list := make([]int32, 0, len(words))
	for _, w := range words {
		list = append(list, n.word(w))
	}
	slices.Sort(list)
	return list
}

func (n wordNumbers) of(g gist) *numbered {
	return &numbered{subject: n.list(g.subject), text: n.list(g.text), own: n.list(g.own), fault: g.fault, wish: g.wish, category: g.category}
}

// numbered is a gist by the numbers of its words, each list sorted.
type numbered struct {
	subject, text, own []int32
	fault, wish        bool
	category           int64
}

// alike reports whether two reports seem to be about the same trouble. It
// would rather miss one than be wrong: a false alarm costs trust. Either
//
//   - their subjects name the same service, hardly anything else, and both say
//     that it does not work ("No internet", "Internet seit 9 Uhr weg"), or
//   - their subjects say the same with two words or more, or
//   - their texts share three telling words and half of all that they say.
func (g *numbered) alike(o *numbered) bool {
	if g.category != 0 && o.category != 0 && g.category != o.category || g.wish || o.wish {
		return false
	}
	n, shared := common(g.subject, o.subject)
	if n > 0 {
		small, large := float64(min(len(g.subject), len(o.subject))), float64(max(len(g.subject), len(o.subject)))
		both := float64(n)
		general := n > 1 || !slices.Contains(g.own, shared)
		switch {
		case general && g.fault && o.fault && both/small >= 0.6 && both/large >= 0.3:
			return true
		case n >= 2 && both/math.Sqrt(small*large) >= 0.7:
			return true
		}
	}
	n, _ = common(g.text, o.text)
	return n >= 3 && float64(n)/math.Sqrt(float64(len(g.text)*len(o.text))) >= 0.5
}

// common counts the words that two sorted lists share, and names one.
func common(a, b []int32) (n int, one int32) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			n, one = n+1, a[i]
			i, j = i+1, j+1
		}
	}
	return n, one
}
