package tracker

import (
	"strings"
	"sync"
	"unicode/utf8"
)

// reading is what the words of a request say, for its suggested priority, for
// those that are alike and for its checklist. Each is read once, when first
// asked for.
type reading struct {
	title, subject, text string
	form                 *Form

	about    func() gist      // see gistOf
	stops    func() string    // see stopsWork
	facts    func() []plainly // see readFacts
	behalf   func() behalf    // see behalfIn
	things   func() []string  // see things
	computer func() bool      // it speaks of the writer's computer
}

// readingOf reads a request: title is its ticket's, subject the mail's own, and
// text the author's words.
func readingOf(title, subject, text string, form *Form) *reading {
	r := &reading{title: title, subject: subject, text: text, form: form}
	unsigned := sync.OnceValue(func() string { return unsigned(clip(WithoutLinks(text), maxStopsText)) })
	folded := sync.OnceValue(func() string { return Fold(clip(text, maxRuleText)) })
	r.about = sync.OnceValue(func() gist {
		if form != nil {
			return gistOf(title, asked{form: form}.words())
		}
		if first := asFirstWords(text); first != text || len(text) > maxStopsText {
			return gistOf(title, first)
		}
		return gistUnsigned(title, unsigned())
	})
	r.stops = sync.OnceValue(func() string { return stopsWorkUnsigned(unsigned()) })
	r.facts = sync.OnceValue(func() []plainly { return readFacts(subject, text) })
	r.behalf = sync.OnceValue(func() behalf { return behalfIn(clip(text, maxRuleText), folded()) })
	r.things = sync.OnceValue(func() []string { return things(subject + "\n" + clip(text, maxRuleText)) })
	r.computer = sync.OnceValue(func() bool {
		return (factPhrases.in(folded())|factPhrases.in(Fold(clip(subject, maxRuleText))))&tellsComputer != 0
	})
	return r
}

// ReadWords reads out of a mail's words what opening a ticket would ask of
// them, ahead of the transaction that everybody waits for. What answers a mail
// opens none mostly, and is read when it does.
func (in *Inbound) ReadWords() {
	if in.Form == nil && (in.Class != ClassHuman || len(in.InReplyTo)+len(in.References)+len(in.SubjectTags) > 0) {
		return
	}
	r := readingOf(subjectOf(in), in.Subject, in.Reply, in.Form)
	r.about()
	if in.Form == nil {
		r.stops()
		r.facts()
		r.behalf()
		r.things()
		r.computer()
	}
	in.words = r
}

// reading returns what was read of a mail's words, as long as it still has them.
func (in *Inbound) reading() *reading {
	title := subjectOf(in)
	if r := in.words; r == nil || r.title != title || r.subject != in.Subject || r.text != in.Reply || r.form != in.Form {
		in.words = readingOf(title, in.Subject, in.Reply, in.Form)
	}
	return in.words
}

// asFirstWords returns a text as firstWords will read it back.
func asFirstWords(text string) string {
	text = WithoutLinks(text)
	if len(text) <= maxFirstWords || utf8.RuneCountInString(text) <= maxFirstWords {
		return text
	}
	runes := 0
	return text[:strings.IndexFunc(text, func(rune) bool { runes++; return runes > maxFirstWords })]
}
