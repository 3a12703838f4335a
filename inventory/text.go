package inventory

import (
	"strings"
	"time"
	"unicode/utf8"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// The longest texts, in characters.
const (
	maxName  = 100
	maxTag   = 60
	maxText  = 2_000
	maxSpecs = 10_000
	maxMoney = 1_000_000_000_000 // minor units; amounts are below it

	maxQuantity = 1_000_000
)

// textLine returns s as one clean line of at most limit characters.
func textLine(field, what, s string, limit int) (string, error) {
	return shorter(field, what, tracker.OneLine(s), limit)
}

// textLines returns s as clean text of at most limit characters.
func textLines(field, what, s string, limit int) (string, error) {
	return shorter(field, what, tracker.ManyLines(s), limit)
}

func shorter(field, what, s string, limit int) (string, error) {
	if n := utf8.RuneCountInString(s); n > limit {
		return "", migrations.InvalidAt(field, "The %s has %d characters, %d are the most.", what, n, limit)
	}
	return s, nil
}

// parseDay returns a calendar day as it is stored, 2026-11-22, or "" for none.
func parseDay(field, what, s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return "", migrations.InvalidAt(field, "The %s %q is no day of the calendar. Please write it like 2026-11-22.", what, clip(s, 40))
	}
	if y := t.Year(); y < 1970 || y > 2200 {
		return "", migrations.InvalidAt(field, "The %s %s is not between the years 1970 and 2200.", what, s)
	}
	return s, nil
}

// checkMoney refuses amounts that can not be.
func checkMoney(field, what string, amount *int64) error {
	switch {
	case amount == nil:
		return nil
	case *amount < 0:
		return migrations.InvalidAt(field, "The %s can not be negative.", what)
	case *amount >= maxMoney:
		return migrations.InvalidAt(field, "The %s is too large.", what)
	}
	return nil
}

// parseCurrency returns an ISO 4217 code's three letters, "" for none.
func parseCurrency(s string) (string, error) {
	s = strings.ToUpper(strings.TrimSpace(s))
	if s == "" {
		return "", nil
	}
	if len(s) != 3 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", migrations.InvalidAt("currency", "A currency is three letters, like EUR, not %q.", clip(s, 40))
	}
	return s, nil
}

// foldSerial returns a serial as it is compared: however it is cased and spaced.
func foldSerial(s string) string { return strings.ReplaceAll(tracker.Fold(s), " ", "") }

// clip returns at most n characters of s, and … where there are more.
func clip(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i] + "…"
		}
		n--
	}
	return s
}

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// orNull returns id as a column that may be null holds it.
func orNull(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

// orZero is the reverse of orNull.
func orZero(id *int64) int64 {
	if id == nil {
		return 0
	}
	return *id
}

func same(a, b *int64) bool { return orZero(a) == orZero(b) }
