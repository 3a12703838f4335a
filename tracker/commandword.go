package tracker

import "strings"

// commandSays are the commands whose rest is a sentence: one that a mail
// program broke goes on in the next line.
var commandSays = map[string]bool{"fix": true, "done": true, "drop": true, "repair": true, "subject": true, "summary": true, "workaround": true}

// commandWords are the commands, each with the words that stand for it.
var commandWords = []struct {
	Name  string
	Words string
}{
	{"note", "note notes internal"},
	{"reply", "reply send"},
	{"take", "take mine"},
	{"assign", "assign assignee"},
	{"priority", "priority prio"},
	{"stage", "stage status"},
	{"fix", "fix solution"},
	{"done", "done close closed complete completed resolve resolved fixed solved"},
	{"confirm", "confirm confirming"},
	{"drop", "drop dropped reject"},
	{"reopen", "reopen"},
	{"waiting", "waiting wait pending"},
	{"workaround", "workaround"},
	{"summary", "summary"},
	{"repair", "repair"},
	{"asset", "asset device"},
	{"category", "category"},
	{"cc", "cc participant participants"},
	{"subject", "subject title"},
	{"watch", "watch follow"},
	{"unwatch", "unwatch unfollow"},
	{"help", "help commands"},
}

// commandNames are the commands by the words that stand for them.
var commandNames = func() map[string]string {
	names := map[string]string{}
	for _, c := range commandWords {
		for _, w := range strings.Fields(c.Words) {
			names[w] = c.Name
		}
	}
	return names
}()

// commandRefused are words of what no mail may do: it needs an administrator,
// the vault, or both eyes on the page.
var commandRefused = func() map[string]bool {
	words := map[string]bool{}
	for _, w := range strings.Fields(`admin administrator addtech addadmin addaccount adduser account user users role grant revoke enable disable invite password passwd reset
		set setting settings config configure vault secret secrets reveal credential credentials key token
		delete remove erase forget purge export import backup restore merge shutdown sql exec run eval`) {
		words[w] = true
	}
	return words
}()

// nearestCommand returns the command word nearest to what was written, and how
// many letters lie between; "" where none is near. Of words equally near the
// earlier of the list is taken.
func nearestCommand(word string) (near string, far int) {
	far = 3
	if len(word) < 3 {
		return "", far
	}
	for _, c := range commandWords {
		for _, w := range strings.Fields(c.Words) {
			if n := Apart(word, w); n < far && n*2 < len(w)+1 && n < len(word) {
				near, far = c.Name, n
			}
		}
	}
	return near, far
}

// Apart is the Damerau-Levenshtein distance of two short ASCII words: letters
// left out, added, changed, or two side by side exchanged.
func Apart(a, b string) int {
	if len(a)-len(b) > 2 || len(b)-len(a) > 2 {
		return 3
	}
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// CommandNames returns the commands, as one writes them behind a #.
func CommandNames() []string {
	names := make([]string, len(commandWords))
	for i, c := range commandWords {
		names[i] = c.Name
	}
	return names
}

// CommandsDone returns every key that CommandLine.Done can have.
func CommandsDone() []string {
	return []string{"note", "help", "take", "assign", "unassigned", "priority", "stage", "fix", "workaround", "summary", "done", "confirm", "drop", "waiting_client", "waiting_vendor", "waiting_over",
		"category", "uncategorised", "subject", "cc", "asset", "repair", "repair_alone", "watch", "unwatch"}
}
