// Package form reads the questions and answers out of form mails: Power
// Automate flows in their many shapes, native Microsoft Forms notifications,
// Google Forms, Jotform and plain "question: answer" mails of configured
// senders. It is pure. Only a mail whose origin says that it is a form mail is
// read as one; colons and tables in people's mails never make a form. Every
// answer is kept, in order; a meaning is given to an answer only when its
// label is a known synonym.
package form

import (
	"encoding/json"
	"strings"

	"helpdeskd/ingest/htmltext"
	"helpdeskd/tracker"
)

// The sources that a form mail can have.
const (
	Flow      = "power_automate"
	FlowMail  = "power_automate_mail_connector"
	FlowPlain = "power_automate_plain"
	FlowJSON  = "power_automate_json"
	Native    = "ms_forms_native"
	Google    = "google_forms"
	Jotform   = "jotform"
	Plain     = "plain"
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
	source := sourceOf(m)
	if source == "" || m.IsReply {
		return nil
	}
	doc := m.Doc
	if doc == nil {
		doc = htmltext.FromText(m.Text)
		if source == Flow {
			source = FlowPlain
		}
	}
	f := &tracker.Form{Source: source}
	if source == Native {
		readNative(f, m, doc)
		return f
	}
	r := reading{mail: m, form: f}
	pairs := r.json(doc)
	if pairs != nil {
		f.Source = FlowJSON
	} else {
		pairs = r.extract(doc)
	}
	if len(pairs) == 0 || len(pairs) == 1 && meaningOf(pairs[0].q, m.Labels) == "" {
		return nil
	}
	dayFirst := r.dayFirst(pairs)
	for _, p := range pairs {
		f.Answers = append(f.Answers, answer(p, m.Labels, dayFirst))
	}
	r.requester()
	f.Subject = suggest(f, m.Subject)
	return f
}

// reading is one mail being read.
type reading struct {
	mail Mail
	form *tracker.Form
}

func sourceOf(m Mail) string {
	from := ""
	if len(m.From) > 0 {
		from = m.From[0].Address
	}
	local, domain, _ := strings.Cut(from, "@")
	switch {
	case nativeLink(m) != "":
		return Native
	case m.Flow:
		return Flow
	case from == "microsoft@powerapps.com" || domain == "powerapps.com" || domain == "email.powerapps.com":
		return FlowMail
	case domain == "google.com" && strings.HasPrefix(local, "forms-receipts"):
		return Google
	case domain == "jotform.com" || strings.HasSuffix(domain, ".jotform.com"):
		return Jotform
	case m.Known:
		return Plain
	}
	return ""
}

// nativeLink finds the link of a native Forms notification: the marker is
// origin=EmailNotification on a Microsoft Forms host.
func nativeLink(m Mail) string {
	check := func(u string) string {
		u = Unwrap(u)
		low := strings.ToLower(u)
		if !strings.Contains(low, "origin=emailnotification") {
			return ""
		}
		_, rest, _ := strings.Cut(low, "://")
		host, _, _ := strings.Cut(rest, "/")
		if host == "forms.office.com" || host == "forms.cloud.microsoft" || host == "forms.microsoft.com" || strings.HasSuffix(host, ".forms.office.com") || host == "forms.office365.us" {
			return u
		}
		return ""
	}
	if m.IsReply {
		return ""
	}
	if m.Doc != nil {
		for _, l := range m.Doc.Lines {
			for _, s := range l.Spans {
				if s.Href != "" {
					if u := check(s.Href); u != "" {
						return u
					}
				}
			}
		}
		return ""
	}
	for rest := m.Text; ; {
		i := strings.Index(rest, "https://")
		if i < 0 {
			return ""
		}
		end := strings.IndexAny(rest[i:], " <>\"\n\t)")
		if end < 0 {
			end = len(rest) - i
		}
		if u := check(rest[i : i+end]); u != "" {
			return u
		}
		rest = rest[i+end:]
	}
}

