package ingest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helpdeskd/tracker"
)

// TestForms compares how each mail of testdata/forms is read as a form with
// the words beside it. web@corp.example is configured as a form sender.
func TestForms(t *testing.T) {
	files, err := filepath.Glob("testdata/forms/*.eml")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d mails: %v", len(files), err)
	}
	opt := Options{Own: []string{"helpdesk@corp.example"}, FormSenders: []string{"web@corp.example"}}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			raw = bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
			in := Parse(raw, opt)
			checkInvariants(t, raw, in)
			got := formWords(in.Form)
			golden := strings.TrimSuffix(f, ".eml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if isForm := !strings.HasPrefix(got, "no form"); isForm == (strings.HasPrefix(filepath.Base(f), "no-") || strings.Contains(f, "negative")) {
				t.Errorf("form: %v", isForm)
			}
		})
	}
}

// formWords is a form as the golden files hold it.
func formWords(f *tracker.Form) string {
	if f == nil {
		return "no form\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s from %q <%s>: %s\n", f.Source, f.Requester.Name, f.Requester.Address, f.Subject)
	for _, m := range [][2]string{{"title", f.Title}, {"responder", f.Responder}, {"submitted", f.SubmittedAt}, {"id", f.ResponseID}, {"link", f.Link}} {
		if m[1] != "" {
			fmt.Fprintf(&b, "%s: %s\n", m[0], m[1])
		}
	}
	for _, a := range f.Answers {
		fmt.Fprintf(&b, "- %s", a.Question)
		if a.Meaning != "" {
			fmt.Fprintf(&b, " (%s)", a.Meaning)
		}
		fmt.Fprintf(&b, " = %s", strings.ReplaceAll(a.Answer, "\n", "\n    "))
		if a.Date != "" {
			fmt.Fprintf(&b, " [%s]", a.Date)
		}
		b.WriteString("\n")
		for _, x := range a.Files {
			fmt.Fprintf(&b, "    file %s %d %s\n", x.Name, x.Size, x.Link)
		}
	}
	return b.String()
}
