package tracker

import (
	"strings"
	"unicode"
)

// answersIn assigns what a mail says to the items of a question, a list as
// Question.List. One item: the whole new text. Several: numbered lines, or
// what stands below the quoted, numbered questions. What can not be assigned
// is not in it.
func answersIn(list, text, reply string) map[FactItem]string {
	items := strings.Split(list, ",")
	out := map[FactItem]string{}
	put := func(n int, value string) {
		if n < 1 || n > len(items) || !FactItem(items[n-1]).Asked() {
			return
		}
		if value = answerText(value); value != "" && out[FactItem(items[n-1])] == "" {
			out[FactItem(items[n-1])] = value
		}
	}
	numbered := numberedAnswers(reply)
	if len(numbered) == 0 {
		numbered = answersBelow(text, reply)
	}
	asked, only := 0, 0
	for i, item := range items {
		if FactItem(item).Asked() {
			asked, only = asked+1, i+1
		}
	}
	if asked == 1 && len(numbered) == 0 && !isThanks(reply) {
		put(only, unquoted(reply))
		return out
	}
	for n, value := range numbered {
		put(n, value)
	}
	return out
}

// wholeAnswers returns the item that the whole of a mail's new text answers,
// because it alone was asked for and no number stands in it; "" for none.
func wholeAnswers(list, text, reply string) FactItem {
	var only FactItem
	for item := range strings.SplitSeq(list, ",") {
		if x := FactItem(item); x.Asked() {
			if only != "" {
				return ""
			}
			only = x
		}
	}
	if only == "" || len(numberedAnswers(reply)) > 0 || len(answersBelow(text, reply)) > 0 {
		return ""
	}
	return only
}

// saysNothingOf reports whether new words are no answer to the question for an
// item: thanks, "it works again", or a yes or no to what nobody can say yes to.
func saysNothingOf(item FactItem, reply string) bool {
	if item == FactRepeat && isBareYesNo(reply) {
		return false
	}
	return isThanks(reply) || isConfirmation(reply) || isPlainYes(reply) || isBareYesNo(reply)
}

// isBareYesNo reports whether new words say yes or no, with thanks or a
// greeting, and nothing else.
func isBareYesNo(reply string) bool {
	folded := Fold(reply)
	if len(folded) > 80 {
		return false
	}
	said := false
	for _, w := range strings.FieldsFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' }) {
		switch w {
		case "yes", "yep", "yeah", "no", "nope", "ja", "jawohl", "nein", "oui", "non", "si", "sim":
			said = true
		case "thanks", "thank", "you", "hello", "hi", "danke", "hallo", "merci", "bonjour":
		default:
			return false
		}
	}
	return said
}

// maxAnswerText bounds what of a mail is looked through for answers, in bytes.
const maxAnswerText = 64 << 10

// answerText returns an answer as it is kept: tidied, and not longer than a
// line of the checklist may be.
func answerText(text string) string {
	return beginning(manyLines(strings.TrimSpace(clip(text, maxAnswerText))), maxFact-4)
}

// numberOf returns the number that begins a line, 1 to 9, and what stands
// behind it: "2. yes", "2) yes", "(2) yes", "2: yes", "2 - yes", "Nr. 2: yes".
// 0 where there is none, as in "2 of them" and "2.5".
func numberOf(line string) (n int, rest string) {
	line = strings.TrimLeft(line, " \t*•#\u00a0")
	for _, lead := range []string{"nr.", "no.", "question", "frage", "answer", "ad"} {
		if len(line) > len(lead) && strings.EqualFold(line[:len(lead)], lead) {
			line = strings.TrimLeft(line[len(lead):], " ")
			break
		}
	}
	line = strings.TrimPrefix(line, "(")
	if line == "" || line[0] < '1' || line[0] > '9' {
		return 0, ""
	}
	n, rest = int(line[0]-'0'), line[1:]
	trimmed := strings.TrimLeft(rest, " ")
	switch {
	case trimmed == "":
		return 0, ""
	case strings.ContainsRune(".):", rune(trimmed[0])):
		after := trimmed[1:]
		if trimmed[0] == '.' && after != "" && after[0] >= '0' && after[0] <= '9' { // 2.5, 1.10.
			return 0, ""
		}
		if trimmed[0] == ':' && after != "" && after[0] >= '0' && after[0] <= '9' && len(rest) == len(trimmed) { // 9:30
			return 0, ""
		}
		return n, strings.TrimSpace(after)
	case rest[0] == ' ' && (strings.HasPrefix(trimmed, "- ") || strings.HasPrefix(trimmed, "– ") || strings.HasPrefix(trimmed, "= ")):
		return n, strings.TrimSpace(strings.TrimLeft(trimmed, "-–= "))
	}
	return 0, ""
}