// readNative takes what a native notification says: who, which form, and the
// link to the answers; the answers themselves are not in it.
func readNative(f *tracker.Form, m Mail, doc *htmltext.Doc) {
	f.Link = nativeLink(m)
	f.Subject = m.Subject
	f.Answers = []tracker.Answer{}
	for _, l := range doc.Lines {
		var bold []string
		plain := false
		for _, s := range l.Spans {
			if t := strings.TrimSpace(s.Text); t != "" && s.Bold {
				bold = append(bold, t)
			} else if t != "" {
				plain = true
			}
		}
		if len(bold) == 2 && plain {
			f.Requester.Name, f.Title = bold[0], bold[1]
			return
		}
	}
	for _, l := range doc.Lines {
		for _, verb := range []string{" just submitted a response to ", " submitted a response to ", " has submitted a response to "} {
			if who, what, ok := strings.Cut(l.Text(), verb); ok {
				f.Requester.Name, f.Title = strings.TrimSpace(who), strings.TrimRight(strings.TrimSpace(what), ".")
				return
			}
		}
	}
	for _, p := range []string{"New response for ", "Nova resposta de ", "Neue Antwort für ", "Nouvelle réponse pour "} {
		if t, ok := strings.CutPrefix(m.Subject, p); ok {
			f.Title = t
		}
	}
}

// json reads a dump of "Get response details": keys are opaque, values whole.
func (r *reading) json(doc *htmltext.Doc) []pair {
	text := strings.TrimSpace(doc.Text())
	if !strings.HasPrefix(text, "{") || !strings.Contains(text, "\"") || len(text) > 1<<20 {
		return nil
	}
	dec := json.NewDecoder(strings.NewReader(text))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	var pairs []pair
	for dec.More() && len(pairs) < maxPairs {
		k, err := dec.Token()
		if err != nil {
			return nil
		}
		key, _ := k.(string)
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			return nil
		}
		value := string(v)
		var s string
		if json.Unmarshal(v, &s) == nil {
			value = s
		}
		if value == "null" {
			value = ""
		}
		if key = strings.TrimSpace(key); key == "" {
			return nil
		}
		if !r.meta(key, value) {
			pairs = append(pairs, pair{q: key, a: value})
		}
	}
	return pairs
}

// requester resolves who filled the form in: the responder, an answer that
// asks for the address, or Reply-To; never the sender of the flow.
func (r *reading) requester() {
	f := r.form
	own := func(a string) bool {
		for _, o := range r.mail.Own {
			if strings.EqualFold(o, a) {
				return true
			}
		}
		for _, x := range r.mail.From {
			if x.Address == a {
				return true
			}
		}
		return false
	}
	email := ""
	if isAddress(f.Responder) {
		email = strings.ToLower(f.Responder)
	}
	var only []string
	for _, a := range f.Answers {
		if a.Meaning == tracker.MeansName && f.Requester.Name == "" && !strings.Contains(a.Answer, "@") {
			f.Requester.Name = oneLine(a.Answer, 120)
		}
		if isAddress(a.Answer) {
			if a.Meaning == tracker.MeansEmail && email == "" {
				email = strings.ToLower(a.Answer)
			}
			only = append(only, strings.ToLower(a.Answer))
		}
	}
	if email == "" {
		for _, x := range r.mail.ReplyTo {
			if isAddress(x.Address) && !own(x.Address) {
				email = x.Address
				if f.Requester.Name == "" {
					f.Requester.Name = x.Name
				}
				break
			}
		}
	}
	if email == "" && len(only) == 1 && !own(only[0]) {
		for _, a := range f.Answers {
			if strings.EqualFold(a.Answer, only[0]) && isRequesterLabel(a.Question) {
				email = only[0]
			}
		}
	}
	f.Requester.Address = email
}

func isAddress(s string) bool {
	s = strings.TrimSpace(s)
	at := strings.LastIndexByte(s, '@')
	return at > 0 && at < len(s)-3 && len(s) < 255 && strings.IndexByte(s[at:], '.') > 0 && !strings.ContainsAny(s, " \t\n<>,;\"()")
}

// suggest is a subject for the ticket: the first sentence of the problem, or
// where labels are opaque the longest answer, or the mail's subject.
func suggest(f *tracker.Form, subject string) string {
	for _, a := range f.Answers {
		if a.Meaning == tracker.MeansProblem && a.Answer != "" {
			return firstSentence(a.Answer)
		}
	}
	if f.Source == FlowJSON {
		longest := ""
		for _, a := range f.Answers {
			if a.Date == "" && !isAddress(a.Answer) && len(a.Answer) > len(longest) && len(a.Files) == 0 {
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
	if i := strings.IndexByte(s, '\n'); i > 0 {
		s = s[:i]
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
