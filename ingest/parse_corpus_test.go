package ingest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"helpdeskd/tracker"
)

// corpusDir finds the mail corpora beside the project, or skips.
func corpusDir(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("HELPDESKD_CORPUS"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 6; i++ {
		dir = filepath.Dir(dir)
		if c := filepath.Join(dir, "shared", "corpus"); isDir(c) {
			return c
		}
	}
	t.Skip("no mail corpora: set HELPDESKD_CORPUS or put them in ../shared/corpus")
	return ""
}

func isDir(p string) bool {
	st, err := os.Stat(p)
	return err == nil && st.IsDir()
}

func load(t testing.TB, set string, into any) string {
	t.Helper()
	dir := filepath.Join(corpusDir(t), set)
	raw, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Skipf("corpus %s is absent: %v", set, err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
	return dir
}

func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == 0x200b || r == 0xfeff {
			return -1
		}
		return r
	}, s)
}

func label(s string) string { return strings.ToLower(strings.TrimRight(squeeze(s), ":?*")) }

// TestCorpusForms: every form specimen must be read right, whole and in order.
func TestCorpusForms(t *testing.T) {
	var exp struct {
		Specimens []struct {
			File      string
			IsForm    bool `json:"is_form"`
			Source    string
			Requester struct{ Email, Name string }
			Pairs     []struct {
				Q, A, Date string
				Files      []struct {
					Name string
					Link string
					Size int64
				}
			}
			Subject   string `json:"suggested_subject"`
			ReplyText string `json:"reply_text"`
		}
	}
	dir := load(t, "forms", &exp)
	for _, x := range exp.Specimens {
		t.Run(x.File, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(dir, x.File))
			if err != nil {
				t.Fatal(err)
			}
			in := Parse(raw, Options{Own: []string{"helpdesk@aldermere.example"}})
			if in.Class != tracker.ClassHuman {
				t.Errorf("class %s: %s", in.Class, in.ClassReason)
			}
			if (in.Form != nil) != x.IsForm {
				t.Fatalf("form %v, want %v", in.Form != nil, x.IsForm)
			}
			if in.Form == nil {
				if in.Reply != x.ReplyText {
					t.Errorf("reply %q, want %q", in.Reply, x.ReplyText)
				}
				return
			}
			f := in.Form
			if f.Source != x.Source || f.Requester.Address != x.Requester.Email || f.Requester.Name != x.Requester.Name {
				t.Errorf("source %q, requester %+v", f.Source, f.Requester)
			}
			if f.Subject != x.Subject {
				t.Errorf("subject %q, want %q", f.Subject, x.Subject)
			}
			if len(f.Answers) != len(x.Pairs) {
				t.Fatalf("%d answers, want %d: %+v", len(f.Answers), len(x.Pairs), f.Answers)
			}
			for i, p := range x.Pairs {
				a := f.Answers[i]
				if label(a.Question) != label(p.Q) || squeeze(a.Answer) != squeeze(p.A) {
					t.Errorf("answer %d: %q = %q, want %q = %q", i, a.Question, a.Answer, p.Q, p.A)
				}
				if p.Date != "" && a.Date != p.Date {
					t.Errorf("%q: date %q, want %q", a.Question, a.Date, p.Date)
				}
				if p.Date != "" && len(a.Meaning) > 0 && a.Meaning != tracker.MeansStarted {
					t.Errorf("%q means %q", a.Question, a.Meaning)
				}
				for j, w := range p.Files {
					if j >= len(a.Files) || a.Files[j].Name != w.Name || a.Files[j].Link != w.Link || a.Files[j].Size != w.Size {
						t.Errorf("%q: files %+v", a.Question, a.Files)
					}
				}
			}
		})
	}
}

// checkInvariants is what holds for any bytes at all.
func checkInvariants(t testing.TB, raw []byte, in tracker.Inbound) {
	t.Helper()
	checkTidy(t, in)
	for name, s := range map[string]string{"subject": in.Subject, "text": in.Text, "reply": in.Reply, "quoted": in.Quoted, "message id": in.MessageID, "topic": in.ThreadTopic} {
		if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\r") {
			t.Fatalf("%s is not clean: %q", name, s)
		}
	}
	if strings.ContainsAny(in.Subject, "\n\t") || len(in.Subject) > maxSubject || len(in.MessageID) > 998 {
		t.Fatalf("subject or id out of bounds: %q %q", in.Subject, in.MessageID)
	}
	if len(in.Text) > maxText {
		t.Fatalf("%d bytes of text", len(in.Text))
	}
	if in.Class == "" || in.Class == tracker.ClassMalformed && in.FromDefect == "" {
		t.Fatalf("class %q without a defect of From", in.Class)
	}
	if len(in.References) > maxReferences {
		t.Fatalf("%d references", len(in.References))
	}
	for _, p := range in.Parts {
		if p.Offset < 0 || p.Length < 0 || p.Offset+p.Length > int64(len(raw)) {
			t.Fatalf("part %+v is outside of %d bytes", p, len(raw))
		}
		if !utf8.ValidString(p.Name) || strings.ContainsAny(p.Name, "/\\\x00\r\n") || len(p.Name) > 255 {
			t.Fatalf("part name %q", p.Name)
		}
	}
	for _, list := range [][]tracker.Address{in.From, in.To, in.Cc, in.ReplyTo} {
		for _, a := range list {
			if !utf8.ValidString(a.Name+a.Address) || strings.ContainsAny(a.Name+a.Address, "\x00\r\n") {
				t.Fatalf("address %+v", a)
			}
		}
	}
}
