package ingest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files of testdata/mail")

// TestGolden compares what is understood of each mail in testdata/mail, as
// `helpdeskd parse --json` prints it, with the golden file beside it.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/mail/*.eml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no mails: %v", err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		raw = bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
		in := Parse(raw, Options{Own: []string{"helpdesk@corp.example"}})
		checkInvariants(t, raw, in)
		var got bytes.Buffer
		enc := json.NewEncoder(&got)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", " ")
		if err := enc.Encode(Describe(filepath.Base(f), in)); err != nil {
			t.Fatal(err)
		}
		golden := strings.TrimSuffix(f, ".eml") + ".json"
		if *update {
			if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s: got\n%s", f, got.Bytes())
		}
	}
}
