package tracker

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestSubjectOf: a mail without a subject is called by its first line, cut
// after a word and with the sign that it goes on.
func TestSubjectOf(t *testing.T) {
	long := "Forgot the subject. Also forgot my password, which is why I am writing from the phone of a colleague"
	for _, c := range []struct{ in, want Inbound }{
		{Inbound{Subject: "Printer"}, Inbound{Subject: "Printer"}},
		{Inbound{Subject: " \t", Reply: "\nHelp!\nNow."}, Inbound{Subject: "Help!"}},
		{Inbound{Reply: long}, Inbound{Subject: "Forgot the subject. Also forgot my password, which is why I am writing from the…"}},
		{Inbound{Reply: long[:80]}, Inbound{Subject: long[:79]}},
		{Inbound{}, Inbound{Subject: "(no subject)"}},
	} {
		if got := subjectOf(&c.in); got != c.want.Subject {
			t.Errorf("%q, %q: %q, want %q", c.in.Subject, c.in.Reply, got, c.want.Subject)
		}
	}
	one := Inbound{Reply: strings.Repeat("ü", 200)}
	if got := subjectOf(&one); !utf8.ValidString(got) || !strings.HasSuffix(got, "ü…") || len(got) > 90 {
		t.Errorf("one long word: %q", got)
	}
}
