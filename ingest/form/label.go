package form

import (
	"strings"

	"helpdeskd/tracker"
)

// cleanLabel takes away what designers and copiers leave on a label: bullets,
// numbering, colons, stars, and the "Required to answer." of Forms.
func cleanLabel(s string) string {
	s = strings.Join(strings.Fields(strings.ReplaceAll(s, "\u00a0", " ")), " ")
	for _, tail := range []string{"required to answer", "(required)", "single line text", "multi line text", "multiline text", "single choice", "multiple choice", "erforderlich", "obligatoire"} {
		if i := strings.Index(strings.ToLower(s), tail); i > 3 && len(strings.ToLower(s)) == len(s) {
			s = strings.TrimRight(s[:i], " .")
		}
	}
	s = strings.TrimLeft(s, "*•·-– \t")
	// "1. Question", "Q1: Question", "3) Question"
	i := 0
	if len(s) > 1 && (s[0] == 'Q' || s[0] == 'q') && s[1] >= '0' && s[1] <= '9' {
		i = 1
	}
	j := i
	for j < len(s) && s[j] >= '0' && s[j] <= '9' {
		j++
	}
	if j > i && j-i <= 3 && j < len(s) && (s[j] == '.' || s[j] == ')' || i == 1 && s[j] == ':') && j+1 < len(s) {
		s = strings.TrimLeft(s[j+1:], " ")
	}
	s = strings.TrimRight(s, " :*\u00a0：")
	return s
}

// norm makes labels comparable: lower case, letters and digits, single blanks.
func norm(s string) string { return tracker.NormalLabel(s) }

