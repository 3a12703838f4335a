package form

import (
	"strings"

	"helpdeskd/ingest/htmltext"
	"helpdeskd/tracker"
)

// lettered reads "Q: … A: …" blocks, also "Q. … R. …", numbered or in words.
func (r *reading) lettered(lines []htmltext.Line) []pair {
	var pairs []pair
	inAnswer, answered := false, 0
	for i := range lines {
		l := &lines[i]
		t := strings.TrimSpace(l.Text())
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
			p.a, p.files, inAnswer = a, links(l), true
			answered++
			continue
		}
		switch {
		case inAnswer && lines[i].Gap && r.metaLine(t):
			inAnswer = false
		case inAnswer:
			p.add(lineOf(l))
			p.files = append(p.files, links(l)...)
		case p.a == "" && len(p.q) < 1000:
			p.q += " " + t
		}
	}
	if len(pairs) < 2 || answered == 0 {
		return nil
	}
	return pairs
}

// letter cuts a mark like "Q:", "Q1.", "Question 2 :" off.
func letter(t string, names ...string) (string, bool) {
	for _, n := range names {
		if len(t) <= len(n) || !strings.EqualFold(t[:len(n)], n) {
			continue
		}
		rest := strings.TrimLeft(t[len(n):], " \u00a0")
		rest = strings.TrimLeft(rest, "0123456789")
		rest = strings.TrimLeft(rest, " \u00a0")
		if rest == "" || rest[0] != ':' && rest[0] != '.' && rest[0] != ')' {
			continue
		}
		if len(n) == 1 && len(rest) > 1 && rest[1] != ' ' && rest[0] != ':' {
			continue // "A.B", "F.A.Q."
		}
		return strings.TrimSpace(rest[1:]), true
	}
	return "", false
}

// logWords are what the lines of an error that somebody pasted begin with.
var logWords = set("error", "error code", "error message", "fehler", "fehlercode", "fehlermeldung", "erreur", "code", "code erreur", "path", "pfad", "chemin", "file", "datei", "fichier", "time", "zeit", "heure", "result", "ergebnis", "resultat", "exception", "warning", "warnung", "status", "message", "meldung", "note", "ps", "nb", "hinweis", "anmerkung", "remarque", "at", "line", "caused by", "source", "url", "expected", "actual", "then", "now", "update", "edit", "fyi", "re", "aw", "http", "https", "version", "reason", "grund", "cause", "details", "event id", "log")

// labelled reads "question: answer" lines; a line without a label goes on
// with the answer above.
func (r *reading) labelled(lines []htmltext.Line) []pair {
	lines = lines[:min(len(lines), maxLines)]
	type split struct {
		q, a string
		ok   bool
		asks bool
	}
	all := make([]split, len(lines))
	// Where every known question is set apart, only lines that are can be one.
	apart, count, gaps, indent := true, 0, false, -1
	for i := range lines {
		s := &all[i]
		if s.q, s.a, s.ok = r.split(strings.TrimSpace(lines[i].Text())); !s.ok {
			continue
		}
		if s.asks = r.asks(cleanLabel(s.q)); !s.asks {
			continue
		}
		if indent < 0 {
			indent = indented(lines[i].Text())
		}
		if count++; count > 1 {
			apart = apart && distance(&lines[i-1], &lines[i]) > 0
			gaps = gaps || lines[i].Gap
		}
	}
	apart = apart && count > 2
	var pairs []pair
	open := false
	for i := range lines {
		l, s := &lines[i], all[i]
		raw := l.Text()
		t := strings.TrimSpace(raw)
		ok := s.ok
		if ok && open {
			n := norm(cleanLabel(s.q))
			last := r.meaning(cleanLabel(pairs[len(pairs)-1].q))
			told := last == tracker.MeansProblem || last == tracker.MeansRepeat || last == ""
			switch {
			case l.Block == "pre" && indented(raw) > indent+1:
				ok = false // deeper than the questions: a part of the answer
			case told && (n == "error" || n == "fehler" || n == "erreur" || n == "message") && !l.Gap && len(pairs) > 1:
				ok = false
			case s.asks:
			case isNumbered(t) && !l.Gap, len(strings.Fields(n)) > 12:
				ok = false
			case told && logWords[n]:
				ok = l.Gap && gaps
			case last == tracker.MeansProblem && l.Gap && !gaps && count > 2:
				// Nothing else here is set apart: a paragraph of the answer,
				// unless more questions stand right below.
				ok = i+1 < len(lines) && all[i+1].asks && !lines[i+1].Gap
			}
		}
		if ok && open && apart && distance(&lines[i-1], l) == 0 {
			ok = false
		}
		if ok {
			pairs = append(pairs, pair{q: s.q, a: s.a, files: links(l)})
			open = true
			continue
		}
		if !open {
			r.sentence(t)
			continue
		}
		p := &pairs[len(pairs)-1]
		if l.Gap && l.Block == "pre" && p.a != "" && !strings.HasSuffix(p.a, ":") && !r.more(lines, i) || l.Gap && l.Block != "pre" && p.a != "" && !r.more(lines, i) {
			open = false
			continue
		}
		if l.Gap && (p.a != "" || p.more != nil) {
			p.add("")
		}
		p.add(lineOf(l))
		p.files = append(p.files, links(l)...)
	}
	return pairs
}

