package form

import (
	"strings"

	"helpdeskd/ingest/htmltext"
	"helpdeskd/tracker"
)

// maxPairs bounds the answers read from one mail.
const maxPairs = 300

// extract reads the lines in each shape that form mails have, and takes the
// shape in which most of the questions are known; of equals the more certain
// one, which comes first.
func (r *reading) extract(lines []htmltext.Line) []pair {
	if pairs, dump := r.dump(lines); pairs != nil {
		if r.form.Source = FlowJSON; !r.mail.Flow {
			r.form.Source = sourceOf(r.mail)
		}
		r.setLanguage(pairs)
		if r.enough(pairs, dump, 100) {
			return pairs
		}
		return nil
	}
	foot := lines
	if lines = cutTail(lines); len(lines) == 0 {
		return nil
	}
	for tail := r.try(); len(lines) > 1 && tail.metaLine(strings.TrimSpace(lines[len(lines)-1].Text())); {
		lines = lines[:len(lines)-1]
	}
	var best *reading
	var pairs []pair
	points := 0
	for _, shape := range []struct {
		read  func(*reading, []htmltext.Line) []pair
		bonus int // of shapes that are hardly ever seen by chance
	}{
		{(*reading).sheet, 3}, {(*reading).table, 2}, {(*reading).lettered, 2}, {(*reading).styled, 2}, {(*reading).stacked, 0}, {(*reading).labelled, 0},
	} {
		t := r.try()
		found := t.tidy(shape.read(t, lines), lines)
		known := t.known(found)
		if len(found) == 0 || known == 0 && !r.mail.Known {
			continue
		}
		if p := 10*(known+shape.bonus) + min(len(found), 9); best == nil || p > points {
			best, pairs, points = t, found, p
		}
	}
	if best == nil {
		return nil
	}
	r.form, r.people = best.form, best.people
	for i := range foot {
		t := strings.TrimSpace(foot[i].Text())
		r.sentence(t)
		if i >= len(lines) || i < 3 {
			r.metaLine(t)
		}
	}
	r.setLanguage(pairs)
	if !r.enough(pairs, false, covered(pairs, lines)) {
		return nil
	}
	return pairs
}

// setLanguage learns from all labels together in which language they are.
func (r *reading) setLanguage(pairs []pair) {
	var all []string
	for _, p := range pairs {
		all = append(all, p.q)
	}
	if r.language = tongue(all); r.language != "" {
		clear(r.meanings)
	}
}

// known counts the questions that are certainly some.
func (r *reading) known(pairs []pair) int {
	n := 0
	for _, p := range pairs {
		if r.asks(p.q) {
			n++
		}
	}
	if f := r.form; f.Responder != "" {
		n++
	}
	return n
}

// covered is how much of the text questions and answers make up, in percent.
func covered(pairs []pair, lines []htmltext.Line) int {
	have, all := 0, 1
	for _, p := range pairs {
		have += len(p.q) + len(p.a)
	}
	for i := range lines {
		all += len(strings.TrimSpace(lines[i].Text()))
	}
	return 100 * have / all
}

// enough decides whether what was found makes a form. A flow sends other
// things too: lists of files, reports, alerts. Two different things that forms
// ask for are wanted; addresses and numbers alone are a signature. Of a sender
// that staff named, any questions that fill the mail are enough.
func (r *reading) enough(pairs []pair, dump bool, share int) bool {
	kinds := map[tracker.Meaning]bool{}
	asked, answered, chosen := 0, 0, 0
	for _, p := range pairs {
		m := r.meaning(p.q)
		switch m {
		case "":
		case tracker.MeansPhone, tracker.MeansLocation, tracker.MeansEmail:
			kinds["contact"] = true
		default:
			kinds[m] = true
		}
		if strings.HasSuffix(p.q, "?") || strings.Contains(p.q, "?.") { // "How was it?.Speed" is a row of a Likert question
			asked++
		}
		if strings.HasPrefix(p.a, `["`) || strings.HasPrefix(p.a, `[{"name":`) {
			chosen = 1 // a choice or an upload, as only Forms writes it
		}
		if p.a != "" {
			answered++
		}
	}
	f := r.form
	strong := len(kinds) + min(asked, 1) + chosen
	if f.Responder != "" || f.SubmittedAt != "" && len(pairs) > 0 || f.ResponseID != "" {
		strong++
	}
	switch {
	case len(pairs) == 0 || answered == 0 && len(pairs) < 3:
		return false
	case dump, r.form.Source == Sheet:
		return true
	case len(pairs) == 1:
		return strong >= 2 && len(kinds) > 0 && !kinds["contact"]
	case strong >= 2 && (r.form.Source != Plain || share >= 30):
		return true
	case r.form.Source == Plain:
		return share >= 60 && !(len(kinds) == 1 && kinds["contact"] && len(pairs) < 4)
	case r.form.Source != Flow && r.form.Source != FlowPlain && r.form.Source != FlowMail:
		return strong >= 1 && share >= 50
	}
	return false
}