// phrases of labels by meaning, normalised; the first meaning that has a
// phrase in the label, on word borders, wins.
var phrases = []struct {
	means tracker.Meaning
	whole []string // the whole label
	part  []string // anywhere in it
}{
	{tracker.MeansEmail,
		[]string{"email", "e mail", "mail", "requester", "requestor", "courriel", "adresse", "mél", "absender", "responder"},
		[]string{"email address", "e mail address", "your email", "your e mail", "work email", "employee email", "contact email", "email id", "adresse e mail", "adresse email", "adresse mail", "adresse courriel", "adresse électronique", "votre courriel", "e mail adresse", "email adresse", "mailadresse", "ihre e mail", "deine e mail", "e mail professionnel", "company email", "user email", "email of"}},
	{tracker.MeansPhone,
		[]string{"phone", "telephone", "tel", "extension", "mobile", "téléphone", "poste", "telefon", "durchwahl", "handy", "numéro", "portable"},
		[]string{"phone number", "telephone number", "phone extension", "contact number", "mobile number", "your phone", "numéro de téléphone", "telefonnummer", "mobilnummer", "rückrufnummer", "call you back", "numéro de poste"}},
	{tracker.MeansDepartment,
		[]string{"department", "team", "division", "unit", "business unit", "service", "département", "équipe", "abteilung", "bereich", "direction", "kostenstelle", "dept"},
		[]string{"your department", "which team", "which department", "what department", "your team", "votre service", "quel service", "votre département", "votre équipe", "ihre abteilung", "welche abteilung", "welcher abteilung", "department team", "department name"}},
	{tracker.MeansAsset,
		[]string{"asset", "hostname", "computer", "device", "pc", "laptop", "asset tag", "serial number", "poste de travail", "ordinateur", "appareil", "gerät", "rechner", "computername", "machine", "inventory number", "geräte nr", "inventarnummer", "printer"},
		[]string{"asset tag", "asset number", "which computer", "which device", "which asset", "computer name", "device name", "host name", "pc name", "name of your computer", "name of the device", "quel ordinateur", "quel appareil", "nom de l ordinateur", "nom du poste", "numéro d inventaire", "welches gerät", "welcher rechner", "name des computers", "computername", "gerätename", "inventarnummer", "machine name", "equipment"}},
	{tracker.MeansStarted,
		[]string{"start date", "started", "since when", "date of issue", "date of incident", "depuis quand", "seit wann", "date de début", "beginn", "startdatum", "date du problème", "when"},
		[]string{"when did", "issue started", "issue start", "problem started", "problem start", "since when", "start happening", "started happening", "when was the", "first notice", "first occur", "first happen", "quand le", "quand la", "quand est ce", "a t il commencé", "a commencé", "depuis quand", "depuis quelle", "date de début", "seit wann", "wann hat", "wann ist", "wann trat", "wann begann", "zum ersten mal", "date and time of", "when it started", "when the"}},
	{tracker.MeansRepeat,
		[]string{"reproducible", "repeatable", "reproduzierbar", "reproductible", "steps"},
		[]string{"replicate", "reproduce", "repeat the", "be repeated", "happen again", "make it happen", "can it be repeated", "reproducible", "every time", "what are the steps", "steps to", "reproduire", "reproductible", "se reproduit", "les étapes", "reproduzier", "nachstellen", "wiederholen", "wiederholbar", "schritte"}},
	{tracker.MeansEffect,
		[]string{"impact", "effect", "urgency", "severity", "auswirkung", "auswirkungen", "dringlichkeit", "urgence", "conséquences"},
		[]string{"effect on", "impact on", "affect your work", "affects your work", "affecting your work", "can you not do", "unable to do", "can you still work", "can t you do", "cannot do", "how urgent", "business impact", "impact sur", "effet sur", "conséquence", "pouvez vous travailler", "ne pouvez vous", "auswirkung", "einfluss auf", "können sie noch arbeiten", "nicht mehr tun", "wie dringend", "work impact", "level of impact"}},
	{tracker.MeansLocation,
		[]string{"location", "office", "room", "site", "building", "floor", "where", "lieu", "bureau", "bâtiment", "étage", "salle", "standort", "raum", "gebäude", "büro", "etage", "wo", "emplacement", "ort"},
		[]string{"your location", "where are you", "which office", "which room", "which site", "which building", "room number", "office location", "site location", "où êtes vous", "où se trouve", "quel bureau", "quel site", "wo befindet", "wo sind sie", "welcher standort", "welchem standort", "welches büro", "work location", "where is the"}},
	{tracker.MeansProblem,
		[]string{"problem", "issue", "description", "details", "request", "message", "comments", "question", "problème", "demande", "description du problème", "beschreibung", "anliegen", "anfrage", "störung", "incident", "how can we help", "fehlerbeschreibung", "nachricht"},
		[]string{"what happened", "what happens", "what actually happen", "what is happening", "what s happening", "what went wrong", "what is wrong", "what s wrong", "what is the problem", "what s the problem", "what is the issue", "what is your issue", "what problem", "describe the", "describe your", "describe what", "problem description", "issue description", "description of", "tell us what", "how can we help", "what do you need", "que s est il", "qu est il arrivé", "que se passe", "quel est le problème", "quel problème", "décrivez", "description du", "description de", "que puis", "comment pouvons nous", "was ist passiert", "was passiert", "was ist das problem", "was funktioniert nicht", "welches problem", "beschreiben sie", "beschreibung des", "beschreibung ihres", "problembeschreibung", "wie können wir", "details of the", "nature of the", "summary of"}},
	{tracker.MeansName,
		[]string{"name", "full name", "nom", "prénom", "vorname", "nachname", "employee", "user", "vor und nachname", "first name", "last name", "mitarbeiter", "benutzer", "employé", "requester name", "requested by", "reported by"},
		[]string{"your name", "full name", "employee name", "user name of", "what is your name", "first and last name", "nom et prénom", "prénom et nom", "votre nom", "nom complet", "ihr name", "dein name", "vollständiger name", "vor und nachname", "name vorname", "nom prénom", "name of requester", "requester name", "contact name", "name of employee", "name of the person", "wie heißen"}},
}