// more reports whether another question follows within reach: what stands
// before it then belongs to the answer above.
func (r *reading) more(lines []htmltext.Line, i int) bool {
	for j := i + 1; j < len(lines) && j < i+40; j++ {
		if q, _, ok := r.split(strings.TrimSpace(lines[j].Text())); ok && r.asks(cleanLabel(q)) {
			return true
		}
	}
	return false
}

// indented counts the blanks before a line.
func indented(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }

// isNumbered reports whether a line is a step in somebody's list.
func isNumbered(t string) bool {
	i := 0
	for i < len(t) && t[i] >= '0' && t[i] <= '9' {
		i++
	}
	return i > 0 && i < len(t) && (t[i] == '.' || t[i] == ')') || isList(t)
}

// split is splitLabel; a question of two sentences keeps both where the whole
// up to the colon is taught.
func (r *reading) split(t string) (q, a string, ok bool) {
	if len(t) > 1<<15 {
		return "", "", false
	}
	if i := strings.Index(t, ": "); i > 0 && i < maxLabel && r.taught[norm(cleanLabel(t[:i]))] != "" {
		return t[:i], strings.TrimSpace(t[i+1:]), true
	}
	if q, a, ok = splitLabel(t); ok {
		if strings.HasSuffix(q, "?") { // "What happened? = It broke"
			a = strings.TrimLeft(strings.TrimPrefix(strings.TrimPrefix(a, "= "), "- "), " ")
		}
		return q, a, true
	}
	// Other marks divide only behind a label that is known.
	for _, mark := range []string{" = ", " - ", " – ", " — ", " | ", " -> "} {
		if i := strings.Index(t[:min(len(t), maxLabel)], mark); i > 0 && r.asks(cleanLabel(t[:i])) {
			return t[:i], strings.TrimSpace(t[i+len(mark):]), true
		}
	}
	return "", "", false
}

// splitLabel splits at the first colon or question mark that ends a label.
func splitLabel(t string) (q, a string, ok bool) {
	t = strings.TrimLeft(t, "*•·▪- \t\u00a0")
	for i := 0; i < len(t) && i < 250; i++ {
		switch t[i] {
		case ':':
			if i == 0 || i+1 < len(t) && t[i+1] != ' ' && t[i+1] != '\t' && !strings.HasPrefix(t[i+1:], "\u00a0") && !strings.HasPrefix(t[i+1:], "[\"") || strings.HasSuffix(t[:i], "http") || strings.HasSuffix(t[:i], "https") {
				continue
			}
			return t[:i], strings.TrimSpace(strings.TrimLeft(t[i+1:], "* ")), true
		case '?':
			if i+1 < len(t) && (t[i+1] == ' ' || t[i+1] == '*' || t[i+1] == ':') {
				rest := strings.TrimSpace(strings.TrimLeft(t[i+1:], "* "))
				if strings.HasPrefix(rest, ":") {
					return t[:i+1], strings.TrimSpace(rest[1:]), true
				}
				// A second sentence that asks goes with the first, up to its colon.
				if j := strings.Index(rest, ": "); j > 0 && j < 120 && goesOn(rest[:j]) {
					return t[:i+1] + " " + rest[:j], strings.TrimSpace(rest[j+1:]), true
				}
				return t[:i+1], rest, true
			}
			if i+1 == len(t) {
				return t, "", true
			}
		}
	}
	return "", "", false
}

// goesOn reports whether a sentence behind a question is a part of it, as in
// "Can you repeat it? If so, how".
func goesOn(t string) bool {
	if strings.HasSuffix(strings.TrimSpace(t), "?") {
		return true
	}
	if strings.ContainsAny(t, ".!") {
		return false
	}
	switch first, _, _ := strings.Cut(norm(t), " "); first {
	case "if", "please", "wenn", "falls", "bitte", "si", "veuillez", "merci", "why", "how", "warum", "wie", "pourquoi", "comment", "eg", "e":
		return true
	}
	return strings.HasPrefix(t, "(") && strings.HasSuffix(strings.TrimSpace(t), ")")
}
