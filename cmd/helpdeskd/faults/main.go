// Command faults runs the fault suite and prints its table; faults.sh starts
// it with the servers that it needs. It belongs to the tests: the faults that
// need a whole helpdesk are TestFault in cmd/helpdeskd, those that a test of
// one package proves stand in elsewhere. It owns no table of the database.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"helpdeskd/cmd/helpdeskd/checker"
)

func main() {
	long := flag.Bool("long", false, "the long form")
	show := flag.String("print", "", "print the table of a `file` of results, and run nothing")
	flag.Parse()
	if err := run(*long, *show, flag.Args(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

func run(long bool, show string, names []string, out io.Writer) error {
	if show != "" {
		return table(show, out)
	}
	path := os.Getenv("HELPDESKD_FAULTS")
	if path == "" {
		return fmt.Errorf("HELPDESKD_FAULTS must name a file for the results: start ./faults.sh")
	}
	wanted, err := numbers(names)
	if err != nil {
		return err
	}
	count := 1
	if long {
		os.Setenv("HELPDESKD_FAULTS_LONG", "1")
		count = 10
	}
	failed := whole(wanted, out)
	for _, p := range elsewhere {
		if len(wanted) == 0 || slices.Contains(wanted, p.fault) {
			fmt.Fprintf(out, "%s: %s (%s)\n", p.fault, p.what, strings.Join(p.tests, ", "))
			failed = cmp.Or(failed, p.prove(count, path))
		}
	}
	if err := table(path, out); err != nil {
		return err
	}
	return failed
}

// numbers turns "f7", "F7" and "F07" into "F07".
func numbers(names []string) ([]string, error) {
	var out []string
	for _, n := range names {
		i, err := strconv.Atoi(strings.TrimLeft(n, "Ff"))
		if err != nil || i < 1 || i > 26 {
			return nil, fmt.Errorf("%q is no fault: they are F1 to F26", n)
		}
		out = append(out, fmt.Sprintf("F%02d", i))
	}
	return out, nil
}

// whole runs TestFault, which writes its results itself.
func whole(wanted []string, out io.Writer) error {
	pattern := "^TestFault$"
	if len(wanted) > 0 {
		pattern += "/^(" + strings.Join(wanted, "|") + ")-"
	}
	cmd := exec.Command("go", "test", "-count=1", "-timeout", "6h", "-parallel", "4", "-v", "-run", pattern, "./cmd/helpdeskd")
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("TestFault: %w", err)
	}
	return nil
}

// table prints the table, and fails where it is not all zeros.
func table(path string, out io.Writer) error {
	all, err := checker.Results(path)
	if err != nil {
		return err
	}
	fmt.Fprint(out, checker.Table(all))
	for _, r := range all {
		if !r.Clean() {
			return fmt.Errorf("%s: %s is not clean (%s)", r.Fault, r.What, r.Test)
		}
	}
	return nil
}

// proof is a fault that tests of one package prove: they judge themselves.
type proof struct {
	fault, what string
	dir         string // of the package, "./ingest"
	tests       []string
}

// event is a line of go test -json.
type event struct {
	Action, Test string
}

var engine = regexp.MustCompile(`/(sqlite|postgres)(/|$)`)

// prove runs the tests, count times over, and writes down what each engine
// came to. A test without an engine in its name is of neither.
func (p proof) prove(count int, path string) error {
	cmd := exec.Command("go", "test", "-count="+strconv.Itoa(count), "-timeout", "2h", "-json", "-run", "^("+strings.Join(p.tests, "|")+")$", p.dir)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	results, err := p.read(pipe)
	if err != nil {
		return err
	}
	failed := cmd.Wait()
	if failed != nil {
		failed = fmt.Errorf("%s: %w", p.fault, failed)
	}
	for _, r := range results {
		r.Fault, r.What, r.Test = p.fault, p.what, p.dir+" "+strings.Join(p.tests, " ")
		if err := r.Append(path); err != nil {
			return err
		}
	}
	if len(results) == 0 {
		return fmt.Errorf("%s: no test of %s ran in %s", p.fault, strings.Join(p.tests, ", "), p.dir)
	}
	return failed
}

// read counts the tests that ran to an end, those innermost in their names.
func (p proof) read(r io.Reader) (map[string]*checker.Result, error) {
	ended := map[string][]string{} // test: how its runs ended
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Test == "" {
			continue
		}
		if e.Action == "pass" || e.Action == "fail" {
			ended[e.Test] = append(ended[e.Test], e.Action)
		}
	}
	out := map[string]*checker.Result{}
	for test, how := range ended {
		if slices.ContainsFunc(slices.Collect(maps.Keys(ended)), func(other string) bool { return strings.HasPrefix(other, test+"/") }) {
			continue // its parts count
		}
		name := ""
		if m := engine.FindStringSubmatch(test); m != nil {
			name = m[1]
		}
		if out[name] == nil {
			out[name] = &checker.Result{Engine: name}
		}
		out[name].Tried += len(how)
		out[name].Failed = out[name].Failed || slices.Contains(how, "fail")
	}
	return out, lines.Err()
}
