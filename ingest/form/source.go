package form

import (
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
	Sheet     = "excel_row"
	Google    = "google_forms"
	Jotform   = "jotform"
	Assembly  = "formassembly"
	Service   = "form_service"
	Plain     = "plain"
)

// services are the domains that form services send answers from.
var services = map[string]string{
	"jotform.com": Jotform, "formassembly.com": Assembly, "tfaforms.com": Assembly, "tfaforms.net": Assembly,
	"powerapps.com": FlowMail, "typeform.com": Service, "cognitoforms.com": Service, "wufoo.com": Service, "formstack.com": Service,
	"123formbuilder.com": Service, "paperform.co": Service, "tally.so": Service, "formsite.com": Service, "fillout.com": Service,
}

// sourceOf says by its origin which kind of form mail this is, "" for none.
func sourceOf(m Mail) string {
	from := ""
	if len(m.From) > 0 {
		from = strings.ToLower(m.From[0].Address)
	}
	local, domain, _ := strings.Cut(from, "@")
	switch {
	case nativeLink(m) != "" && isNative(m, domain):
		return Native
	case m.Flow:
		return Flow
	case from == "flow-noreply@microsoft.com":
		return FlowMail
	case domain == "google.com" && strings.HasPrefix(local, "forms-receipts"):
		return Google
	}
	for d := domain; d != ""; _, d, _ = strings.Cut(d, ".") {
		if s := services[d]; s != "" {
			return s
		}
	}
	if m.Known {
		return Plain
	}
	return ""
}

// mayBe reports whether a mail has a word that origin looks for.
func mayBe(m Mail) bool {
	has := func(t string) bool {
		for _, w := range []string{"ompletion time", "eure de fin", "ertigstellungszeit", "Q. "} {
			if strings.Contains(t, w) {
				return true
			}
		}
		return false
	}
	if m.Doc == nil {
		return has(m.Text)
	}
	for i := range m.Doc.Lines {
		for _, s := range m.Doc.Lines[i].Spans {
			if has(s.Text) {
				return true
			}
		}
	}
	return false
}

// origin recognises by their content the two kinds of form mails that come
// from anybody: a pasted row of the workbook that Microsoft Forms keeps, whose
// first columns nobody would write by hand, and FormAssembly's Q./R. lines.
func origin(lines []htmltext.Line) string {
	if sheetHead(lines) {
		return Sheet
	}
	questions, answers := 0, 0
	for i := range lines[:min(len(lines), 500)] {
		t := strings.TrimSpace(lines[i].Text())
		switch {
		case strings.HasPrefix(t, "Q. "):
			questions++
		case strings.HasPrefix(t, "R. "), t == "R.":
			answers++
		}
	}
	if questions >= 3 && answers*2 >= questions && answers <= questions {
		return Assembly
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
		scheme, rest, _ := strings.Cut(low, "://")
		host, _, _ := strings.Cut(rest, "/")
		if scheme != "https" {
			return ""
		}
		switch {
		case host == "forms.office.com", host == "forms.cloud.microsoft", host == "forms.microsoft.com", host == "forms.office365.us", host == "forms.osi.office365.us", strings.HasSuffix(host, ".forms.office.com"):
			return u
		}
		return ""
	}
	if m.IsReply {
		return ""
	}
	if m.Doc != nil {
		for i := range m.Doc.Lines {
			for _, s := range m.Doc.Lines[i].Spans {
				if s.Href == "" {
					continue
				}
				if u := check(s.Href); u != "" {
					if len(own(m.Doc.Lines)) <= i {
						return "" // in what is quoted
					}
					return u
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

// isNative says whether a mail with the link of a native notification is one:
// Microsoft sent it, or it says whose answer to which form it is. People who
// ask what such a link is write it down, too.
func isNative(m Mail, domain string) bool {
	for _, d := range []string{"microsoft.com", "office.com", "office365.com", "sharepointonline.com", "cloud.microsoft"} {
		if domain == d || strings.HasSuffix(domain, "."+d) {
			return true
		}
	}
	doc := m.Doc
	if doc == nil {
		doc = htmltext.FromText(m.Text)
	}
	var f tracker.Form
	readNative(&f, m, doc)
	return f.Title != ""
}

// The words of native notifications, as far as they are known; the rest of
// their languages are read by what is bold.
var (
	nativeVerbs   = []string{" just submitted a response to ", " submitted a response to ", " has submitted a response to ", " has responded to ", " responded to ", " hat eine Antwort auf ", " hat auf ", " a répondu à ", " a envoyé une réponse à ", " a soumis une réponse à "}
	nativeTitles  = []string{"New response for ", "New response to ", "Nova resposta de ", "Neue Antwort für ", "Neue Antwort auf ", "Nouvelle réponse pour ", "Nouvelle réponse à "}
	nativeTrimmed = []string{" übermittelt", " gesendet", " abgegeben", " geantwortet", " eingereicht"}
)

// readNative takes what a native notification says: who, which form, and the
// link to the answers; the answers themselves are not in it.
func readNative(f *tracker.Form, m Mail, doc *htmltext.Doc) {
	f.Link = nativeLink(m)
	f.Subject = m.Subject
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
			f.Requester.Name, f.Title = named(bold[0]), bold[1]
			return
		}
	}
	for _, l := range doc.Lines {
		for _, verb := range nativeVerbs {
			if who, what, ok := strings.Cut(l.Text(), verb); ok {
				what = strings.TrimRight(strings.TrimSpace(what), ".!")
				for _, tail := range nativeTrimmed {
					what = strings.TrimSuffix(what, tail)
				}
				f.Requester.Name, f.Title = named(strings.TrimSpace(who)), strings.Trim(what, "\"“”„«» ")
				return
			}
		}
	}
	for _, p := range nativeTitles {
		if t, ok := strings.CutPrefix(m.Subject, p); ok {
			f.Title = strings.Trim(t, "\"“”„«» ")
		}
	}
}

// named is a responder's name, "" where it only says that there is none.
func named(s string) string {
	if isAnonymous(s) || strings.EqualFold(s, "someone") || strings.EqualFold(s, "jemand") || strings.EqualFold(s, "quelqu'un") {
		return ""
	}
	return oneLine(s, 120)
}

func isAnonymous(s string) bool {
	switch norm(s) {
	case "anonymous", "anonym", "anonyme", "anonymous user", "utilisateur anonyme", "anonymer benutzer", "n a", "none", "null", "unknown", "unbekannt", "inconnu":
		return true
	}
	return false
}
