package web

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// TestEveryWordIsInTheCatalogue looks for the keys in the sources.
func TestEveryWordIsInTheCatalogue(t *testing.T) {
	w, err := loadWords("en")
	if err != nil {
		t.Fatal(err)
	}
	used := regexp.MustCompile(`(?:\bt|say\(|flash\(r,|mend\(w, r,) ?"([a-z][a-z_.0-9]+[a-z0-9])"[),} ]`)
	files, _ := filepath.Glob("*.go")
	for _, g := range []string{"templates/*.html", "templates/parts/*.html"} {
		more, _ := filepath.Glob(g)
		files = append(files, more...)
	}
	n := 0
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range used.FindAllStringSubmatch(string(b), -1) {
			n++
			if !w.has(m[1]) {
				t.Errorf("%s: %q is not in the catalogue", f, m[1])
			}
		}
	}
	if n < 300 {
		t.Fatalf("only %d keys found: the test looks in the wrong place", n)
	}
	for _, set := range [][]string{tracker.InboxCounts(), tracker.OutboxCounts()} {
		for _, what := range set {
			if !w.has("fate."+what) && !w.has("outbox."+what) {
				t.Errorf("there is no word for %q", what)
			}
		}
	}
	for _, r := range tracker.Roles() {
		if !w.has("role." + string(r)) {
			t.Errorf("there is no word for the role %q", r)
		}
	}
}

// TestCatalogues: every language says everything, with the same arguments.
func TestCatalogues(t *testing.T) {
	en, err := loadWords("en")
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob("words/*")
	if len(files) == 0 {
		t.Fatal("there is no catalogue")
	}
	marks := regexp.MustCompile(`\{\d\}`)
	for _, f := range files {
		language := filepath.Base(f)
		w, err := loadWords(language)
		if err != nil {
			t.Fatal(err)
		}
		for key, text := range en {
			if !w.has(key) {
				t.Errorf("%s lacks %q", f, key)
			} else if got, want := marks.FindAllString(w[key], -1), marks.FindAllString(text, -1); len(want) > 0 && len(got) == 0 {
				t.Errorf("%s: %q has no place for its arguments", f, key)
			}
		}
		for key := range w {
			if !en.has(key) {
				t.Errorf("%s has %q, which nothing uses", f, key)
			}
		}
	}
	if _, err := loadWords("xx"); err == nil {
		t.Error("a language without a catalogue is accepted")
	}
}

// TestLiveNamesTheRegions: what an event touches is read anew, and nothing
// else leaves by the stream.
func TestLiveNamesTheRegions(t *testing.T) {
	var b strings.Builder
	tell(&b, []tracker.EventRow{{ID: 7, Subject: "ticket", SubjectID: 12, Kind: "stage", Became: "secret"}, {ID: 9, Subject: "outbox", SubjectID: 3}, {ID: 8, Subject: "account", SubjectID: 1}})
	got := strings.Split(strings.TrimSpace(b.String()), "\n\n")
	slices.Sort(got)
	want := []string{"id: 9\nevent: mail\ndata: 1", "id: 9\nevent: t12\ndata: 1", "id: 9\nevent: tickets\ndata: 1"}
	if !slices.Equal(got, want) {
		t.Fatalf("got %q", got)
	}
}

func TestWordForms(t *testing.T) {
	w := words{"n": "one mail | {0} mails", "two": "{1} before {0}"}
	for got, want := range map[string]string{w.say("n", 1): "one mail", w.say("n", 0): "0 mails", w.say("n", int64(1)): "one mail", w.say("two", "a", "b"): "b before a", w.say("none"): "none"} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestRelativeTimes(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	words, _ := loadWords("en")
	s := (&site{store: w.Store, words: words}).face("")
	now := w.Now()
	for ago, want := range map[time.Duration]string{time.Second: "just now", time.Minute + time.Second: "a minute ago", 5 * time.Minute: "5 minutes ago", 61 * time.Minute: "an hour ago", 25 * time.Hour: "yesterday", 73 * time.Hour: "3 days ago"} {
		if got := s.relative(now.Add(-ago)); got != want {
			t.Errorf("%v ago reads %q, want %q", ago, got, want)
		}
	}
	const day = 24 * time.Hour
	for ago, want := range map[time.Duration]string{time.Second: "now", 5 * time.Minute: "5 min", 89 * day: "89 d", 91 * day: "2 mo", 729 * day: "23 mo", 731 * day: "2 y"} {
		if got := string(s.age(now.Add(-ago))); !strings.Contains(got, ">"+want+"<") {
			t.Errorf("the age of %v reads %q, want %q", ago, got, want)
		}
	}
	if got := string(s.when(migrations.Stamp(0))); got != "" {
		t.Errorf("never reads %q", got)
	}
}

// TestKeysAreTold: every key of a page stands on the sheet of keys, and none
// is one that works everywhere.
func TestKeysAreTold(t *testing.T) {
	w, err := loadWords("en")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	everywhere := map[string]bool{}
	for i, g := range (&site{words: w}).keyGroups() {
		for _, k := range g.Keys {
			for _, key := range k.Keys {
				if told[key] = true; i == 0 {
					everywhere[k.Keys[0]] = true
				}
			}
		}
	}
	files, _ := filepath.Glob("templates/*.html")
	parts, _ := filepath.Glob("templates/parts/*.html")
	n := 0
	for _, f := range append(files, parts...) {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`data-key="([^"]+)"`).FindAllStringSubmatch(string(b), -1) {
			n++
			if !told[m[1]] || everywhere[m[1]] {
				t.Errorf("%s: the key %s is told: %v, works everywhere: %v", f, m[1], told[m[1]], everywhere[m[1]])
			}
		}
	}
	if n < 8 {
		t.Fatalf("only %d keys found", n)
	}
}
