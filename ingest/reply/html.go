package reply

import (
	"strings"

	"helpdeskd/ingest/htmltext"
)

// SplitDoc parts an HTML mail, where the containers that mail programs put
// around quotes say more than any wording.
func SplitDoc(d *htmltext.Doc, forward bool) (reply, quoted string) {
	ls := d.Lines
	drop := make([]bool, len(ls))
	if !forward {
		ends := passedOn(ls)
		markContainers(ls[:ends], drop)
		if answersBetween(ls[:ends], drop) {
			all := append([]htmltext.Line(nil), ls...)
			for i := range all {
				all[i].Quoted = all[i].Quoted && drop[i]
			}
			return strings.TrimSpace(htmltext.Render(all, true)), ""
		}
		markSignatures(ls[:ends], drop)
	}
	var vis, hid []htmltext.Line
	any := false
	code := codeAmongText(ls)
	for i, l := range ls {
		if drop[i] {
			hid = append(hid, l)
			continue
		}
		if code && l.Code {
			l.Spans = append([]htmltext.Span{{Text: codeMark}}, l.Spans...)
		}
		vis = append(vis, l)
		any = any || strings.TrimSpace(ls[i].Text()) != ""
	}
	if !any {
		return strings.TrimSpace(htmltext.Render(ls, false)), ""
	}
	text := htmltext.Render(vis, false)
	lines := read(text)
	hide(lines, forward)
	r, q := gather(lines, text)
	if strings.TrimSpace(r) == "" {
		return strings.TrimSpace(htmltext.Render(ls, false)), ""
	}
	rest := htmltext.Render(hid, false)
	if q != "" && rest != "" {
		q += "\n\n"
	}
	return r, q + rest
}

// passedOn returns where a forwarded mail begins, whatever container it is
// in; len(ls) when the mail forwards nothing, or only quotes somebody who did.
func passedOn(ls []htmltext.Line) int {
	for i := range ls {
		t := strings.TrimSpace(ls[i].Text())
		if t == "" {
			continue
		}
		if forwardMark(clean(t)) {
			return i
		}
		if ls[i].Quoted || ls[i].CutHere {
			break
		}
	}
	return len(ls)
}

// codeAmongText says whether the mail has text outside of its pre elements:
// then those hold code. A mail that is one pre element was plain text once.
func codeAmongText(ls []htmltext.Line) bool {
	code, text := false, false
	for i := range ls {
		if strings.Contains(ls[i].Text(), codeMark) {
			return false
		}
		if ls[i].Code {
			code = true
		} else if !ls[i].Quoted {
			text = true
		}
	}
	return code && text
}

// markContainers marks the lines in quote containers.
func markContainers(ls []htmltext.Line, drop []bool) {
	strict := false // a blockquote inside of Gmail's container has been seen
	for i := range ls {
		t := ls[i].Text()
		k := noLabel
		if ls[i].Rule {
			k = labelOf(t)
		}
		if ls[i].CutHere && !ls[i].Quoted || (k == lFrom || k == lDate) && (strings.Contains(t, "@") || hasDate(t)) {
			for j := i; j < len(ls); j++ {
				drop[j] = true
			}
			break
		}
		if !ls[i].Quoted {
			continue
		}
		// Gmail's container also holds the answers between the passages of
		// the blockquotes in it.
		drop[i] = !ls[i].Loose || !strict
		strict = strict || ls[i].InGmail
	}
	// a plain blockquote is a quote when it is the last one, or stands under
	// an attribution line
	last := -1
	for i := range ls {
		if ls[i].Depth > 0 && !drop[i] && (i == 0 || ls[i-1].Depth == 0) {
			last = i
		}
	}
	for i := 0; i < len(ls); i++ {
		if ls[i].Depth == 0 || drop[i] || i > 0 && ls[i-1].Depth > 0 {
			continue
		}
		under := i > 0 && attribution([]line{{text: ls[i-1].Text()}}, 0) > 0
		if !under && (i != last || i > 0 && leadsTo(ls[i-1].Text()) && goesOn(ls[i:])) {
			continue
		}
		for j := i; j < len(ls) && ls[j].Depth > 0; j++ {
			drop[j] = true
		}
	}
}

// leadsTo says whether a sentence announces the passage below it, as in "The
// contract says:"; what a program writes there has a date or an address.
func leadsTo(s string) bool {
	s = clean(strings.TrimSpace(s))
	return endsOpen(s) && words(s) > 1 && !strings.Contains(s, "@") && !hasDate(s) && !hasVerb(s)
}

// goesOn says whether new words stand below the passage that ls begins with.
func goesOn(ls []htmltext.Line) bool {
	for i := range ls {
		if ls[i].Depth == 0 {
			return !ls[i].Signature
		}
	}
	return false
}

// answersBetween says whether two quoted passages or more each have new words
// below them: then the answers need the questions.
func answersBetween(ls []htmltext.Line, drop []bool) bool {
	answers, inQuote := 0, false
	for i := range ls {
		if drop[i] {
			if ls[i].CutHere {
				break
			}
			inQuote = true
			continue
		}
		t := strings.TrimSpace(ls[i].Text())
		if t == "" || ls[i].Signature {
			continue
		}
		if inQuote && attribution([]line{{text: t}}, 0) == 0 {
			if t == "--" || ruler(t) {
				break
			}
			answers++
		}
		inQuote = false
	}
	return answers > 1
}

// markSignatures marks what programs wrap as the signature, where something
// else was written above it.
func markSignatures(ls []htmltext.Line, drop []bool) {
	seen := false
	for i := range ls {
		if drop[i] {
			continue
		}
		if ls[i].Signature && seen {
			drop[i] = true
		} else if strings.TrimSpace(ls[i].Text()) != "" {
			seen = true
		}
	}
}
