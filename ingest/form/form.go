// Package form reads the questions and answers out of form mails: Power
// Automate flows in their many shapes, native Microsoft Forms notifications,
// pasted rows of a form's workbook, Google Forms, Jotform, FormAssembly and
// plain "question: answer" mails of configured senders. It is pure. Only a
// mail whose origin says that it is a form mail is read as one; colons and
// tables in people's mails never make a form. Every answer is kept, in order;
// a meaning is given to an answer only when its label is a known synonym.
package form

import (
	"strings"

	"helpdeskd/ingest/htmltext"
	"helpdeskd/tracker"
)

// Mail is what Read needs to know of a mail.
type Mail struct {
	From    []tracker.Address
	ReplyTo []tracker.Address
	Subject string
	IsReply bool // it answers another mail
	Flow    bool // its headers say that a Power Automate flow sent it
	Known   bool // its sender is configured as a form sender
	Doc     *htmltext.Doc
	Text    string // the text/plain part, "" when there is none
	Own     []string
	Labels  map[string]tracker.Meaning
}

// pair is a question and its answer as found.
type pair struct {
	q, a string
	more []string // further lines of the answer, joined once

	files []tracker.AnswerFile // that the answer links to by name
}

// add goes on with the answer on a new line.
func (p *pair) add(line string) { p.more = append(p.more, line) }

// answer is the whole answer.
func (p *pair) answer() string {
	if len(p.more) == 0 {
		return p.a
	}
	return p.a + "\n" + strings.Join(p.more, "\n")
}

// Read returns the form that a mail carries, nil when it carries none.
func Read(m Mail) *tracker.Form {
	f, _ := Look(m)
	return f
}

// Look is Read with the reason why the mail carries no form.
func Look(m Mail) (*tracker.Form, tracker.NoForm) {
	if m.IsReply {
		return nil, tracker.NoFormReply
	}
	source := sourceOf(m)
	if source == "" && !mayBe(m) { // nearly all mail: it costs them little
		return nil, tracker.NoFormSender
	}
	doc := m.Doc
	if doc == nil {
		doc = htmltext.FromText(m.Text)
	}
	lines := own(doc.Lines)
	if source == "" {
		if source = origin(lines); source == "" {
			return nil, tracker.NoFormSender
		}
	}
	if source == Flow && m.Doc == nil {
		source = FlowPlain
	}
	r := newReading(m, source)
	if source == Native {
		readNative(r.form, m, doc)
		return r.form, ""
	}
	if len(lines) == 0 && len(doc.Lines) > 0 {
		return nil, tracker.NoFormReply
	}
	pairs := r.extract(lines)
	if len(pairs) == 0 {
		return nil, tracker.NoFormPairs
	}
	order := r.dateOrder(pairs)
	for _, p := range pairs {
		r.form.Answers = append(r.form.Answers, r.answer(p, order))
	}
	r.requester()
	r.form.Subject = suggest(r.form, m.Subject)
	return r.form, ""
}

// reading is one mail being read.
type reading struct {
	mail     Mail
	form     *tracker.Form
	taught   map[string]tracker.Meaning // the mail's Labels, made comparable
	meanings map[string]tracker.Meaning // what labels were found to mean
	language string                     // of the questions: en, fr, de; "" unknown
	people   int                        // different responders in a sheet of several rows
}

func newReading(m Mail, source string) *reading {
	r := &reading{mail: m, form: &tracker.Form{Source: source, Answers: []tracker.Answer{}}, taught: map[string]tracker.Meaning{}, meanings: map[string]tracker.Meaning{}}
	for l, means := range m.Labels {
		r.taught[norm(cleanLabel(l))] = means
	}
	return r
}

// try is a reading of the same mail that begins anew, for a shape that may
// turn out not to be the mail's.
func (r *reading) try() *reading {
	return &reading{mail: r.mail, form: &tracker.Form{Source: r.form.Source, Answers: []tracker.Answer{}}, taught: r.taught, meanings: r.meanings, language: r.language}
}

// suggest is a subject for the ticket: the first sentence of the problem, or
// where labels are opaque the longest answer, or the mail's subject.
func suggest(f *tracker.Form, subject string) string {
	for _, a := range f.Answers {
		if a.Meaning == tracker.MeansProblem && strings.TrimSpace(a.Answer) != "" {
			return firstSentence(a.Answer)
		}
	}
	if f.Source == FlowJSON {
		longest := ""
		for _, a := range f.Answers {
			if a.Meaning == "" && a.Date == "" && !isAddress(a.Answer) && len(a.Answer) > len(longest) && len(a.Files) == 0 {
				longest = a.Answer
			}
		}
		if longest != "" {
			return firstSentence(longest)
		}
	}
	return subject
}

func firstSentence(s string) string {
	s = strings.TrimSpace(s)
	if first, rest, ok := strings.Cut(s, "\n"); ok {
		s = strings.TrimSpace(first)
		if strings.HasSuffix(s, ":") { // "It says:", and what it says below
			second, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
			s += " " + strings.TrimSpace(second)
		}
	}
	for i := 0; i+1 < len(s); i++ {
		if (s[i] == '.' || s[i] == '!' || s[i] == '?') && s[i+1] == ' ' && i > 10 {
			s = s[:i+1]
			break
		}
	}
	return oneLine(strings.TrimRight(strings.TrimSpace(s), "."), 120)
}

func oneLine(s string, max int) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= max {
		return s
	}
	cut := strings.LastIndexByte(s[:max], ' ')
	if cut < max/2 {
		cut = max
		for cut > 0 && s[cut]&0xc0 == 0x80 {
			cut--
		}
	}
	return s[:cut] + "…"
}
