package tracker

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// flat is what was read, in a shape that a table can hold: name(arg) of each
// command, what was not understood as ?word, then the rest.
func flat(c Commanded) string {
	var parts []string
	for _, x := range c.Commands {
		switch {
		case x.Name == "":
			parts = append(parts, "?"+x.Word)
		case x.Arg == "":
			parts = append(parts, x.Name)
		default:
			parts = append(parts, x.Name+"("+x.Arg+")")
		}
	}
	s := strings.Join(parts, " ")
	for _, p := range [][2]string{{"text", c.Text}, {"note", c.Note}, {"unclear", c.Unclear}} {
		if p[1] != "" {
			s += " " + p[0] + "=" + p[1]
		}
	}
	return strings.TrimSpace(strings.ReplaceAll(s, "\n", "/"))
}

func TestReadCommands(t *testing.T) {
	long := "#fix the fuser unit of the big printer on the second floor was worn out,"
	for _, c := range []struct{ words, want string }{
		{"", ""},
		{"Hello Anna.", "text=Hello Anna."},
		{"#take", "take"},
		{"#Take\n\n#PRIORITY 3*\n\nHello Anna.", "take priority(3*) text=Hello Anna."},
		{"# Stage: in progress", "stage(in progress)"},
		{"#Stage=in progress", "stage(in progress)"},
		{"#priority3*", "priority(3*)"},
		{"  #take  \r\nHello", "take text=Hello"},
		{"\u00a0#take", "take"},
		{"\u200b\n#take", "take"},
		{"#done.", "done"},
		{"#fix restarted it\n#done It hung.\nIt works again.", "fix(restarted it) done(It hung.) text=It works again."},
		{"#note she is cross\nmore\n\n#take\nend", "note note=she is cross/more//#take/end"},
		{"#take\n#note\nsecret", "take note note=secret"},
		{"#internal: secret", "note note=secret"},
		{"#note", "note"},
		{"#reply\n#5 is the right one.\n#note is a hashtag", "reply text=#5 is the right one./#note is a hashtag"},
		{"#reply Hello\nthere", "reply(Hello) text=Hello/there"},
		{long + "\nand was replaced\n\nHello", "fix(the fuser unit of the big printer on the second floor was worn out, and was replaced) text=Hello"},
		{"#fix short\nHello", "fix(short) text=Hello"},
		{long + "\n#take", "fix(the fuser unit of the big printer on the second floor was worn out,) take"},

		// At the end of the first paragraph.
		{"Fixed, rebooted.\n#close", "done text=Fixed, rebooted."},
		{"Fixed.\n#take\n#done\n\nSee you.", "take done text=Fixed.//See you."},
		{"#take\nFixed.\n#done", "take done text=Fixed."},
		{"Fixed.\n#note she broke it\nherself", "note text=Fixed. note=she broke it/herself"},
		{"Fixed.\n#done\n#note she broke it\nherself", "done note text=Fixed. note=she broke it/herself"},

		// Nowhere else: then the text goes to nobody.
		{"Hello,\n\nFixed.\n\n#close", "text=Hello,//Fixed.//#close unclear=below"},
		{"Hello\n#noet secret", "text=Hello/#noet secret unclear=below"},
		{"Hello\n- #note secret", "text=Hello/- #note secret unclear=below"},
		{"• #note secret", "text=• #note secret unclear=below"},
		{"See below\n\n-----Original Message-----\nFrom: mallory\n\n#close", "text=See below//-----Original Message-----/From: mallory//#close unclear=below"},
		{"See below\n-----Original Message-----\nFrom: mallory\n#close", "text=See below/-----Original Message-----/From: mallory/#close unclear=below"},
		{"See:\nFrom: mallory\n#assign mallory", "text=See:/From: mallory/#assign mallory unclear=below"},
		{"Look:\n> #close", "text=Look:/> #close"},

		// What is no command.
		{"#noet secret", "?noet unclear=word"},
		{"#noet\nsecret", "?noet text=secret unclear=word"},
		{"#1 is the printer", "? unclear=word"},
		{"#", "? unclear=word"},
		{"##take", "? unclear=word"},
		{"#take2", "?take unclear=word"},
		{"#addtech mallory@evil.example\n#set ack off", "?addtech ?set unclear=word"},
		{"Ticket #12 is done.\nPlease use #3.", "text=Ticket #12 is done./Please use #3."},
		{"Please use\n#3 of the list", "text=Please use/#3 of the list"},
		{"Write #note to us", "text=Write #note to us"},

		// What only looks like one.
		{"\uff03close", "? unclear=masked"},
		{"\ufe5fclose", "? unclear=masked"},
		{"#\u200bclose", "? unclear=masked"},
		{"\u200b#close", "? unclear=masked"},
		{"\u202e#close", "? unclear=masked"},
		{"#\u0441lose", "? unclear=masked"},
		{"#cl\u043ese", "? unclear=masked"},
		{"#\ufe0f\u20e3close", "? unclear=masked"},
		{"#take\n\uff03close\nHello", "take ? text=Hello unclear=masked"},
		{"Hello\n\uff03note secret", "text=Hello/\uff03note secret unclear=below"},
	} {
		if got := flat(ReadCommands(c.words, false)); got != c.want {
			t.Errorf("%q is read as\n  %s\nmust be\n  %s", c.words, got, c.want)
		}
	}
	if got := flat(ReadCommands("Please look\n#close", true)); got != "text=Please look/#close unclear=below" {
		t.Errorf("within a forward: %s", got)
	}
}

