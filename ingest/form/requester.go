package form

import (
	"strings"

	"helpdeskd/tracker"
)

// requester resolves who filled the form in: the responder, an answer that
// asks for the address, or Reply-To; never the sender of the flow.
func (r *reading) requester() {
	f := r.form
	var email, first, last, only string
	addresses := 0
	for _, a := range f.Answers {
		switch a.Meaning {
		case tracker.MeansName:
			r.nameFrom(a, &first, &last)
		case tracker.MeansEmail:
			if at := addressIn(a.Answer); at != "" && email == "" && !r.isOwn(at) {
				email = at
				if f.Requester.Name == "" {
					f.Requester.Name = nameBeside(a.Answer)
				}
			} else if at == "" && f.Requester.Name == "" && isRequesterLabel(a.Question) && !strings.ContainsAny(a.Answer, "@\n") {
				f.Requester.Name = named(a.Answer)
			}
		}
		if at := addressIn(a.Answer); at != "" && (a.Meaning != "" || isRequesterLabel(a.Question)) {
			addresses++
			only = at
		}
	}
	if first != "" || last != "" {
		f.Requester.Name = strings.TrimSpace(first + " " + last)
	}
	if at := addressIn(f.Responder); at != "" && !r.isOwn(at) {
		email = at
		if f.Requester.Name == "" {
			f.Requester.Name = nameBeside(f.Responder)
		}
	} else if f.Requester.Name == "" && f.Responder != "" && !strings.Contains(f.Responder, "@") {
		f.Requester.Name = named(f.Responder)
	}
	if email == "" {
		email = r.replyTo()
	}
	if email == "" && addresses == 1 && !r.isOwn(only) && !r.isSender(only) {
		email = only
	}
	if r.people > 1 {
		email, f.Requester.Name = "", ""
	}
	f.Requester.Address = email
}

// replyTo is the address that answers should go to, where it is nobody of
// those who only carry the form.
func (r *reading) replyTo() string {
	for _, x := range r.mail.ReplyTo {
		at := addressIn(x.Address)
		local, _, _ := strings.Cut(at, "@")
		local = strings.NewReplacer("-", "", "_", "", ".", "").Replace(local)
		if at == "" || r.isOwn(at) || r.isSender(at) || strings.HasPrefix(local, "noreply") || strings.HasPrefix(local, "donotreply") {
			continue
		}
		if r.form.Requester.Name == "" && !strings.Contains(x.Name, "@") {
			r.form.Requester.Name = x.Name
		}
		return at
	}
	return ""
}

// nameFrom takes a name out of an answer: the whole name, or one half of it
// where the form asks for the halves.
func (r *reading) nameFrom(a tracker.Answer, first, last *string) {
	text := named(a.Answer)
	if text == "" || strings.Contains(text, "@") {
		return
	}
	switch norm(a.Question) {
	case "first name", "given name", "forename", "prenom", "vorname", "your first name", "votre prenom", "ihr vorname":
		if *first == "" {
			*first = text
		}
	case "last name", "surname", "family name", "nom de famille", "nachname", "familienname", "your last name", "ihr nachname":
		if *last == "" {
			*last = text
		}
	case "nom":
		if *first != "" || r.form.Requester.Name == "" && r.asksFirst() {
			*last = text
		} else if r.form.Requester.Name == "" {
			r.form.Requester.Name = text
		}
	default:
		if r.form.Requester.Name == "" {
			r.form.Requester.Name = text
		}
	}
}

// asksFirst reports whether the form asks for a first name of its own.
func (r *reading) asksFirst() bool {
	for _, a := range r.form.Answers {
		if n := norm(a.Question); n == "prenom" || n == "votre prenom" {
			return true
		}
	}
	return false
}

func (r *reading) isOwn(a string) bool {
	for _, o := range r.mail.Own {
		if strings.EqualFold(o, a) {
			return true
		}
	}
	return false
}

func (r *reading) isSender(a string) bool {
	for _, x := range r.mail.From {
		if strings.EqualFold(x.Address, a) {
			return true
		}
	}
	return false
}

func isAddress(s string) bool {
	s = strings.TrimSpace(s)
	at := strings.LastIndexByte(s, '@')
	return at > 0 && at < len(s)-3 && len(s) < 255 && strings.IndexByte(s[at:], '.') > 0 && !strings.ContainsAny(s, " \t\n<>,;\"()[]:")
}

// addressIn returns the one address that an answer is or holds, as in
// "a@b.example", "Anna <a@b.example>", "a@b.example<mailto:a@b.example>" and
// "Anna (a@b.example)"; "" where there is none, or two.
func addressIn(s string) string {
	if len(s) > 1000 || !strings.Contains(s, "@") {
		return ""
	}
	found := ""
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \t\n<>,;\"()[]", r) }) {
		if len(w) > 7 && strings.EqualFold(w[:7], "mailto:") {
			w = w[7:]
		}
		w = strings.ToLower(strings.Trim(w, ".:'"))
		if !isAddress(w) || w == found {
			continue
		}
		if found != "" {
			return ""
		}
		found = w
	}
	return found
}

// nameBeside is the name that stands before an address.
func nameBeside(s string) string {
	i := strings.IndexAny(s, "<([")
	if i <= 0 || strings.Contains(s[:i], "@") {
		return ""
	}
	return oneLine(strings.Trim(s[:i], " \t\"',-"), 120)
}

func isRequesterLabel(q string) bool {
	n := norm(q)
	for _, w := range []string{"requester", "requestor", "responder", "submitted", "reported", "mail", "contact", "user", "employee", "demandeur", "utilisateur", "antragsteller", "benutzer", "melder", "from", "sender", "absender", "expediteur"} {
		if strings.Contains(n, w) {
			return true
		}
	}
	return false
}
