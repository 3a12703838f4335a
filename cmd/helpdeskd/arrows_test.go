package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// arrows says which package of the house may import which (docs/design.md).
// A package's sub-packages have its rights; cmd may import everything, and
// nobody may import cmd.
var arrows = map[string][]string{
	"migrations": {},
	"tracker":    {"migrations"},
	"inventory":  {"tracker", "migrations"},
	"ingest":     {"tracker", "migrations"},
	"mailer":     {"tracker", "migrations"},
	"web":        {"tracker", "inventory", "migrations"},
}

// homes says where a library may be imported: it stays replaceable, and its
// bugs are worked around in one place.
var homes = map[string][]string{
	"github.com/emersion/go-imap":                             {"ingest", "cmd/helpdeskd"}, // cmd: the demo's mail server and the checker
	"github.com/emersion/go-message":                          {"ingest"},
	"github.com/wneessen/go-mail":                             {"mailer"},
	"github.com/go-chi":                                       {"web"},
	"github.com/jmoiron/sqlx":                                 {"migrations", "tracker"},
	"github.com/lib/pq":                                       {"migrations"},
	"modernc.org/sqlite":                                      {"migrations"},
	"github.com/prometheus/client_golang/prometheus/promhttp": {"cmd/helpdeskd/metrics"},
	"github.com/alecthomas/kong":                              {"cmd/helpdeskd"},
	"github.com/BurntSushi/toml":                              {"cmd/helpdeskd/config", "mailer", "web"}, // mailer and web: the catalogues of words
}

// testHelpers are packages that only tests (and bench) import: they may stand between floors.
var testHelpers = []string{"migrations/dbtest", "ingest/imaptest", checkerPackage}

// checkerPackage shares no code with what it judges.
const checkerPackage = "cmd/helpdeskd/checker"

type listed struct {
	ImportPath string
	Imports    []string
}

func TestArrows(t *testing.T) {
	packages := listPackages(t)
	if len(packages) < 5 {
		t.Fatalf("only %d packages found: the test reads too little", len(packages))
	}
	for _, p := range packages {
		from, ok := strings.CutPrefix(p.ImportPath, "helpdeskd/")
		if !ok {
			t.Errorf("%s is outside the house", p.ImportPath)
			continue
		}
		for _, i := range p.Imports {
			if why := forbidden(from, i); why != "" {
				t.Errorf("%s imports %s: %s", from, i, why)
			}
		}
	}
}

// forbidden returns why a package of the house must not import another one, "" where it may.
func forbidden(from, imported string) string {
	for library, at := range homes {
		if within(imported, library) && !slices.ContainsFunc(at, func(home string) bool { return within(from, home) }) && !slices.Contains(testHelpers, from) {
			return fmt.Sprintf("%s may only be imported in %s", library, strings.Join(at, " and "))
		}
	}
	to, ok := strings.CutPrefix(imported, "helpdeskd/")
	if !ok {
		return ""
	}
	if from == checkerPackage {
		return "the checker shares no code with what it judges"
	}
	floor, _, _ := strings.Cut(from, "/")
	target, _, _ := strings.Cut(to, "/")
	switch {
	case target == "cmd" && floor != "cmd":
		return "nobody imports cmd"
	case floor == "cmd" || floor == target || slices.Contains(testHelpers, from):
		return ""
	case slices.Contains(testHelpers, to):
		return "it is only for tests"
	case !slices.Contains(arrows[floor], target):
		return "there is no such arrow in the design"
	}
	return ""
}

func within(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }

// The test itself must be able to fail.
func TestArrowsCatchWhatTheyShould(t *testing.T) {
	for _, row := range []struct {
		from, imported string
		bad            bool
	}{
		{"web", "helpdeskd/ingest", true},
		{"web", "helpdeskd/mailer", true},
		{"mailer", "helpdeskd/ingest", true},
		{"ingest/form", "helpdeskd/web", true},
		{"tracker", "helpdeskd/inventory", true},
		{"tracker", "helpdeskd/cmd/helpdeskd/config", true},
		{"migrations", "helpdeskd/tracker", true},
		{"attic", "helpdeskd/tracker", true},
		{"tracker", "helpdeskd/migrations/dbtest", true},
		{"web", "github.com/emersion/go-imap/v2/imapclient", true},
		{"cmd/helpdeskd", "github.com/wneessen/go-mail", true},
		{"cmd/helpdeskd/demo", "github.com/go-chi/chi/v5", true},
		{"tracker", "github.com/lib/pq", true},
		{"cmd/helpdeskd/checker", "helpdeskd/migrations", true},
		{"cmd/helpdeskd/checker", "github.com/lib/pq", false},
		{"web", "helpdeskd/tracker", false},
		{"ingest", "helpdeskd/ingest/form", false},
		{"cmd/helpdeskd", "helpdeskd/web", false},
		{"cmd/helpdeskd/demo", "github.com/emersion/go-imap/v2/imapserver", false},
		{"ingest/imaptest", "helpdeskd/migrations/dbtest", false},
		{"tracker", "log/slog", false},
	} {
		if got := forbidden(row.from, row.imported); (got != "") != row.bad {
			t.Errorf("%s -> %s: %q", row.from, row.imported, got)
		}
	}
}

func listPackages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "helpdeskd/...").Output()
	if err != nil {
		var e *exec.ExitError
		if errors.As(err, &e) {
			t.Fatalf("go list: %v\n%s", err, e.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
