package ingest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helpdeskd/tracker"
)

// TestBounceSpecimens compares what is understood of each server's way to
// report, in testdata/bounce, with the golden file: a line for each mail.
func TestBounceSpecimens(t *testing.T) {
	files, err := filepath.Glob("testdata/bounce/*.eml")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d mails: %v", len(files), err)
	}
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		raw = bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
		in := Parse(raw, Options{Own: []string{"helpdesk@corp.example"}})
		checkInvariants(t, raw, in)
		checkBounce(t, in)
		err = enc.Encode(struct {
			Name   string          `json:"name"`
			Class  tracker.Class   `json:"class"`
			Bounce *tracker.Bounce `json:"bounce,omitempty"`
			Tokens []string        `json:"tokens,omitempty"`
		}{strings.TrimSuffix(filepath.Base(f), ".eml"), in.Class, in.Bounce, in.ReplyTokens})
		if err != nil {
			t.Fatal(err)
		}
	}
	const golden = "testdata/bounce/golden.txt"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(got.String(), "\n") {
		if lines := strings.Split(string(want), "\n"); i >= len(lines) || lines[i] != line {
			t.Errorf("got %s", line)
		}
	}
}

// checkBounce fails unless what was read of a report is clean and bounded.
func checkBounce(t testing.TB, in tracker.Inbound) {
	t.Helper()
	b := in.Bounce
	if (b != nil) != (in.Class == tracker.ClassBounce || in.Class == tracker.ClassDeliveryNotice) {
		t.Fatalf("class %s with bounce %+v", in.Class, b)
	}
	if b == nil {
		return
	}
	if len(b.Recipients) > 200 {
		t.Fatalf("%d recipients", len(b.Recipients))
	}
	for _, r := range b.Recipients {
		local, domain, _ := strings.Cut(r, "@")
		if local == "" || domain == "" || len(r) > 400 || strings.ContainsAny(r, " \t\r\n\x00<>") {
			t.Fatalf("recipient %q", r)
		}
	}
	for _, s := range []string{b.OriginalMessageID, b.Status, b.Reason} {
		if len(s) > 998 || strings.ContainsAny(s, "\r\n\x00\t") {
			t.Fatalf("not one line: %q", s)
		}
	}
	if b.Reason == "" || b.Permanent && in.Class != tracker.ClassBounce {
		t.Fatalf("%s: %+v", in.Class, b)
	}
}

func FuzzBounce(f *testing.F) {
	files, err := filepath.Glob("testdata/bounce/*.eml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add(dsn("failed", "5.1.1", "no"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		in := Parse(raw, Options{})
		checkInvariants(t, raw, in)
		checkBounce(t, in)
		again, _ := json.Marshal(Parse(raw, Options{}).Bounce)
		if first, _ := json.Marshal(in.Bounce); !bytes.Equal(first, again) {
			t.Fatalf("read twice: %s, then %s", first, again)
		}
	})
}
