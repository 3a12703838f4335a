package tracker

import (
	"strings"
	"unicode"
)

// Command is one line of a technician's mail that acts, such as
// "#priority 3*".
type Command struct {
	Line string // as it was written, on one line, at most 300 bytes
	Name string // one of commandNames, "" where it was not understood
	Word string // what was written behind the #, in lower case
	Arg  string // the rest, without what divides it from the word
}

// Commanded is what a technician's new words consist of.
type Commanded struct {
	Commands []Command
	Text     string // for the client: what is no command
	Note     string // what stands behind #note: stays in the house

	// Unclear says why the text must not go to the client, and is "" where it
	// may: UnclearWord, UnclearBelow or UnclearMasked. Line is what led to it.
	Unclear string
	Line    string
}

// Why the words of a mail with commands go to nobody.
const (
	UnclearWord   = "word"   // a line above the text begins with # and is no command
	UnclearBelow  = "below"  // a command, or nearly one, stands among the text
	UnclearMasked = "masked" // something only looks like a command: none is run
)

// maxCommands bounds how many lines of one mail act.
const maxCommands = 40

// ReadCommands divides the author's new words into commands and text. It is
// pure. Commands are lines that begin with an ASCII # and a word, above all
// other text; behind #note everything is a note, behind #reply everything is
// for the client. The last lines of the first paragraph count, too, where they
// are exactly commands ("Fixed.\n#done"), unless the mail is a forward: others
// wrote in it. What looks like a command anywhere else has the text go to
// nobody, so that a slip never shows a client what is not theirs.
func ReadCommands(words string, forward bool) Commanded {
	lines := strings.Split(strings.ReplaceAll(words, "\r\n", "\n"), "\n")
	r := commandReader{lines: lines}
	if r.top() && !forward {
		r.tail()
	}
	r.c.Text = strings.Trim(strings.TrimRightFunc(strings.Join(r.lines[r.at:], "\n"), unicode.IsSpace), "\n")
	if r.literal {
		return r.c
	}
	for _, l := range r.lines[r.at:] {
		if slipped(l) {
			r.unclear(UnclearBelow, l)
			break
		}
	}
	return r.c
}

// carriesCommands reports whether a technician's words are not for the client
// as they stand.
func carriesCommands(words string) bool {
	c := ReadCommands(words, false)
	return len(c.Commands) > 0 || c.Unclear != ""
}

type commandReader struct {
	c       Commanded
	lines   []string
	at      int  // the first line that is no command
	literal bool // #reply: nothing below is a command
}

func (r *commandReader) unclear(why, line string) {
	if r.c.Unclear == "" || why == UnclearMasked {
		r.c.Unclear, r.c.Line = why, clip(oneLine(line), 300)
	}
}

// top reads the commands above the text. It reports whether more may stand
// below that.
func (r *commandReader) top() bool {
	for r.at < len(r.lines) {
		line := strings.TrimSpace(r.lines[r.at])
		switch {
		case blank(line):
			r.at++
			continue
		case masked(line):
			r.unclear(UnclearMasked, line)
			r.take(Command{Line: clip(oneLine(line), 300)})
			r.at++
			continue
		case line[0] != '#':
			return true
		}
		c := readCommand(line)
		r.at++
		if len(r.c.Commands) >= maxCommands {
			c.Name = ""
		}
		switch c.Name {
		case "":
			r.unclear(UnclearWord, line)
		case "note":
			r.note(c, r.lines[r.at:])
			r.at = len(r.lines)
			return false
		case "reply":
			r.literal = true
			r.c.Commands = append(r.c.Commands, c)
			if c.Arg != "" {
				r.at--
				r.lines[r.at] = c.Arg
			}
			return false
		}
		if commandSays[c.Name] && c.Arg != "" {
			c.Arg = r.wrapped(line, c.Arg)
		}
		r.take(c)
	}
	return false
}

// take notes a line that is answered. Of those beyond maxCommands it takes one,
// which says that it was not done: a pasted script has thousands.
func (r *commandReader) take(c Command) {
	if len(r.c.Commands) <= maxCommands {
		r.c.Commands = append(r.c.Commands, c)
	}
}

// wrapped adds the lines that a mail program has broken off a long one: those
// below it which would not have fitted on it.
func (r *commandReader) wrapped(line, arg string) string {
	const narrowest, widest = 62, 80 // columns at which programs break lines
	for r.at < len(r.lines) {
		next := strings.TrimSpace(r.lines[r.at])
		first, _, _ := strings.Cut(next, " ")
		n := len([]rune(line))
		if next == "" || next[0] == '#' || masked(next) || n > widest || n+1+len([]rune(first)) <= narrowest {
			return arg
		}
		arg, line = arg+" "+next, next
		r.at++
	}
	return arg
}

// note takes the rest of the mail as a note.
func (r *commandReader) note(c Command, rest []string) {
	body := strings.TrimSpace(c.Arg + "\n" + strings.Join(rest, "\n"))
	r.c.Note = manyLines(body)
	c.Arg = ""
	r.c.Commands = append(r.c.Commands, c)
}

