package form

import (
	"strings"

	"helpdeskd/ingest/htmltext"
)

// maxPairs bounds the answers read from one mail.
const maxPairs = 300

// extract tries the shapes that form mails have, the most certain first.
func (r *reading) extract(doc *htmltext.Doc) []pair {
	lines := own(doc.Lines)
	for _, shape := range []func([]htmltext.Line) []pair{r.table, r.styled, r.lettered, r.paragraphs, r.labelled} {
		if pairs := shape(lines); len(pairs) > 0 {
			return r.tidy(pairs, lines)
		}
	}
	return nil
}

// own cuts away what is quoted.
func own(lines []htmltext.Line) []htmltext.Line {
	for i := range lines {
		if lines[i].CutHere || lines[i].Quoted || lines[i].Depth > 0 {
			return lines[:i]
		}
	}
	return lines
}

// tidy cleans labels, takes meta rows out and drops a title that looks like a
// question without an answer.
func (r *reading) tidy(pairs []pair, lines []htmltext.Line) []pair {
	var out []pair
	colons := 0
	for _, p := range pairs[min(1, len(pairs)):] {
		if strings.Contains(p.q, ":") {
			colons++
		}
	}
	bareFirst := len(pairs) > 2 && !strings.ContainsAny(pairs[0].q, ":?") && colons*2 > len(pairs)
	for _, p := range pairs {
		p = pair{q: cleanLabel(p.q), a: strings.TrimSpace(p.answer())}
		if p.q == "" || r.meta(p.q, p.a) {
			continue
		}
		out = append(out, p)
		if len(out) >= maxPairs {
			break
		}
	}
	if len(out) > 1 && out[0].a == "" && (r.isTitle(out[0].q, lines) || bareFirst && meaningOf(out[0].q, r.mail.Labels) == "") {
		r.form.Title = out[0].q
		out = out[1:]
	}
	return out
}

func (r *reading) isTitle(q string, lines []htmltext.Line) bool {
	low := strings.ToLower(q)
	if strings.Contains(strings.ToLower(r.mail.Subject), low) {
		return true
	}
	n := 0
	for _, l := range lines {
		if strings.Contains(strings.ToLower(l.Text()), low) {
			n++
		}
	}
	return n > 1
}

// style is how a line's questions stand out.
type style int

const (
	noStyle style = iota
	bold
	under
	heading
)

// lead returns the styled text at the beginning of a line, and what follows.
func lead(l htmltext.Line) (st style, q, a string) {
	i := 0
	for i < len(l.Spans) && strings.Trim(l.Spans[i].Text, " •·-–\t") == "" && !l.Spans[i].Bold && !l.Spans[i].Under {
		i++
	}
	if i == len(l.Spans) {
		return noStyle, "", ""
	}
	switch {
	case len(l.Block) == 2 && l.Block[0] == 'h' && l.Block != "hr":
		return heading, l.Text(), ""
	case l.Spans[i].Under:
		st = under
	case l.Spans[i].Bold:
		st = bold
	default:
		return noStyle, "", ""
	}
	for ; i < len(l.Spans); i++ {
		s := l.Spans[i]
		if st == bold && !s.Bold && strings.TrimSpace(s.Text) != "" || st == under && !s.Under && strings.TrimSpace(s.Text) != "" {
			break
		}
		q += s.Text
	}
	for ; i < len(l.Spans); i++ {
		a += l.Spans[i].Text
	}
	return st, q, a
}

