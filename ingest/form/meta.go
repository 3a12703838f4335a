package form

import "strings"

// The rows that a flow or a service adds of its own accord, without accents.
var (
	metaResponder = set("responders email", "responder s email", "responders email address", "responder s email address", "responders", "responder", "responder email", "responder email address", "respondent", "respondent email", "respondents email", "respondent s email", "submitted by", "response from", "response by", "form submitter", "submitter", "submitter email", "soumis par", "repondant", "adresse e mail du repondant", "adresse mail du repondant", "email du repondant", "e mail du repondant", "envoye par", "repondu par", "rempli par", "eingereicht von", "beantwortet von", "e mail der antwortenden person", "e mail adresse der antwortenden person", "antwortende person", "antwortender", "e mail des antwortenden", "e mail adresse des antwortenden", "ausgefullt von", "antwort von", "teilnehmer e mail", "ubermittelt von", "abgesendet von")
	metaTime      = set("submission time", "submission date time", "submission timestamp", "submitted", "submitted at", "submitted on", "submit date", "submit time", "submitdate", "submission date", "date submitted", "time submitted", "completion time", "response time", "response date", "timestamp", "received at", "heure d envoi", "heure de soumission", "date d envoi", "date de soumission", "date de reponse", "envoye le", "soumis le", "recu le", "heure de fin", "ubermittlungszeit", "ubermittlungszeitpunkt", "ubermittelt am", "eingereicht am", "eingegangen am", "absendezeit", "gesendet am", "zeitpunkt der ubermittlung", "fertigstellungszeit", "zeitstempel", "horodateur", "abgesendet am", "antwortzeit")
	metaID        = set("response id", "responseid", "response number", "response no", "submission id", "submission number", "response", "id de reponse", "id de la reponse", "numero de reponse", "identifiant de reponse", "antwort id", "antwort nr", "antwortnummer", "einreichungs id", "id der antwort")
	metaTitle     = set("form", "form name", "form title", "formulaire", "nom du formulaire", "titre du formulaire", "formular", "formularname", "formulartitel")
	metaOther     = set("start time", "heure de debut", "startzeit", "id", "form id", "formid", "ip address", "submission ip", "odata etag", "iteminternalid", "last modified time", "derniere modification", "heure de la derniere modification", "uhrzeit der letzten anderung", "zeitpunkt der letzten anderung", "letzte anderung", "uhrzeit des starts", "quiz feedback", "total points", "resourcedata", "statuscode", "etag")
)

func set(words ...string) map[string]bool {
	m := map[string]bool{}
	for _, w := range words {
		m[w] = true
	}
	return m
}

func isMeta(n string) bool {
	return metaResponder[n] || metaTime[n] || metaID[n] || metaTitle[n] || metaOther[n]
}

// meta takes a row that is about the response, not an answer.
func (r *reading) meta(label, value string) bool {
	n := norm(label)
	if r.taught[n] != "" {
		return false // what staff taught is a question of theirs
	}
	value = strings.TrimSpace(value)
	f := r.form
	switch {
	case metaResponder[n]:
		if f.Responder == "" && !isAnonymous(value) && value != "" {
			f.Responder = oneLine(value, 320)
		}
	case metaTime[n]:
		if f.SubmittedAt == "" {
			f.SubmittedAt = oneLine(value, 80)
		}
	case metaID[n]:
		if len(value) > 80 || strings.Contains(value, "\n") {
			return false
		}
		f.ResponseID = oneLine(value, 80)
	case metaTitle[n]:
		if f.Title == "" {
			f.Title = oneLine(value, 200)
		}
	case metaOther[n]:
	default:
		return false
	}
	return true
}

// metaLine is meta for a "label: value" line.
func (r *reading) metaLine(t string) bool {
	q, a, ok := strings.Cut(strings.TrimLeft(t, "*•·- \t"), ":")
	if !ok || len(q) > 60 {
		return false
	}
	q = strings.TrimRight(q, " *")
	if n := norm(q); !isMeta(n) || n == "response" {
		return false
	}
	return r.meta(q, strings.TrimLeft(a, "* "))
}

// verbs of the sentence above the answers that names the responder.
var verbs = []string{"submitted by ", "response from ", "response by ", "filled in by ", "filled out by ", "completed by ", "received from ", "eingereicht von ", "ausgefüllt von ", "beantwortet von ", "antwort von ", "gesendet von ", "soumis par ", "soumise par ", "rempli par ", "remplie par ", "envoyé par ", "envoyée par ", "réponse de "}

// sentence finds the responder's address in a sentence above the answers, as
// in "A new response was submitted by a@b.example".
func (r *reading) sentence(t string) {
	if r.form.Responder != "" || len(t) > 400 || !strings.Contains(t, "@") {
		return
	}
	low := strings.ToLower(t)
	if len(low) != len(t) {
		return
	}
	for _, v := range verbs {
		if i := strings.Index(low, v); i >= 0 {
			for _, w := range strings.Fields(t[i+len(v):]) {
				if a := addressIn(strings.Trim(w, ".,;:!()\"'")); a != "" {
					r.form.Responder = a
					return
				}
			}
		}
	}
}