// tail reads the commands that end the first paragraph.
func (r *commandReader) tail() {
	end := r.at
	for end < len(r.lines) && strings.TrimSpace(r.lines[end]) != "" {
		if foreign(r.lines[end]) {
			return
		}
		end++
	}
	from := end
	for from > r.at && commandOf(r.lines[from-1]).Name != "" {
		from--
	}
	for i := r.at; i < from; i++ { // "#note" takes all that follows, also what is no command
		if commandOf(r.lines[i]).Name != "note" {
			continue
		}
		for from = i; from > r.at && commandOf(r.lines[from-1]).Name != ""; {
			from--
		}
		break
	}
	for i := from; i < end; i++ {
		c := commandOf(r.lines[i])
		switch {
		case c.Name == "note":
			r.note(c, r.lines[i+1:])
			r.lines = r.lines[:from]
			return
		case c.Name == "" || c.Name == "reply" || len(r.c.Commands) >= maxCommands:
			return // found once more, as slipped
		}
		r.c.Commands = append(r.c.Commands, c)
	}
	r.lines = append(append([]string(nil), r.lines[:from]...), r.lines[end:]...)
}

// commandOf reads a line among text: exactly a command, or none.
func commandOf(line string) Command {
	line = strings.TrimSpace(line)
	if len(line) < 2 || line[0] != '#' || line[1] == ' ' || masked(line) {
		return Command{}
	}
	return readCommand(line)
}

// readCommand takes a line that begins with # apart.
func readCommand(line string) Command {
	c := Command{Line: clip(oneLine(line), 300)}
	rest := strings.TrimLeft(line[1:], " \t")
	n := 0
	for n < len(rest) && (isASCIILetter(rest[n]) || n > 0 && (rest[n] == '_' || rest[n] == '-')) {
		n++
	}
	c.Word = strings.ToLower(clip(strings.TrimRight(rest[:n], "-_"), 40))
	c.Arg = strings.TrimSpace(strings.TrimLeft(rest[n:], " \t:=\u00a0"))
	c.Name = commandNames[strings.NewReplacer("-", "", "_", "").Replace(c.Word)]
	if c.Name != "" && n < len(rest) && !strings.ContainsRune(" \t:=\u00a0", firstRune(rest[n:])) && !(c.Name == "priority" && rest[n] >= '0' && rest[n] <= '9') {
		// "#take2", "#done." and the like are a slip, not a command.
		if strings.Trim(rest[n:], ".,;!") != "" {
			c.Name = ""
		}
		c.Arg = ""
	}
	return c
}

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

func isASCIILetter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }

// masked reports whether a line looks like a command and is none: with another
// sign for #, with what cannot be seen before it or in its word, or with
// letters of other scripts in it.
func masked(line string) bool {
	sign, word := false, false
	for _, r := range line {
		switch {
		case !sign && r == '#':
			sign = true
		case !sign && (r == '\uff03' || r == '\ufe5f' || r == '\u266f' || r == '\u2317' || r == '\U000e0023'):
			return true
		case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) || unicode.Is(unicode.Co, r) || r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0' || r == '\ufffd':
			if sign || strings.ContainsAny(line, "#\uff03\ufe5f") && beforeSign(line) {
				return true
			}
			return false
		case unicode.IsSpace(r):
			if sign && word {
				return false
			}
		case !sign:
			return false
		case r > unicode.MaxASCII:
			return true
		case isASCIILetter(byte(r)):
			word = true
		default:
			return false
		}
	}
	return false
}

// beforeSign reports whether only what cannot be seen stands before the sign.
func beforeSign(line string) bool {
	for _, r := range line {
		switch {
		case r == '#', r == '\uff03', r == '\ufe5f':
			return true
		case unicode.IsSpace(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Mn, r), unicode.Is(unicode.Me, r), unicode.Is(unicode.Co, r):
		case r == '\u115f', r == '\u1160', r == '\u3164', r == '\uffa0', r == '\ufffd':
		default:
			return false
		}
	}
	return false
}

// blank reports whether a line shows nothing; some programs write empty lines
// as a space without width.
func blank(line string) bool {
	for _, r := range line {
		if !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) {
			return false
		}
	}
	return true
}

// slipped reports whether a line among text is a command, or nearly one.
func slipped(line string) bool {
	line = strings.TrimLeft(strings.TrimSpace(line), "-*+•·–—\"'`´«»„“”‘’([{0123456789.) \t\u00a0")
	if masked(line) {
		return true
	}
	if len(line) < 3 || line[0] != '#' || !isASCIILetter(line[1]) {
		return false
	}
	c := readCommand(line)
	if c.Name != "" {
		return true
	}
	near, far := nearestCommand(c.Word)
	return near != "" && far <= 1
}

// foreign reports whether a line looks like the border of somebody else's
// words: a quote, a rule, a header.
func foreign(line string) bool {
	line = strings.TrimSpace(line)
	if line == "" {
		return false
	}
	if strings.ContainsAny(line[:1], ">|") || len(line) >= 3 && strings.Trim(line[:3], "-_=*~") == "" {
		return true
	}
	label, value, ok := strings.Cut(line, ":")
	if !ok || len(label) > 30 || strings.HasPrefix(line, "#") {
		return false
	}
	return strings.TrimSpace(value) == "" || len(strings.Fields(label)) <= 2 && !strings.HasPrefix(value, "//")
}