// numberedAnswers reads lines that begin with a number out of somebody's own
// words, each with the lines that follow it.
func numberedAnswers(reply string) map[int]string {
	out := map[int]string{}
	at := 0
	for line := range strings.SplitSeq(clip(reply, maxAnswerText), "\n") {
		if isQuoteLine(line) {
			at = 0
			continue
		}
		if n, rest := numberOf(line); n != 0 {
			if at = n; out[n] != "" { // said twice: which counts nobody knows
				at = 0
				continue
			}
			out[n] = rest
			continue
		}
		if strings.TrimSpace(line) == "" && out[at] != "" {
			at = 0 // a paragraph ends the answer: below may stand a name
			continue
		}
		if at != 0 {
			out[at] = strings.TrimSpace(out[at] + "\n" + line)
		}
	}
	for n, v := range out {
		if strings.TrimSpace(v) == "" {
			delete(out, n)
		}
	}
	return out
}

// answersBelow reads what somebody wrote below each of our numbered questions,
// which stand quoted between: "> 2. Since when?" and what follows.
func answersBelow(text, reply string) map[int]string {
	own := map[string]bool{} // what they did write, as far as that can be told
	for line := range strings.SplitSeq(clip(reply, maxAnswerText), "\n") {
		if line = strings.TrimSpace(line); line != "" && !isQuoteLine(line) {
			own[line] = true
		}
	}
	out := map[int]string{}
	at := 0
	for line := range strings.SplitSeq(clip(text, maxAnswerText), "\n") {
		if isQuoteLine(line) {
			quoted := strings.TrimLeft(line, "> \t\u00a0")
			if n, rest := numberOf(quoted); n != 0 && rest != "" {
				at = n
			} else if quoted != "" && (at == 0 || out[at] != "") {
				at = 0 // another part of our mail
			}
			continue
		}
		line = strings.TrimSpace(line)
		if at == 0 || !own[line] {
			continue
		}
		out[at] = strings.TrimSpace(out[at] + "\n" + line)
	}
	return out
}

func isQuoteLine(line string) bool { return strings.HasPrefix(strings.TrimLeft(line, " \t"), ">") }

// unquoted returns a text without its quoted lines.
func unquoted(text string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(clip(text, maxAnswerText), "\n") {
		if !isQuoteLine(line) {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// isPlainYes reports whether a mail's new words, given to "this is how I
// understood it, is that right?", say yes and nothing else: as in
// isConfirmation every word must be known.
func isPlainYes(reply string) bool {
	folded := Fold(reply)
	if len(folded) > 120 || strings.ContainsAny(folded, "?？") {
		return false
	}
	yes := false
	for _, w := range strings.FieldsFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' }) {
		switch {
		case w == "yes" || agrees(w) || w == "ja" || w == "oui" || w == "jawohl" || w == "yep" || w == "yeah" || w == "si" || w == "sim" || w == "confirmed" || w == "bestatigt":
			yes = true
		case !thanks[w] && !fills(w) && w != "you" && w != "understood" && w != "so" && w != "have":
			return false
		}
	}
	return yes
}

// agrees reports whether a word says that something is as it was said.
func agrees(w string) bool {
	switch w {
	case "right", "correct", "exactly", "precisely", "indeed", "true", "richtig", "stimmt", "genau", "korrekt", "exact", "exactement", "tout a fait", "correcto", "exacto", "esatto", "corretto", "certo", "klopt", "juist":
		return true
	}
	return false
}
