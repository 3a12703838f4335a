package config

import (
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

// Prefix begins the name of every variable that overrides a key: listen is
// HELPDESKD_LISTEN, tls.cert is HELPDESKD_TLS_CERT, and the keys of a mailbox
// go by its name or by its place counted from 1:
// HELPDESKD_MAILBOX_HELPDESK_IMAP_PASSWORD, HELPDESKD_MAILBOX_1_IMAP_PASSWORD.
// A place one past the last adds a mailbox, so that no file is needed at all.
// A list is written with commas.
const Prefix = "HELPDESKD_"

// notKeys are variables with our prefix that mean something else: to the
// command line, to tests (where processes are killed at a FAILPOINT), and
// those that Kubernetes sets for a service that is called helpdeskd.
func notKeys(name string) bool {
	rest := strings.TrimPrefix(name, Prefix)
	return rest == "CONFIG" || rest == "CORPUS" || rest == "PORT" || rest == "FAILPOINT" ||
		strings.HasPrefix(rest, "TEST_") || strings.HasPrefix(rest, "PORT_") || strings.HasPrefix(rest, "SERVICE_") ||
		strings.Contains(rest, "_SERVICE_HOST") || strings.Contains(rest, "_SERVICE_PORT")
}

// HasKeys reports whether environ sets any key.
func HasKeys(environ []string) bool {
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, Prefix) && !notKeys(name) {
			return true
		}
	}
	return false
}

// environment lays the variables over what the file said.
func (l *loader) environment(environ []string) {
	top := envKeys(reflect.TypeFor[Config](), "")
	box := envKeys(reflect.TypeFor[Mailbox](), "")
	names := l.mailboxNames()
	vars := append([]string(nil), environ...)
	name := func(kv string) string { n, _, _ := strings.Cut(kv, "="); return n }
	sort.SliceStable(vars, func(i, j int) bool { return natural(name(vars[i])) < natural(name(vars[j])) })
	for _, kv := range vars {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, Prefix) || notKeys(name) {
			continue
		}
		rest := strings.TrimPrefix(name, Prefix)
		if key, ok := top[rest]; ok {
			l.override(reflect.ValueOf(l.config).Elem(), key, key, name, value)
			continue
		}
		i, key, problem := l.mailboxKey(rest, box, names)
		if problem != "" {
			l.wrong.List = append(l.wrong.List, Mistake{Key: name, Env: name, What: problem})
			continue
		}
		l.override(reflect.ValueOf(&l.config.Mailboxes[i]).Elem(), key, fmt.Sprintf("mailbox.%d.%s", i, key), name, value)
	}
}

// mailboxKey understands MAILBOX_WHICH_KEY.
func (l *loader) mailboxKey(rest string, box map[string]string, names []string) (int, string, string) {
	which, ok := strings.CutPrefix(rest, "MAILBOX_")
	if !ok {
		return 0, "", "no key has this variable" + guess(rest, sortedKeys(envKeys(reflect.TypeFor[Config](), "")))
	}
	for i := range l.config.Mailboxes {
		tokens := []string{strconv.Itoa(i + 1)}
		if i < len(names) && names[i] != "" {
			tokens = append(tokens, names[i])
		}
		for _, t := range tokens {
			if tail, ok := strings.CutPrefix(which, t+"_"); ok {
				if key, ok := box[tail]; ok {
					return i, key, ""
				}
			}
		}
	}
	next := len(l.config.Mailboxes)
	if tail, ok := strings.CutPrefix(which, strconv.Itoa(next+1)+"_"); ok {
		if key, ok := box[tail]; ok {
			l.config.Mailboxes = append(l.config.Mailboxes, defaultMailbox())
			return next, key, ""
		}
	}
	for t, key := range box {
		if strings.HasSuffix(which, "_"+t) {
			return 0, "", fmt.Sprintf("it sets %s of a mailbox that is not there: use the mailbox's name in capitals, or its number (there are %d)", key, next)
		}
	}
	return 0, "", "no key of a mailbox has this variable: see deploy/helpdeskd.example.toml"
}

func (l *loader) override(v reflect.Value, key, path, name, value string) {
	for part := range strings.SplitSeq(key, ".") {
		v = v.Field(fieldsOf(v.Type())[part])
	}
	l.config.Origin[path] = name
	if err := assign(v, value); err != nil {
		l.wrong.add(path, "%s", err)
	}
}

// mailboxNames returns the names of the file's mailboxes as variables spell them.
func (l *loader) mailboxNames() []string {
	var out []string
	for _, b := range l.config.Mailboxes {
		out = append(out, envName(b.Name))
	}
	return out
}

func envName(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, s)
}

// envKeys returns the key of each variable's name (without prefix) for a struct.
func envKeys(t reflect.Type, at string) map[string]string {
	out := map[string]string{}
	for tag, i := range fieldsOf(t) {
		f := t.Field(i)
		switch {
		case f.Type.Kind() == reflect.Struct:
			for k, v := range envKeys(f.Type, at+tag+".") {
				out[k] = v
			}
		case f.Type == reflect.TypeFor[[]Mailbox]():
		default:
			out[envName(at+tag)] = at + tag
		}
	}
	return out
}

// natural pads numbers, so that mailbox 10 sorts after mailbox 9.
func natural(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && s[j] >= '0' && s[j] <= '9' {
			j++
		}
		if j > i {
			fmt.Fprintf(&b, "%012s", s[i:j])
			i = j
			continue
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}
