package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// loader fills a Config from texts and notes where every value came from.
// Decoding goes through a plain map, because the TOML library stops at the
// first value of a wrong type and we want to name them all.
type loader struct {
	config *Config
	wrong  *Mistakes
	lines  map[string]int
}

func newLoader(c *Config, m *Mistakes) *loader {
	return &loader{config: c, wrong: m, lines: map[string]int{}}
}

// file reads TOML; it returns false when the text is not TOML at all.
func (l *loader) file(text string) bool {
	tree := map[string]any{}
	if _, err := toml.Decode(text, &tree); err != nil {
		one := Mistake{What: "this is not TOML: " + err.Error()}
		var p toml.ParseError
		if errors.As(err, &p) {
			one = Mistake{Line: p.Position.Line, What: p.Message}
			if p.LastKey != "" {
				one.What += fmt.Sprintf(" (after the key %q)", p.LastKey)
			}
		}
		l.wrong.List = append(l.wrong.List, one)
		return false
	}
	l.lines = locate(text)
	l.table(reflect.ValueOf(l.config).Elem(), tree, "")
	return true
}

// table assigns the keys of a TOML table to the struct v.
func (l *loader) table(v reflect.Value, tree map[string]any, at string) {
	fields := fieldsOf(v.Type())
	for _, key := range sortedKeys(tree) {
		path := at + key
		i, ok := fields[key]
		if !ok {
			l.wrong.add(path, "there is no such key%s", guess(key, sortedKeys(fields)))
			continue
		}
		f, raw := v.Field(i), tree[key]
		switch {
		case f.Kind() == reflect.Struct:
			sub, ok := raw.(map[string]any)
			if !ok {
				l.wrong.add(path, "this is a table: write [%s] above its keys", path)
				continue
			}
			l.table(f, sub, path+".")
		case f.Type() == reflect.TypeFor[[]Mailbox]():
			l.mailboxes(f, raw, path)
		default:
			if err := assign(f, raw); err != nil {
				l.wrong.add(path, "%s", err)
				continue
			}
			l.config.Origin[path] = "file"
		}
	}
}

func (l *loader) mailboxes(f reflect.Value, raw any, path string) {
	list, ok := raw.([]map[string]any)
	if !ok {
		l.wrong.add(path, "write [[mailbox]] with two brackets, one for each mailbox")
		return
	}
	for i, sub := range list {
		f.Set(reflect.Append(f, reflect.ValueOf(defaultMailbox())))
		l.table(f.Index(i), sub, fmt.Sprintf("%s.%d.", path, i))
	}
}

// assign sets a field from a TOML value or, from the environment, a text.
func assign(f reflect.Value, raw any) error {
	text, isText := raw.(string)
	switch f.Interface().(type) {
	case time.Duration:
		d, err := time.ParseDuration(text)
		if !isText || err != nil {
			return fmt.Errorf("%s is not a length of time: write it with its unit in quotes, for example \"45s\", \"10m\" or \"72h\"", show(raw))
		}
		f.SetInt(int64(d))
		return nil
	case []string:
		return assignList(f, raw)
	}
	switch f.Kind() {
	case reflect.String:
		if !isText {
			return fmt.Errorf("%s is not a text: put it in quotes", show(raw))
		}
		f.SetString(text)
	case reflect.Bool:
		b, ok := raw.(bool)
		if isText {
			var err error
			b, err = strconv.ParseBool(text)
			ok = err == nil
		}
		if !ok {
			return fmt.Errorf("%s is neither true nor false", show(raw))
		}
		f.SetBool(b)
	case reflect.Int:
		n, ok := raw.(int64)
		if isText {
			var err error
			n, err = strconv.ParseInt(text, 10, 64)
			ok = err == nil
		}
		if !ok || n > 1<<31 || n < -1<<31 {
			return fmt.Errorf("%s is not a whole number: write it without quotes", show(raw))
		}
		f.SetInt(n)
	default:
		return fmt.Errorf("a key of type %s is not supported", f.Type())
	}
	return nil
}

func assignList(f reflect.Value, raw any) error {
	var list []string
	switch v := raw.(type) {
	case string: // from the environment
		for s := range strings.SplitSeq(v, ",") {
			if s = strings.TrimSpace(s); s != "" {
				list = append(list, s)
			}
		}
	case []any:
		for _, x := range v {
			s, ok := x.(string)
			if !ok {
				return fmt.Errorf("%s in this list is not a text: put it in quotes", show(x))
			}
			list = append(list, s)
		}
	default:
		return fmt.Errorf("%s is not a list: write [\"one\", \"two\"]", show(raw))
	}
	f.Set(reflect.ValueOf(list))
	return nil
}

// secret reads a secret from its file.
func (l *loader) secret(to *Secret, file, key string) {
	if file == "" {
		return
	}
	if *to != "" {
		l.wrong.add(key+"_file", "%s and %s_file are both given: keep one", showKey(key), showKey(key))
		return
	}
	b, err := os.ReadFile(file)
	if err != nil {
		l.wrong.add(key+"_file", "the file can not be read (%v): create it readable for the helpdeskd user only", err)
		return
	}
	if *to = Secret(strings.TrimRight(string(b), "\r\n")); *to == "" {
		l.wrong.add(key+"_file", "the file %s is empty: write the secret into it, on one line", file)
	}
}

func fieldsOf(t reflect.Type) map[string]int {
	out := map[string]int{}
	for i := range t.NumField() {
		if tag := t.Field(i).Tag.Get("toml"); tag != "" && tag != "-" {
			out[tag] = i
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// show quotes a value that somebody wrote in the wrong place; long ones are cut.
func show(raw any) string {
	s := fmt.Sprintf("%v", raw)
	if t, ok := raw.(string); ok {
		s = strconv.Quote(t)
	}
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "…"
	}
	return s
}

// guess proposes the known key that was probably meant.
func guess(key string, known []string) string {
	best, least := "", 1+len(key)/3
	for _, k := range known {
		if d := distance(strings.ToLower(key), strings.ToLower(k)); d <= least {
			best, least = k, d-1
		}
	}
	if best == "" {
		return ": see deploy/helpdeskd.example.toml for those there are"
	}
	return fmt.Sprintf(": did you mean %s?", best)
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		last := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := last
			if a[i-1] != b[j-1] {
				cost++
			}
			last, row[j] = row[j], min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
