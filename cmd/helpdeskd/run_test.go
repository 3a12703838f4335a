package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"helpdeskd/tracker"
)

// result is what a run of the program left behind.
type result struct {
	code     int
	out, err string
}

// program runs the whole program in this process.
func program(t *testing.T, stdin string, environ []string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := execute(t.Context(), args, console{in: strings.NewReader(stdin), out: &out, err: &errs, environ: environ})
	return result{code: code, out: out.String(), err: errs.String()}
}

// sqliteEnv is a configuration by variables alone, on a fresh database.
func sqliteEnv(t *testing.T) []string {
	return []string{"HELPDESKD_DATA_DIR=" + t.TempDir()}
}

func TestRunIsTheWholeProgram(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(context.Background(), []string{"version"}, &out, &errs); code != 0 || !strings.HasPrefix(out.String(), "helpdeskd ") || errs.Len() != 0 {
		t.Fatalf("exit %d, stdout %q, stderr %q", code, out.String(), errs.String())
	}
}

func TestEveryCommandHasHelp(t *testing.T) {
	whole := program(t, "", nil, "--help")
	if whole.code != 0 || !strings.Contains(whole.out, "helpdeskd demo") {
		t.Fatalf("exit %d:\n%s%s", whole.code, whole.out, whole.err)
	}
	for _, command := range commandNames(t) {
		r := program(t, "", nil, append(strings.Fields(command), "--help")...)
		if r.code != 0 || r.err != "" || !strings.Contains(r.out, "Usage: helpdeskd "+command) {
			t.Errorf("%s --help: exit %d\n%s%s", command, r.code, r.out, r.err)
		}
	}
}

func TestAMistakenCommandLineIsOneLine(t *testing.T) {
	for _, args := range [][]string{{"srve"}, {"version", "--loud"}, {}} {
		r := program(t, "", nil, args...)
		if r.code != 2 || strings.Count(r.err, "\n") != 1 || !strings.HasPrefix(r.err, "helpdeskd: ") {
			t.Errorf("%q: exit %d, stderr %q", args, r.code, r.err)
		}
	}
}

func TestMigrateAndStatus(t *testing.T) {
	env := []string{"HELPDESKD_DATA_DIR=" + filepath.Join(t.TempDir(), "new")}
	if r := program(t, "", env, "migrate", "status"); r.code != 0 || !strings.Contains(r.out, "is not there yet") {
		t.Fatalf("status of nothing: %+v", r)
	}
	if r := program(t, "", env, "check"); r.code != 0 || strings.Count(r.out, "is not there yet") != 2 {
		t.Fatalf("check of nothing: %+v", r)
	}
	if r := program(t, "", env, "migrate"); r.code != 0 || !strings.Contains(r.out, "migrated from 0") {
		t.Fatalf("migrate: %+v", r)
	}
	if r := program(t, "", env, "migrate"); r.code != 0 || !strings.Contains(r.out, "up to date") {
		t.Fatalf("migrate again: %+v", r)
	}
	if r := program(t, "", env, "migrate", "status"); r.code != 0 || !strings.Contains(r.out, "up to date") {
		t.Fatalf("status: %+v", r)
	}
}

func TestTheConfigurationIsFoundAndItsAbsenceExplained(t *testing.T) {
	r := program(t, "", []string{"HELPDESKD_CONFIG=/nope/helpdeskd.toml"}, "migrate", "status")
	if r.code != 1 || !strings.HasPrefix(r.err, "helpdeskd migrate status: read the configuration: ") {
		t.Errorf("a missing file: %+v", r)
	}
	path := filepath.Join(t.TempDir(), "x.toml")
	if err := os.WriteFile(path, []byte("listen = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r = program(t, "", nil, "--config", path, "migrate", "status")
	if r.code != 1 || !strings.Contains(r.err, "line 1, listen: 1 is not a text") {
		t.Errorf("a wrong file: %+v", r)
	}
}

// commandNames lists every command, with its subcommands, from the program's
// own model.
func commandNames(t *testing.T) []string {
	t.Helper()
	var cli commands
	parser, err := kong.New(&cli, kong.Name("helpdeskd"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, leaf := range parser.Model.Leaves(false) {
		names = append(names, strings.TrimPrefix(leaf.FullPath(), "helpdeskd "))
	}
	return names
}

// openTestStore opens the store of a configuration by variables.
func openTestStore(t *testing.T, environ []string) *tracker.Store {
	t.Helper()
	s := &session{console: console{environ: environ, err: io.Discard}, ctx: t.Context()}
	store, done, err := s.store()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(done)
	return store
}
