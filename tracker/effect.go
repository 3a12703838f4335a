package tracker

import (
	"slices"
	"strings"
)

// effect is what an answer about the effect on the work suggests.
type effect struct {
	level int
	star  bool
	words []string // phrases without accents, as folded labels are
}

// still are the words of who can go on, whatever else they say: then nothing
// here suggests level 3.
var still = []string{"can still work", "still able to work", "can continue", "can work", "able to continue", "nobody is affected", "not everyone", "not everybody", "only me",
	"peux encore", "pouvons encore", "peux toujours", "peux continuer", "peux quand meme", "peux travailler", "pas tout le monde", "pas urgent",
	"kann noch", "kann weiter", "konnen noch", "kann trotzdem", "kann arbeiten", "nicht alle", "nicht dringend", "not urgent"}

// halted are the words of those among whom nobody can go on. They come before
// still, which they contain.
var halted = []string{"nobody can work", "no one can work", "noone can work", "none of us can work", "nobody is able to work", "no one is able to work", "nothing works", "nothing is working",
	"niemand kann arbeiten", "niemand kann mehr arbeiten", "niemand kann noch arbeiten", "keiner kann arbeiten", "keiner kann mehr arbeiten", "nichts geht", "es geht nichts", "geht gar nichts", "nichts funktioniert",
	"personne ne peut travailler", "personne ne peut plus travailler", "rien ne marche", "rien ne fonctionne", "rien ne va plus"}

// goOn are questions whether somebody can go on working, and no the answers
// that say they cannot, which mean the opposite elsewhere.
var (
	goOn = []string{"can you still work", "can you work", "are you able to work", "still able to work", "able to continue", "can you continue",
		"konnen sie noch arbeiten", "konnen sie weiter", "konnen sie trotzdem", "kannst du noch arbeiten", "kannst du weiter",
		"pouvez vous encore travailler", "pouvez vous continuer", "pouvez vous travailler", "peux tu encore travailler"}
	no = []string{"no", "nope", "not at all", "no not at all", "nein", "gar nicht", "nein gar nicht", "uberhaupt nicht", "nein uberhaupt nicht", "nicht mehr", "nein nicht mehr",
		"non", "pas du tout", "non pas du tout", "plus du tout", "non plus du tout"}
)

// effects are the phrases by which an answer suggests a priority, the
// strongest first: cannot work at all or the whole company, a major part of
// the work, a part of it, an inconvenience.
var effects = []effect{
	{3, true, []string{"work at all", "working at all", "do anything", "do any work", "do my job at all", "do our job at all", "do my work at all", "do our work at all", "no work possible", "unable to work", "not able to work", "completely blocked", "completely stopped", "work has stopped", "stopped completely", "complete standstill", "whole company", "entire company", "company wide", "everyone", "everybody", "all users", "all staff", "all employees", "all of us", "whole department", "entire department",
		"plus travailler", "pas travailler", "peux rien faire", "peux plus rien faire", "pouvons rien faire", "pouvons plus rien faire", "impossible de travailler", "aucun travail possible", "totalement bloque", "totalement bloquee", "completement bloque", "completement bloquee", "a l arret", "toute l entreprise", "tout le monde", "tous les utilisateurs", "tous les collaborateurs", "tous les employes", "tout le service",
		"nicht arbeiten", "nicht mehr arbeiten", "nichts tun", "nichts machen", "nichts mehr tun", "nichts mehr machen", "gar nicht arbeiten", "uberhaupt nicht arbeiten", "keine arbeit moglich", "arbeitsunfahig", "arbeit steht still", "stillstand", "alle betroffen", "alle sind betroffen", "alle mitarbeiter", "alle benutzer", "alle kollegen", "ganze firma", "gesamte firma", "ganzes unternehmen", "gesamtes unternehmen", "das ganze unternehmen", "ganze abteilung"}},
	{3, false, []string{"major", "most of my work", "most of our work", "most of the work", "large part", "big part", "main part", "severely", "severe", "significant", "significantly", "main task", "main tasks", "critical", "blocker",
		"majeur", "majeure", "grande partie", "plus grande partie", "l essentiel", "essentiel de mon travail", "fortement", "gravement", "critique", "tres impacte", "tache principale",
		"grossteil", "großteil", "hauptteil", "grosser teil", "großer teil", "erheblich", "stark eingeschrankt", "stark beeintrachtigt", "schwerwiegend", "massiv", "kritisch", "hauptaufgabe"}},
	{2, false, []string{"part", "partly", "partially", "partial", "some of my work", "some of our work", "some tasks", "some things", "slowed", "slower", "slow", "slows", "slows me down", "impeded", "impaired", "limited", "workaround", "moderate", "cannot work on", "cannot work with", "can t work on", "can t work with",
		"partie", "partiel", "partielle", "partiellement", "en partie", "certaines taches", "ralenti", "ralentie", "ralentit", "plus lent", "plus lentement", "limite", "limitee", "gene mon travail", "modere", "contournement",
		"teil", "teils", "teilweise", "zum teil", "einige aufgaben", "manche aufgaben", "eingeschrankt", "beeintrachtigt", "verlangsamt", "langsamer", "langsam", "behindert", "massig", "umweg"}},
	{1, false, []string{"inconvenience", "inconvenient", "annoying", "annoyance", "nuisance", "minor", "cosmetic", "no effect", "no impact", "not at all", "none", "nothing", "not urgent", "small", "little",
		"gene", "genant", "genante", "agacant", "mineur", "mineure", "aucun", "aucune", "aucun effet", "aucun impact", "pas d impact", "pas d effet", "pas urgent", "peu d impact", "desagrement", "leger", "legere",
		"lastig", "unannehmlichkeit", "argerlich", "gering", "geringe", "geringfugig", "keine", "kein", "keinerlei", "kaum", "nicht dringend", "kosmetisch", "unwesentlich", "klein", "kleine"}},
}

