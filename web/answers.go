package web

import (
	"strings"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// answersView is a form's answers as the ticket shows them.
type answersView struct {
	Rows      []answerView
	Submitted string           // as the form wrote it
	At        migrations.Stamp // the same, where its zone leaves no doubt
	Link      string           // to the answers, where the mail has none
}

// answerView is one question with its answer.
type answerView struct {
	Question, Text string
	Begin          string // of a long answer: what shows before it is opened
	At             migrations.Stamp
	Files          []tracker.AnswerFile
}

// Longer answers are folded: a screenful of a log hides what comes below.
const (
	longAnswer = 900 // bytes
	longLines  = 12
)

func answersOf(f *tracker.Form) *answersView {
	v := &answersView{Submitted: f.SubmittedAt, At: certain(f.SubmittedAt), Link: httpOnly(f.Link)}
	for _, a := range f.Answers {
		row := answerView{Question: a.Question, Text: a.Answer, At: certain(a.Answer)}
		names := ""
		for _, file := range a.Files {
			names += file.Name
			file.Link = httpOnly(file.Link)
			row.Files = append(row.Files, file)
		}
		if len(row.Files) > 0 && bare(a.Answer) == bare(names) {
			row.Text = "" // the links say it
		}
		if len(row.Text) > longAnswer || strings.Count(row.Text, "\n") >= longLines {
			row.Begin = clipRunes(beginningLines(row.Text, 4), 400)
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// bare is a text without what stands between names.
func bare(s string) string {
	return strings.NewReplacer(" ", "", ";", "", ",", "", "\n", "", "\t", "").Replace(s)
}

func beginningLines(s string, n int) string {
	at := 0
	for range n {
		i := strings.IndexByte(s[at:], '\n')
		if i < 0 {
			return s
		}
		at += i + 1
	}
	return strings.TrimRight(s[:at], "\n")
}

// certain reads a time that names its zone; 0 for any other.
func certain(s string) migrations.Stamp {
	if len(s) < 20 || len(s) > 40 {
		return 0
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Year() < 1970 || t.Year() > 2200 {
		return 0
	}
	return migrations.At(t)
}

// httpOnly returns an address that a browser may open, "" for any other.
func httpOnly(u string) string {
	if strings.HasPrefix(u, "https://") || strings.HasPrefix(u, "http://") {
		return u
	}
	return ""
}
