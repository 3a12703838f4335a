package reply

import "strings"

// Origin is what the header block of a forwarded mail says, as written there.
type Origin struct {
	From    string
	Date    string
	Subject string
}

// Forwarded returns what the header block of the outermost forwarded mail
// says, false when the text holds no forward. sure says that the subject
// already told so; otherwise a line must say "forwarded message".
func Forwarded(text string, sure bool) (Origin, bool) {
	if len(text) > 256<<10 {
		text = text[:256<<10]
	}
	lines := read(text)
	marked := false
	for i := range lines {
		l := &lines[i]
		if l.fence || l.text == "" {
			continue
		}
		t := clean(strings.TrimLeft(l.text, "> \t"))
		if forwardMark(t) || sure && len(t) < 120 && originalLine(t) {
			marked = true
			continue
		}
		if !marked && !sure {
			continue
		}
		if k := l.label(); k != noLabel && k != lOther && headerBlockAt(lines, i) {
			return readBlock(lines, i), true
		}
		if o, ok := byAttribution(lines, i); ok {
			return o, true
		}
	}
	return Origin{}, false
}

// readBlock collects the values of a header block. A value may stand on the
// line after its label, as Outlook on the web and Thunderbird write long
// ones.
func readBlock(lines []line, i int) Origin {
	var o Origin
	misses := 0
	for j := i; j < len(lines) && j < i+14; j++ {
		k := lines[j].label()
		if k == noLabel {
			if bare := strings.TrimLeft(lines[j].text, "> \t"); bare == "" || misses > 2 {
				if o.From != "" && o.Subject != "" {
					break
				}
			}
			misses++
			continue
		}
		v := valueOf(strings.TrimLeft(lines[j].text, "> \t"))
		if v == "" && j+1 < len(lines) && lines[j+1].label() == noLabel {
			v = strings.TrimLeft(lines[j+1].text, "> \t")
		}
		switch {
		case k == lFrom && o.From == "":
			o.From = v
			// the address on the next line
			if !strings.Contains(v, "@") && j+1 < len(lines) && lines[j+1].label() == noLabel {
				if next := strings.TrimLeft(lines[j+1].text, "> \t"); strings.Contains(next, "@") && len(next) < 200 && strings.HasPrefix(strings.TrimLeft(next, "["), "<") {
					o.From += " " + next
				}
			}
		case k == lDate && o.Date == "":
			o.Date = v
		case k == lSubject && o.Subject == "":
			o.Subject = v
		}
	}
	return o
}

// headerBlockAt is headerBlock beginning with any label.
func headerBlockAt(lines []line, i int) bool {
	var have [lOther + 1]bool
	n := 0
	for j := i; j < len(lines) && j < i+14; j++ {
		if k := lines[j].label(); k != noLabel && k != lOther && !have[k] {
			have[k] = true
			n++
		}
	}
	return have[lFrom] && (n >= 3 || n == 2 && (have[lDate] || have[lSubject]))
}

// byAttribution reads "On 2 March 2026 at 09:00, Anna <anna@client.example>
// wrote:", which some programs put above what they forward.
func byAttribution(lines []line, i int) (Origin, bool) {
	n := attribution(lines, i)
	if n == 0 {
		return Origin{}, false
	}
	var parts []string
	for _, l := range lines[i : i+n] {
		parts = append(parts, strings.TrimSpace(l.text))
	}
	s := strings.Join(parts, " ")
	open := strings.LastIndexByte(s, '<')
	end := strings.LastIndexByte(s, '>')
	if open < 0 || end < open || !strings.Contains(s[open:end], "@") {
		return Origin{}, false
	}
	name := s[:open]
	if c := strings.LastIndexAny(name, ",0123456789"); c >= 0 {
		name = name[c+1:]
	}
	return Origin{From: strings.TrimSpace(name) + " " + s[open:end+1]}, true
}
