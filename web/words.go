package web

import (
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

//go:embed words
var wordFiles embed.FS

// words is the catalogue of everything the interface says in one language.
// A text may hold {0}, {1}, … for its arguments, and two forms divided by
// " | ", of which the first is for exactly one and the second for any other
// count, the count being the first argument.
type words map[string]string

// loadWords reads the catalogue words/LANGUAGE/*.txt: a line "key = text" each.
func loadWords(language string) (words, error) {
	files, err := fs.Glob(wordFiles, "words/"+language+"/*.txt")
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("there is no catalogue for the language %q", language)
	}
	w := words{}
	for _, file := range files {
		b, err := wordFiles.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for n, line := range strings.Split(string(b), "\n") {
			if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
				continue
			}
			key, text, ok := strings.Cut(line, " = ")
			if _, twice := w[key]; !ok || twice {
				return nil, fmt.Errorf("the catalogue file %s is damaged at line %d", file, n+1)
			}
			w[key] = text
		}
	}
	return w, nil
}

// say returns the text for a key. An unknown key shows itself, and a test
// fails for it.
func (w words) say(key string, args ...any) string {
	text, ok := w[key]
	if !ok {
		return key
	}
	if one, many, ok := strings.Cut(text, " | "); ok && len(args) > 0 {
		text = many
		if fmt.Sprint(args[0]) == "1" {
			text = one
		}
	}
	if len(args) == 0 {
		return text
	}
	pairs := make([]string, 0, 2*len(args))
	for i, a := range args {
		pairs = append(pairs, "{"+strconv.Itoa(i)+"}", fmt.Sprint(a))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// has reports whether the catalogue knows a key.
func (w words) has(key string) bool {
	_, ok := w[key]
	return ok
}

// pick returns the entries under some prefixes, for app.js.
func (w words) pick(prefixes ...string) map[string]string {
	some := map[string]string{}
	for key, text := range w {
		for _, p := range prefixes {
			if strings.HasPrefix(key, p) {
				some[key] = text
			}
		}
	}
	return some
}