// styled reads mails whose questions are bold, underlined or headings.
func (r *reading) styled(lines []htmltext.Line) []pair {
	var count [heading + 1]int
	for _, l := range lines {
		if st, q, _ := lead(l); len(strings.TrimSpace(q)) > 1 {
			count[st]++
		}
	}
	want := noStyle
	for st := bold; st <= heading; st++ {
		if count[st] > count[want] || want == noStyle && count[st] > 0 {
			want = st
		}
	}
	if want == noStyle || count[want] < 2 {
		return nil
	}
	var pairs []pair
	var cur *pair
	var from htmltext.Line // the first line of the current answer
	started, prevQ := false, htmltext.Line{}
	for _, l := range lines {
		st, q, a := lead(l)
		if st == want && len(strings.TrimSpace(q)) > 1 {
			pairs = append(pairs, pair{q: q, a: trimColon(a)})
			cur, from, prevQ = &pairs[len(pairs)-1], l, l
			started = strings.TrimSpace(cur.a) != ""
			continue
		}
		t := strings.TrimSpace(l.Text())
		if cur == nil {
			r.metaLine(t)
			continue
		}
		if r.metaLine(t) || footer(t) {
			cur = nil
			continue
		}
		switch {
		case !started:
			cur.a, from, started = trimColon(t), l, true
		case l.Para == from.Para || l.Block == from.Block && l.Table == from.Table && prevQ.Para != from.Para:
			cur.add(t)
		case l.Block == "li" && from.Block == "li" && prevQ.Para == from.Para:
			cur = nil
		case l.Block == from.Block && !l.Gap:
			cur.add(t)
		default:
			cur = nil
		}
	}
	if !r.plausible(pairs) {
		return nil
	}
	return pairs
}

// lettered reads "Q: … A: …" blocks, also "Q. … R. …".
func (r *reading) lettered(lines []htmltext.Line) []pair {
	var pairs []pair
	inAnswer := false
	for _, l := range lines {
		raw := l.Text()
		t := strings.TrimSpace(raw)
		if raw == "-- " || t == "--" {
			break
		}
		if q, ok := letter(t, "Q", "Question", "Frage", "F"); ok {
			pairs = append(pairs, pair{q: q})
			inAnswer = false
			continue
		}
		if len(pairs) == 0 {
			r.metaLine(t)
			continue
		}
		p := &pairs[len(pairs)-1]
		if a, ok := letter(t, "A", "R", "Answer", "Antwort", "Réponse", "Reponse"); ok && !inAnswer {
			p.a, inAnswer = a, true
			continue
		}
		if footer(t) {
			inAnswer = false
			continue
		}
		if inAnswer {
			p.add(raw)
		} else if p.a == "" && len(p.q) < 1000 {
			p.q += " " + t
		}
	}
	if len(pairs) < 2 {
		return nil
	}
	answered := 0
	for _, p := range pairs {
		if p.a != "" {
			answered++
		}
	}
	if answered == 0 {
		return nil
	}
	return pairs
}

func letter(t string, names ...string) (string, bool) {
	for _, n := range names {
		if len(t) > len(n) && strings.EqualFold(t[:len(n)], n) && (t[len(n)] == ':' || t[len(n)] == '.') {
			return strings.TrimSpace(t[len(n)+1:]), true
		}
	}
	return "", false
}

// paragraphs reads plain texts of the form "question, next line answer, blank
// line".
func (r *reading) paragraphs(lines []htmltext.Line) []pair {
	var pairs []pair
	questions := 0
	for i := 0; i < len(lines); i++ {
		t := strings.TrimSpace(lines[i].Text())
		if i > 0 && !lines[i].Gap {
			continue
		}
		j := i + 1
		var answer []string
		for j < len(lines) && !lines[j].Gap {
			answer = append(answer, strings.TrimSpace(lines[j].Text()))
			j++
		}
		q := strings.HasSuffix(cleanLabel(t), "?") || meaningOf(cleanLabel(t), r.mail.Labels) != "" && !strings.Contains(t, ": ")
		if !q {
			if r.metaLine(t) {
				for _, a := range answer {
					r.metaLine(a)
				}
			} else if len(pairs) > 0 && len(answer) == 1 && !footer(t) && len(t) < 120 && !strings.HasSuffix(t, ".") && !strings.HasSuffix(t, ",") {
				pairs = append(pairs, pair{q: t, a: answer[0]})
			}
			continue
		}
		questions++
		pairs = append(pairs, pair{q: t, a: strings.Join(answer, "\n")})
	}
	if questions < 2 {
		return nil
	}
	return pairs
}

