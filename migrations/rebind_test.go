package migrations

import (
	"strings"
	"testing"
)

// Lists have any length, and texts that differ in it must not gather.
func TestTextsOfManyLengthsAreNotRemembered(t *testing.T) {
	remembered := func() (n int) {
		rebound.Range(func(any, any) bool { n++; return true })
		return n
	}
	before := remembered()
	for n := 1; n <= 3000; n++ {
		q := `SELECT id FROM message WHERE identity IN (?` + strings.Repeat(`, ?`, n) + `)`
		if got := rebind(Postgres, q); !strings.Contains(got, "$2") || strings.Contains(got, "?") {
			t.Fatalf("rebound to %q", got)
		}
	}
	if more := remembered() - before; more > 100 {
		t.Errorf("%d texts are remembered", more)
	}
}
