package web

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sources returns what the site is made of, without its tests: the Go files,
// the templates, and the scripts that are ours.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, glob := range []string{"*.go", "chart/*.go", "templates/*.html", "templates/parts/*.html", "static/*.js"} {
		files, err := filepath.Glob(glob)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", glob, len(files), err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(b)
			all.WriteByte('\n')
		}
	}
	return all.String()
}

// TestEveryWordIsUsed: a key stands in the sources as it is, or begins as a
// text does that a value is added to.
func TestEveryWordIsUsed(t *testing.T) {
	w, err := loadWords("en")
	if err != nil {
		t.Fatal(err)
	}
	text := sources(t)
	var begins, ends []string
	for _, m := range regexp.MustCompile(`"([a-z][a-z_.0-9]*[._])(?:%[sdv])?"|"([a-z][a-z_.0-9]+)%[sdv]|"([a-z][a-z_.0-9]+)" ?\+`).FindAllStringSubmatch(text, -1) {
		begins = append(begins, m[1]+m[2]+m[3])
	}
	for _, m := range regexp.MustCompile(`\+ ?"(_[a-z_]+)"`).FindAllStringSubmatch(text, -1) {
		ends = append(ends, m[1])
	}
	used := func(key string) bool {
		if strings.Contains(text, `"`+key+`"`) {
			return true
		}
		for _, b := range begins {
			if len(b) > 2 && strings.HasPrefix(key, b) {
				return true
			}
		}
		for _, e := range ends {
			if k, ok := strings.CutSuffix(key, e); ok && strings.Contains(text, `"`+k+`"`) {
				return true
			}
		}
		return false
	}
	for key := range w {
		if !used(key) {
			t.Errorf("nothing says %q", key)
		}
	}
	if used("no.such.word") {
		t.Error("the test takes every word for used")
	}
}

// TestEveryTemplateAndClassIsUsed looks for components that no page has, and
// for classes and ids in our style sheets that nothing carries.
func TestEveryTemplateAndClassIsUsed(t *testing.T) {
	text := sources(t)
	shown := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?:template|block|name,) "([^"]+)"`).FindAllStringSubmatch(text, -1) {
		shown[m[1]] = true
	}
	for _, call := range regexp.MustCompile(`fragment\([^)]*`).FindAllString(text, -1) {
		for _, m := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(call, -1) {
			shown[m[1]] = true
		}
	}
	for _, m := range regexp.MustCompile(`\{\{define "([^"]+)"`).FindAllStringSubmatch(text, -1) {
		if !shown[m[1]] {
			t.Errorf("no page has the component %q", m[1])
		}
	}
	words := map[string]bool{}
	for _, word := range regexp.MustCompile(`[A-Za-z][\w-]*`).FindAllString(text, -1) {
		words[word] = true
	}
	var begins []string // class="hue{{hue .}}"
	for _, m := range regexp.MustCompile(`([a-z]+-|[a-z]{2,})(?:\{\{|\$\{)(\w*)`).FindAllStringSubmatch(text, -1) {
		if m[2] != "with" && m[2] != "end" && (m[2] != "if" || m[1] == "depth") {
			begins = append(begins, m[1])
		}
	}
	sheets, _ := filepath.Glob("static/*.css")
	n := 0
	for _, f := range sheets {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		css := regexp.MustCompile(`(?s)/\*.*?\*/|"[^"]*"`).ReplaceAllString(string(b), "")
		for _, selector := range regexp.MustCompile(`[^{}]+\{`).FindAllString(css, -1) {
			for _, m := range regexp.MustCompile(`[.#]([A-Za-z][\w-]*)`).FindAllStringSubmatch(selector, -1) {
				name := m[1]
				n++
				known := words[name] || strings.HasPrefix(name, "sortable-") // the library's own
				for _, b := range begins {
					known = known || strings.HasPrefix(name, b)
				}
				if !known {
					t.Errorf("%s: nothing carries %s", f, m[0])
				}
			}
		}
	}
	if n < 500 {
		t.Fatalf("only %d classes found: the test looks in the wrong place", n)
	}
}