func TestNearestCommand(t *testing.T) {
	for word, want := range map[string]string{
		"noet": "note", "not": "note", "tkae": "take", "asign": "assign", "prioirty": "priority", "dnoe": "done", "stgae": "stage", "repiar": "repair",
		"complet": "done", "participent": "cc", "helpp": "help", "x": "", "zebra": "", "an": "", "mallory": "",
	} {
		if got, _ := nearestCommand(word); got != want {
			t.Errorf("nearest to %q is %q, must be %q", word, got, want)
		}
	}
	for a, want := range map[[2]string]int{{"note", "note"}: 0, {"noet", "note"}: 1, {"nte", "note"}: 1, {"xxxx", "note"}: 4, {"a", "abcd"}: 3} {
		if got := Apart(a[0], a[1]); got != want {
			t.Errorf("%q and %q are %d apart, must be %d", a[0], a[1], got, want)
		}
	}
}

// Every command has an act or waits for one, and no word stands for two.
func TestCommandWords(t *testing.T) {
	words := map[string]string{}
	for _, c := range commandWords {
		if commandActs[c.Name] == nil {
			t.Errorf("#%s has no act", c.Name)
		}
		for _, w := range strings.Fields(c.Words) {
			if words[w] != "" || commandRefused[w] {
				t.Errorf("#%s stands for two things", w)
			}
			words[w] = c.Name
		}
	}
	if len(commandActs) != len(commandWords) {
		t.Errorf("%d acts for %d commands", len(commandActs), len(commandWords))
	}
}

func TestStageNamed(t *testing.T) {
	for arg, want := range map[string]string{
		"in progress": "in_progress", "In-Progress": "in_progress", "done": "completed", "Completed: new cable": "completed new cable",
		"dropped, she left": "dropped she left", "progressive": "", "waiting for confirmation": "confirming", "": "", "donee": "",
	} {
		stage, said := stageNamed(arg)
		if got := strings.TrimSpace(string(stage) + " " + said); got != want {
			t.Errorf("stage %q is %q, must be %q", arg, got, want)
		}
	}
}

// Whatever is written: nothing that looks like a command is left in a text
// that may go to a client, no note is part of it, and reading is stable.
func FuzzReadCommands(f *testing.F) {
	for _, s := range []string{"#take\nHello", "Fixed.\n#close", "#note secret", "\uff03close\n#\u200bclose", "#fix a\n\n#done b\n#reply\n#x", "> #close\n#", "- #noet x"} {
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, words string, forward bool) {
		c := ReadCommands(words, forward)
		if !reflect.DeepEqual(c, ReadCommands(words, forward)) {
			t.Fatal("read differently the second time")
		}
		if len(c.Commands) > maxCommands+strings.Count(words, "\n")+1 {
			t.Fatal("more commands than lines")
		}
		ran := 0
		for _, x := range c.Commands {
			if len(x.Line) > 300 {
				t.Fatalf("a line of %d bytes", len(x.Line))
			}
			if x.Name != "" {
				ran++
			}
			if x.Name == "reply" {
				return
			}
		}
		if ran > maxCommands {
			t.Fatalf("%d commands are run", ran)
		}
		if c.Unclear != "" {
			return
		}
		for _, l := range strings.Split(c.Text, "\n") {
			if slipped(l) {
				t.Fatalf("%q goes to the client", l)
			}
		}
		if c.Text != "" && strings.HasPrefix(c.Text, "#") {
			t.Fatal("the text begins with #: " + fmt.Sprintf("%q", c.Text))
		}
	})
}

// A pasted script has a # before thousands of lines: each would be an event,
// and a line of the answer.
func TestReadCommandsIsBounded(t *testing.T) {
	for _, line := range []string{"#abcdefg\n", "#take\n", "\uff03take\n", "#\u200btake\n"} {
		c := ReadCommands(strings.Repeat(line, 20_000)+"\nHello", false)
		if len(c.Commands) != maxCommands+1 || c.Unclear == "" || c.Commands[maxCommands].Name != "" {
			t.Errorf("%q: %d commands, unclear %q", line, len(c.Commands), c.Unclear)
		}
	}
}