// meaningOf says what a label asks for, "" when it is no known synonym. The
// labels of the settings come first.
func meaningOf(label string, extra map[string]tracker.Meaning) tracker.Meaning {
	n := norm(label)
	if n == "" || len(n) > 300 {
		return ""
	}
	for k, m := range extra {
		if norm(k) == n {
			return m
		}
	}
	padded := " " + n + " "
	bare := strings.TrimSuffix(strings.TrimSuffix(n, " optional"), " if any")
	for i := range phrases {
		for _, w := range phrases[i].whole {
			if bare == w {
				return phrases[i].means
			}
		}
	}
	for i := range phrases {
		for _, p := range phrases[i].part {
			if at := strings.Index(padded, " "+p); at >= 0 {
				return phrases[i].means
			}
		}
	}
	if len(strings.Fields(n)) <= 3 {
		for i := range phrases {
			for _, w := range phrases[i].whole {
				if len(w) > 3 && strings.Contains(padded, " "+w+" ") {
					return phrases[i].means
				}
			}
		}
	}
	return ""
}

func isRequesterLabel(q string) bool {
	n := norm(q)
	for _, w := range []string{"requester", "requestor", "responder", "submitted", "reported", "mail", "contact", "user", "employee", "demandeur", "utilisateur", "antragsteller", "benutzer", "melder"} {
		if strings.Contains(n, w) {
			return true
		}
	}
	return false
}

// The rows that a flow adds of its own accord.
var (
	metaResponder = []string{"responders email", "responder s email", "responders email address", "responder", "responder email", "respondent", "respondent email", "submitted by", "response from", "form submitter", "soumis par", "répondant", "adresse e mail du répondant", "e mail du répondant", "envoyé par", "répondu par", "eingereicht von", "beantwortet von", "e mail der antwortenden person", "antwortende person", "ausgefüllt von", "antwort von"}
	metaTime      = []string{"submission time", "submitted", "submitted at", "submitted on", "submit date", "submitdate", "submission date", "date submitted", "time submitted", "completion time", "response time", "timestamp", "heure d envoi", "heure de soumission", "date d envoi", "date de soumission", "envoyé le", "soumis le", "heure de fin", "übermittlungszeit", "übermittelt am", "eingereicht am", "absendezeit", "gesendet am", "zeitpunkt der übermittlung", "fertigstellungszeit", "zeitstempel", "horodateur", "abgesendet am"}
	metaID        = []string{"response id", "responseid", "response number", "response no", "submission id", "id de réponse", "id de la réponse", "numéro de réponse", "identifiant de réponse", "antwort id", "antwortnummer", "einreichungs id"}
	metaTitle     = []string{"form", "form name", "form title", "formulaire", "nom du formulaire", "formular", "formularname"}
	metaOther     = []string{"start time", "heure de début", "startzeit", "id", "form id", "formid", "ip address", "odata etag", "iteminternalid", "last modified time", "language", "uhrzeit des starts"}
)

func in(n string, list []string) bool {
	for _, w := range list {
		if n == w {
			return true
		}
	}
	return false
}

func isMeta(label string) bool {
	n := norm(label)
	return in(n, metaResponder) || in(n, metaTime) || in(n, metaID) || in(n, metaTitle) || in(n, metaOther)
}

// meta takes a row that is about the response, not an answer.
func (r *reading) meta(label, value string) bool {
	n := norm(label)
	value = strings.TrimSpace(value)
	f := r.form
	switch {
	case in(n, metaResponder):
		if f.Responder == "" && !strings.EqualFold(value, "anonymous") && !strings.EqualFold(value, "anonyme") && !strings.EqualFold(value, "anonym") {
			f.Responder = oneLine(value, 320)
		}
	case in(n, metaTime):
		if f.SubmittedAt == "" {
			f.SubmittedAt = oneLine(value, 80)
		}
	case in(n, metaID):
		f.ResponseID = oneLine(value, 80)
	case in(n, metaTitle):
		f.Title = oneLine(value, 200)
	case in(n, metaOther):
	default:
		return false
	}
	return true
}

// metaLine is meta for a "label: value" line.
func (r *reading) metaLine(t string) bool {
	q, a, ok := strings.Cut(t, ":")
	if !ok || len(q) > 60 || !isMeta(q) {
		return false
	}
	return r.meta(q, a)
}
