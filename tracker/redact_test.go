package tracker

import (
	"slices"
	"testing"
)

func TestRedacting(t *testing.T) {
	names := fullNames([]string{"Anna Berg", "Berg, Anna", "anna@aldermere.example", "Anna", ""})
	if !slices.Equal(names, []string{"Anna Berg", "Berg Anna", "Berg, Anna"}) {
		t.Fatalf("names %q", names)
	}
	redact := redactor([]string{"anna@aldermere.example"}, names)
	for text, want := range map[string]string{
		"Anna Berg <ANNA@aldermere.example>, Bo":                                                               "[erased] <[erased]>, Bo",
		"anna@aldermere.example anna@aldermere.example anna@aldermere.example.":                                "[erased] [erased] [erased].",
		"joanna@aldermere.example and jo.anna@aldermere.example":                                               "joanna@aldermere.example and jo.anna@aldermere.example",
		"Hello BERG,\n anna and Anna\u00a0Bergmann":                                                            "Hello [erased] and Anna\u00a0Bergmann",
		`{"a":"Anna Berg \u003canna@aldermere.example\u003e\nanna@aldermere.example\nanna@aldermere.example"}`: `{"a":"[erased] \u003c[erased]\u003e\n[erased]\n[erased]"}`,
		"Anna is well": "Anna is well",
	} {
		if got := redact(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	if redactor(nil, nil)("x") != "x" {
		t.Error("nothing to take out took something")
	}
}

func TestAWholeAddressInARawMail(t *testing.T) {
	for raw, want := range map[string]bool{
		"to: <anna@aldermere.example>":                        true,
		"anna@aldermere.example":                              true,
		"joanna@aldermere.example, anna@aldermere.example.":   true,
		"q=3danna@aldermere.example=20":                       true,
		"mailto:%3canna@aldermere.example%3e":                 true,
		"“anna@aldermere.example”":                            true,
		"joanna@aldermere.example":                            false,
		"jo.anna@aldermere.example":                           false,
		"jo-anna@aldermere.example jo+anna@aldermere.example": false,
		"éanna@aldermere.example":                             false,
		"anna@aldermere.examples":                             false,
	} {
		if got := wholeIn([]byte(raw), "anna@aldermere.example"); got != want {
			t.Errorf("%q: %v", raw, got)
		}
	}
}