// grades are answers that are one word of a scale.
var grades = map[string]int{
	"high": 3, "urgent": 3, "very high": 3, "haut": 3, "haute": 3, "eleve": 3, "elevee": 3, "hoch": 3, "sehr hoch": 3, "dringend": 3, "tres eleve": 3, "tres urgent": 3, "sehr dringend": 3, "very urgent": 3,
	"medium": 2, "normal": 2, "moyen": 2, "moyenne": 2, "mittel": 2, "normale": 2,
	"low": 1, "very low": 1, "faible": 1, "bas": 1, "basse": 1, "niedrig": 1, "sehr niedrig": 1, "tres faible": 1,
}

// effectOfAnswer returns what an answer to a question suggests.
func effectOfAnswer(question, answer string) (level int, star, ok bool) {
	asked := " " + Fold(NormalLabel(clip(question, 2000))) + " "
	for _, p := range goOn {
		if strings.Contains(asked, " "+p+" ") && slices.Contains(no, Fold(NormalLabel(clip(answer, 2000)))) {
			return 3, true, true
		}
	}
	return effectOf(answer)
}

// effectOf returns what an answer suggests. A bare number does not: scales
// count in either direction.
func effectOf(answer string) (level int, star, ok bool) {
	n := Fold(NormalLabel(clip(answer, 2000)))
	if level, ok := grades[n]; ok {
		return level, false, true
	}
	padded := " " + n + " "
	has := func(phrases []string) bool {
		for _, p := range phrases {
			if strings.Contains(padded, " "+p+" ") {
				return true
			}
		}
		return false
	}
	if has(halted) {
		return 3, true, true
	}
	goesOn := has(still)
	for _, e := range effects {
		if goesOn && e.level == 3 {
			continue
		}
		if has(e.words) || e.star && stopped(n) {
			return e.level, e.star, true
		}
	}
	if goesOn {
		return 1, false, true
	}
	return 0, false, false
}

// stopped reports whether somebody says that they cannot work, and not only
// on or with one thing.
func stopped(n string) bool {
	n = " " + n + " "
	for _, job := range []string{" do my job ", " do my work ", " do our job ", " do our jobs ", " do our work "} {
		n = strings.ReplaceAll(n, job, " work ")
	}
	for _, p := range []string{"cannot work", "can not work", "can t work", "cant work", "unable to work", "couldn t work", "could not work"} {
		_, rest, ok := strings.Cut(n, " "+p+" ")
		if !ok {
			continue
		}
		next, _, _ := strings.Cut(rest, " ")
		switch next {
		case "on", "with", "in", "from", "as", "in_", "remotely", "properly", "efficiently", "fully", "normally", "offline", "there":
		default:
			return true
		}
	}
	return false
}
