package mailer

import (
	"strings"
	"testing"

	"helpdeskd/tracker"
)

// answered is the mail that answers commands.
func answered(t *testing.T, c tracker.CommandAnswer) letter {
	t.Helper()
	it := sample(tracker.MailNotice)
	it.Kind, it.Notice, it.Commands = tracker.MailCommands, "", &c
	l, err := testRenderer(t).letter(it, testDesk, testToken)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestCommandAnswerGolden(t *testing.T) {
	it := sample(tracker.MailNotice)
	it.Kind, it.Notice, it.Stage, it.AssigneeName = tracker.MailCommands, "", "in_progress", "Maria Lopez"
	it.Commands = &tracker.CommandAnswer{Sent: []string{"Anna Kovač"}, Lines: []tracker.CommandLine{
		{Line: "#take", Done: "take"},
		{Line: "#assgn ben", Nearest: "assign"},
		{Line: "#stage in progress", Done: "stage", Args: []string{"in_progress"}},
		{Line: "#assign otto", Problem: "Several fit: Otto Berg (otto.berg@acme.example), Otto Wall (otto.wall@acme.example)."},
		{Line: "#repair hinge", Done: "repair", Args: []string{"WO-3", "A-0012 Nordfell Book 14"}},
	}}
	r := testRenderer(t)
	l, err := r.letter(it, testDesk, testToken)
	if err != nil {
		t.Fatal(err)
	}
	txt, htm, err := r.forms.write(l)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "commands.txt", txt)
	golden(t, "commands.html", htm)
	out, err := r.render(t.Context(), it, testDesk, testToken)
	if err != nil || out.Token != testToken {
		t.Errorf("the answer carries the token %q: %v", out.Token, err)
	}
}

// What went to the client, or why nothing did, is always said first.
func TestCommandAnswerSaysWhatWent(t *testing.T) {
	for _, c := range []struct {
		answer      tracker.CommandAnswer
		head, first string
	}{
		{tracker.CommandAnswer{Lines: []tracker.CommandLine{{Line: "#take", Done: "take"}}}, "Done on HD-12", "Nothing went to the client."},
		{tracker.CommandAnswer{Sent: []string{"Anna"}}, "Done on HD-12", "went to Anna"},
		{tracker.CommandAnswer{Asked: true, Lines: []tracker.CommandLine{{Line: "#confirm", Done: "confirm"}}}, "Done", "was asked"},
		{tracker.CommandAnswer{Unsent: true, Unclear: tracker.UnclearWord, At: "#noet secret"}, "not sent", "#noet secret"},
		{tracker.CommandAnswer{Unsent: true, Unclear: tracker.UnclearBelow, At: "#note x"}, "not sent", "among your words"},
		{tracker.CommandAnswer{Unsent: true, Unclear: tracker.UnclearMasked, At: "x"}, "not sent", "only looks like"},
		{tracker.CommandAnswer{Unsent: true, Why: "Nobody to answer."}, "not sent", "Nobody to answer."},
		{tracker.CommandAnswer{Lines: []tracker.CommandLine{{Line: "#zebra"}}}, "Nothing was done", "Nothing went"},
	} {
		l := answered(t, c.answer)
		if !strings.Contains(l.Heading, c.head) || !strings.Contains(l.Lead[0], c.first) {
			t.Errorf("%+v: %q, %q", c.answer, l.Heading, l.Lead)
		}
	}
	l := answered(t, tracker.CommandAnswer{Help: true, Lines: []tracker.CommandLine{{Line: "#help", Done: "help"}}})
	if all := strings.Join(l.More, "\n"); !strings.Contains(all, "#priority") || !strings.Contains(all, "#repair") {
		t.Errorf("the help is %q", l.More)
	}
}

// Every act of the tracker has its words, and the help names every command.
func TestEveryCommandHasWords(t *testing.T) {
	w := testRenderer(t).words
	for _, name := range tracker.CommandNames() {
		if !strings.Contains(w["did.help"], "#"+name) {
			t.Errorf("the help does not name #%s", name)
		}
	}
	for _, key := range tracker.CommandsDone() {
		if w["did."+key] == "" {
			t.Errorf("there are no words for %q", key)
		}
	}
}