// labelled reads "question: answer" lines; a line without a label goes on
// with the answer above.
func (r *reading) labelled(lines []htmltext.Line) []pair {
	var pairs []pair
	open := false
	known := 0
	for _, l := range lines {
		raw := l.Text()
		t := strings.TrimSpace(raw)
		if raw == "-- " || t == "--" {
			break
		}
		if r.metaLine(t) || footer(t) {
			open = false
			continue
		}
		q, a, ok := splitLabel(t)
		if ok && strings.HasPrefix(raw, "  ") && open && meaningOf(cleanLabel(q), r.mail.Labels) == "" {
			ok = false
		}
		if ok {
			if meaningOf(cleanLabel(q), r.mail.Labels) != "" {
				known++
			}
			pairs = append(pairs, pair{q: q, a: a})
			open = true
			continue
		}
		if open && len(pairs) > 0 {
			p := &pairs[len(pairs)-1]
			if l.Gap && p.a != "" && !strings.HasSuffix(p.a, ":") && l.Block != "pre" {
				open = false
				continue
			}
			p.add(raw)
		}
	}
	if len(pairs) < 2 || known == 0 {
		return nil
	}
	return pairs
}

// splitLabel splits at the first colon or question mark that ends a label.
func splitLabel(t string) (q, a string, ok bool) {
	t = strings.TrimLeft(t, "*•·- \t")
	for i := 0; i < len(t) && i < 200; i++ {
		switch t[i] {
		case ':':
			if i == 0 || i+1 < len(t) && t[i+1] != ' ' && t[i+1] != '\t' || strings.HasSuffix(t[:i], "http") || strings.HasSuffix(t[:i], "https") {
				continue
			}
			return t[:i], strings.TrimSpace(t[i+1:]), true
		case '?':
			if i+1 < len(t) && t[i+1] == ' ' {
				rest := t[i+1:]
				if strings.HasPrefix(strings.TrimSpace(rest), ":") {
					rest = strings.TrimSpace(rest)[1:]
				}
				return t[:i+1], strings.TrimSpace(rest), true
			}
			if i+1 == len(t) {
				return t, "", true
			}
		}
	}
	return "", "", false
}

func trimColon(s string) string {
	s = strings.TrimLeft(s, " \t\u00a0")
	s = strings.TrimPrefix(s, ":")
	s = strings.TrimPrefix(s, "*")
	s = strings.TrimPrefix(strings.TrimLeft(s, " "), ":")
	return strings.TrimSpace(s)
}

// footer recognises what form services and flow authors write below the
// answers.
func footer(t string) bool {
	low := strings.ToLower(strings.TrimSpace(t))
	switch strings.TrimRight(low, ",.! ") {
	case "thanks", "thank you", "regards", "kind regards", "best regards", "many thanks", "cheers", "merci", "cordialement", "bien cordialement", "danke", "viele grüße", "mit freundlichen grüßen", "freundliche grüße", "report abuse", "google forms", "end of form", "view response", "view results", "--":
		return true
	}
	for _, p := range []string{"create your own google form", "this form was created", "this content is neither created", "never submit passwords", "this email is generated", "this message was sent", "this is an automated", "do not reply to this", "please do not reply", "ne pas répondre", "bitte antworten sie nicht", "bitte nicht antworten", "diese e-mail wurde automatisch", "ce message a été envoyé", "sent by ", "powered by", "microsoft corporation", "you can edit this submission", "view all submissions", "now create your own", "does this form look suspicious"} {
		if strings.HasPrefix(low, p) {
			return true
		}
	}
	return false
}
