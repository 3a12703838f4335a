package form

import (
	"strings"

	"helpdeskd/ingest/htmltext"
	"helpdeskd/ingest/reply"
)

// maxLines bounds the lines that are looked at for questions; what stands
// below them belongs to the last answer.
const maxLines = 5000

// own cuts away what is quoted or forwarded: marked by the mail program, below
// the header that programs put above it, or below a line of their making.
func own(lines []htmltext.Line) []htmltext.Line {
	for i := range lines {
		l := &lines[i]
		if l.CutHere || l.Quoted || l.Depth > 0 {
			return lines[:i]
		}
		t := strings.TrimSpace(l.Text())
		if strings.HasPrefix(t, ">") && l.Block == "pre" || reply.Divider(t) || quotedHead(lines[i:min(len(lines), i+8)]) {
			return lines[:i]
		}
	}
	return lines
}

// quotedHead reports whether a quoted mail's header begins here: From, and
// near it the date, the subject and whom it went to.
func quotedHead(lines []htmltext.Line) bool {
	seen := map[string]bool{}
	for i := range lines {
		what := reply.HeaderField(lines[i].Text())
		if i == 0 && what != "from" {
			return false
		}
		if what != "" {
			seen[what] = true
		}
	}
	return len(seen) == 4
}

// closing recognises where a mail says goodbye.
func closing(t string) bool {
	switch strings.TrimRight(strings.ToLower(t), ",.! ") {
	case "thanks", "thank you", "regards", "kind regards", "best regards", "many thanks", "cheers", "merci", "merci d'avance", "cordialement", "bien cordialement", "salutations",
		"danke", "vielen dank", "viele grüße", "mit freundlichen grüßen", "mit freundlichen grüssen", "freundliche grüße", "freundliche grüsse", "beste grüße", "--", "-- ", "__", "—":
		return true
	}
	return false
}

var footers = []string{"create your own google form", "this form was created", "this content is neither created", "never submit passwords", "this email is generated", "this email was generated",
	"this message was sent", "this mail was sent", "this is an automated", "this is an automatic", "do not reply to this", "please do not reply", "ne pas répondre", "merci de ne pas répondre", "bitte antworten sie nicht",
	"bitte nicht antworten", "diese e-mail wurde", "diese nachricht wurde", "dies ist eine automatische", "ce message a été", "cet e-mail a été", "ceci est un message automatique", "sent by ", "powered by", "microsoft corporation",
	"you can edit this submission", "view all submissions", "view submission", "edit submission", "now create your own", "does this form look suspicious", "manage your settings", "want to stop receiving", "you received this email because", "vous recevez cet e-mail", "sie erhalten diese e-mail",
	"view response", "view results", "view in forms", "open in forms", "open the response", "réponse complète :", "this request was sent", "automatically generated", "report abuse", "end of form", "unsubscribe"}

// footer recognises what form services and flow authors write below the
// answers.
func footer(t string) bool {
	low := strings.ToLower(strings.TrimSpace(t))
	if closing(low) || low == "google forms" {
		return true
	}
	for _, p := range footers {
		if strings.HasPrefix(low, p) {
			return true
		}
	}
	return false
}

// cutTail takes the foot of a mail away: signatures, goodbyes and what
// services write. A goodbye on the line right below an answer belongs to it.
func cutTail(lines []htmltext.Line) []htmltext.Line {
	for i := range lines {
		if raw := lines[i].Text(); i > 0 && (raw == "-- " || strings.TrimSpace(raw) == "--") {
			lines = lines[:i]
			break
		}
	}
	end := len(lines)
	for i := len(lines) - 1; i > 0 && i >= len(lines)-12; i-- {
		l, above := &lines[i], &lines[i-1]
		apart := l.Gap || l.Rule || l.Para != above.Para && l.Block != "pre"
		if t := strings.TrimSpace(l.Text()); apart && footer(t) && (l.Table == 0 || l.Col == 1 && l.Table != above.Table) {
			end = i
		}
	}
	return lines[:end]
}
