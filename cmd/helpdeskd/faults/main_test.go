package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every test that proves a fault is one that ./test.sh runs.
func TestProofsExist(t *testing.T) {
	for _, p := range elsewhere {
		have := testsOf(t, p.dir)
		for _, name := range p.tests {
			if !have[name] {
				t.Errorf("%s: %s has no %s", p.fault, p.dir, name)
			}
		}
	}
}

// Every promise of the README names tests, and each of them exists.
func TestPromisesNameTheirTests(t *testing.T) {
	text, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "## What it promises")
	table, _, ok2 := strings.Cut(table, "\n## ")
	if !ok || !ok2 {
		t.Fatal("README.md has no section `What it promises`")
	}
	promises, named := 0, regexp.MustCompile("`(\\./)?([a-z/]+)`: ((?:`Test\\w+`(?:, )?)+)")
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || strings.Contains(line, "---") || strings.Contains(cells[1], "promise") {
			continue
		}
		promises++
		proof := cells[len(cells)-2]
		if strings.Contains(proof, "not yet") {
			continue
		}
		found := named.FindAllStringSubmatch(proof, -1)
		if len(found) == 0 {
			t.Errorf("%s: no test is named in %q", strings.TrimSpace(cells[1]), proof)
		}
		for _, m := range found {
			have := testsOf(t, m[2])
			for name := range strings.SplitSeq(m[3], ",") {
				if name = strings.Trim(name, " `"); !have[name] {
					t.Errorf("%s: %s has no %s", strings.TrimSpace(cells[1]), m[2], name)
				}
			}
		}
	}
	if promises < 12 {
		t.Errorf("%d promises instead of twelve", promises)
	}
}

var testFunc = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

// testsOf returns the tests of a package that no build tag hides from go test.
func testsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../../..", dir, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no tests (%v)", dir, err)
	}
	out := map[string]bool{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(text), "\npackage ")
		if strings.Contains(head, "//go:build") && !strings.Contains(head, "//go:build linux") {
			continue
		}
		for _, m := range testFunc.FindAllStringSubmatch(string(text), -1) {
			out[m[1]] = true
		}
	}
	return out
}

func TestNumbers(t *testing.T) {
	got, err := numbers([]string{"F7", "f18", "F02"})
	if err != nil || strings.Join(got, " ") != "F07 F18 F02" {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := numbers([]string{"F27"}); err == nil {
		t.Error("F27 is taken")
	}
}

// What go test -json says is counted by engine, and of tests with parts the parts.
func TestReading(t *testing.T) {
	r, err := proof{}.read(strings.NewReader(`{"Action":"run","Test":"TestA"}
{"Action":"pass","Test":"TestA/sqlite/one"}
{"Action":"pass","Test":"TestA/sqlite"}
{"Action":"fail","Test":"TestA/postgres"}
{"Action":"fail","Test":"TestA"}
{"Action":"pass","Test":"TestB"}
{"Action":"skip","Test":"TestC"}
{"Action":"fail","Package":"x"}
`))
	if err != nil || len(r) != 3 || r["sqlite"].Tried != 1 || r["sqlite"].Failed || r["postgres"].Tried != 1 || !r["postgres"].Failed || r[""].Tried != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}
