package config

import (
	"fmt"
	"strings"
)

// locate finds the line of every key in a TOML text that is known to parse.
// Keys inside inline tables have the line of the table's own key (their parent).
func locate(text string) map[string]int {
	lines := map[string]int{}
	counts := map[string]int{}
	at := ""
	open := "" // the delimiter of a text over several lines that we are in
	depth := 0 // of brackets of a list over several lines
	for i, line := range strings.Split(text, "\n") {
		n := i + 1
		if open != "" {
			if strings.Contains(line, open) {
				open = ""
			}
			continue
		}
		s := strings.TrimSpace(line)
		if depth > 0 {
			depth += brackets(s)
			continue
		}
		switch {
		case s == "" || s[0] == '#':
		case strings.HasPrefix(s, "[["):
			name := clean(between(s, "[[", "]]"))
			at = fmt.Sprintf("%s.%d", name, counts[name])
			counts[name]++
			lines[at] = n
			at += "."
		case s[0] == '[':
			name := clean(between(s, "[", "]"))
			first, rest, _ := strings.Cut(name, ".")
			if c := counts[first]; c > 0 { // a table of the last element
				name = fmt.Sprintf("%s.%d.%s", first, c-1, rest)
			}
			lines[name] = n
			at = name + "."
		default:
			key, value, ok := strings.Cut(s, "=")
			if !ok {
				continue
			}
			lines[at+clean(key)] = n
			value = strings.TrimSpace(value)
			for _, q := range []string{`"""`, `'''`} {
				if strings.HasPrefix(value, q) && !strings.Contains(value[3:], q) {
					open = q
				}
			}
			if open == "" && strings.HasPrefix(value, "[") {
				depth = brackets(value)
			}
		}
	}
	return lines
}

func between(s, a, b string) string {
	s = strings.TrimPrefix(s, a)
	s, _, _ = strings.Cut(s, b)
	return s
}

// clean takes quotes and spaces out of a dotted key.
func clean(key string) string {
	parts := strings.Split(key, ".")
	for i, p := range parts {
		parts[i] = strings.Trim(strings.TrimSpace(p), `"'`)
	}
	return strings.Join(parts, ".")
}

// brackets counts how many more open than close on a line, outside texts and comments.
func brackets(s string) int {
	depth, quote := 0, rune(0)
	for _, r := range s {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case r == '#':
			return depth
		case r == '[':
			depth++
		case r == ']':
			depth--
		}
	}
	return depth
}