// tidy cleans labels, takes meta rows out and drops a title that looks like a
// question without an answer.
func (r *reading) tidy(pairs []pair, lines []htmltext.Line) []pair {
	pairs = r.dropTitles(pairs, lines)
	var out []pair
	for i := range pairs {
		p := pair{q: cleanLabel(pairs[i].q), a: strings.TrimSpace(pairs[i].answer()), files: pairs[i].files}
		if p.q == "" || r.meta(p.q, p.a) {
			continue
		}
		out = append(out, p)
		if len(out) >= maxPairs {
			break
		}
	}
	return out
}

// titleWords stand in the titles of forms and of the mails about them.
var titleWords = set("form", "forms", "request", "response", "submission", "ticket", "helpdesk", "new", "report", "formular", "formulaire", "antwort", "anfrage", "neue", "neuer", "reponse", "nouvelle", "demande", "details", "section", "abschnitt", "support", "it")

// dropTitles takes the titles above the first question away: without an
// answer of their own, or in another manner than the questions.
func (r *reading) dropTitles(pairs []pair, lines []htmltext.Line) []pair {
	marked := 0 // questions that look like some
	for _, p := range pairs {
		if looksAsked(p.q) {
			marked++
		}
	}
	for range maxTitles {
		if len(pairs) <= 2 {
			return pairs
		}
		q, bare := cleanLabel(pairs[0].q), !looksAsked(pairs[0].q)
		empty := pairs[0].answer() == ""
		if q == "" || r.asks(q) && !(empty && bare && len(strings.Fields(q)) > 1 && r.meaning(q) != "" && r.isTitle(q, lines)) {
			return pairs
		}
		if !bare {
			marked--
		}
		if !(empty && r.isTitle(q, lines)) && !(bare && marked*2 > len(pairs)-1 && (empty || r.isTitle(q, lines))) {
			return pairs
		}
		if n := norm(q); r.form.Title == "" && !strings.HasPrefix(n, "section") && !strings.HasPrefix(n, "abschnitt") {
			r.form.Title = q
		}
		// Taken for the title's answer was the first question.
		if first, rest, _ := strings.Cut(pairs[0].answer(), "\n"); r.asks(cleanLabel(first)) {
			pairs[0] = pair{q: first, a: strings.TrimSpace(rest), files: pairs[0].files}
			return pairs
		}
		pairs = pairs[1:]
	}
	return pairs
}

// maxTitles is how many titles a form can have above its first question: each
// is looked for in the whole mail.
const maxTitles = 8

// looksAsked says whether a label is marked as a question.
func looksAsked(q string) bool { return strings.ContainsAny(q, ":?*") }

func (r *reading) isTitle(q string, lines []htmltext.Line) bool {
	for _, w := range strings.Fields(norm(q)) {
		if titleWords[w] {
			return true
		}
	}
	low := strings.ToLower(q)
	if strings.Contains(strings.ToLower(r.mail.Subject), low) {
		return true
	}
	n := 0
	for i := range lines[:min(len(lines), 500)] {
		if strings.Contains(strings.ToLower(lines[i].Text()), low) {
			n++
		}
	}
	return n > 1
}
