package config

import (
	"fmt"
	"sort"
	"strings"
)

// Mistake is one thing that is wrong with the configuration.
type Mistake struct {
	Key  string // as in the file, mailboxes counted from 0: mailbox.0.imap.port
	Line int    // of the file, 0 when it is not from there
	Env  string // the variable that set it, "" when the file did
	What string // what is wrong and what to write instead
}

func (m Mistake) String() string {
	where := showKey(m.Key)
	switch {
	case m.Env != "":
		where = m.Env
	case m.Line > 0 && where == "":
		where = fmt.Sprintf("line %d", m.Line)
	case m.Line > 0:
		where = fmt.Sprintf("line %d, %s", m.Line, where)
	}
	return where + ": " + m.What
}

// showKey counts mailboxes from 1, as people and HELPDESKD_MAILBOX_1_… do.
func showKey(key string) string {
	rest, ok := strings.CutPrefix(key, "mailbox.")
	if !ok {
		return key
	}
	n, tail, _ := strings.Cut(rest, ".")
	i := 0
	if _, err := fmt.Sscanf(n, "%d", &i); err != nil {
		return key
	}
	return strings.TrimSuffix(fmt.Sprintf("mailbox %d, %s", i+1, tail), ", ")
}

// Mistakes is the error of Load: everything that is wrong, at once.
type Mistakes struct {
	Path string
	List []Mistake
}

func (m *Mistakes) Error() string {
	var b strings.Builder
	of := "the configuration"
	if m.Path != "" {
		of = m.Path
	}
	if len(m.List) == 1 {
		return fmt.Sprintf("%s has a mistake: %s", of, m.List[0])
	}
	fmt.Fprintf(&b, "%s has %d mistakes:", of, len(m.List))
	for _, one := range m.List {
		fmt.Fprintf(&b, "\n  %s", one)
	}
	return b.String()
}

func (m *Mistakes) add(key, format string, args ...any) {
	for _, one := range m.List {
		if one.Key == key { // the first thing that is wrong with a key is enough
			return
		}
	}
	m.List = append(m.List, Mistake{Key: key, What: fmt.Sprintf(format, args...)})
}

// place gives every mistake its line or variable, and sorts by them.
func (m *Mistakes) place(lines map[string]int, origin map[string]string) {
	for i := range m.List {
		one := &m.List[i]
		if o := origin[one.Key]; o != "" && o != "file" && one.Env == "" {
			one.Env = o
		}
		if one.Env != "" || one.Line != 0 {
			continue
		}
		for k := one.Key; k != ""; k = parent(k) {
			if n := lines[k]; n != 0 {
				one.Line = n
				break
			}
		}
	}
	sort.SliceStable(m.List, func(i, j int) bool {
		a, b := m.List[i], m.List[j]
		if (a.Env == "") != (b.Env == "") {
			return a.Env == ""
		}
		return a.Line < b.Line
	})
}

func parent(key string) string {
	i := strings.LastIndex(key, ".")
	if i < 0 {
		return ""
	}
	return key[:i]
}
