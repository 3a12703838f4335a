package chart

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden pictures anew")

// pictures are one of each kind and of each edge.
func pictures() map[string]string {
	year := make([]Column, 12)
	for i := range year {
		year[i] = Column{Word: string("JFMAMJJASOND"[i]), Full: "Month " + string(rune('A'+i)), N: int64(i * i), To: "/tickets?from=2026-01-01&to=2026-01-31"}
	}
	year[0].To = ""
	return map[string]string{
		"columns":         Columns("Requests by month", "From January to December", year),
		"columns-plain":   Columns("Hours", "", []Column{{Word: "M", Full: "Monday", N: 3, Show: "3 h"}, {Word: "T", Full: "Tuesday", N: 12345}}),
		"columns-hostile": Columns(`<script>"&`, `</desc><script>`, []Column{{Word: `<b>`, Full: `"><script>`, N: 1, Show: `<i>`, To: `javascript:"x"`}}),
		"columns-none":    Columns("Nothing", "", nil),
		"columns-zero":    Columns("Nothing yet", "", []Column{{Word: "J", Full: "January"}, {Word: "F", Full: "February", N: -4}}),
		"row":             Row(3, 7),
		"row-little":      Row(1, 100000),
		"row-none":        Row(0, 0),
		"row-all":         Row(9, 3),
		"line":            Line("Course", "falling", []int64{9, 4, 4, 1, 0}),
		"line-one":        Line("Course", "", []int64{5}),
		"line-none":       Line("Course", "", nil),
		"parts":           Parts("Open requests", "", []Part{{"stops work", 2, "bad"}, {"impedes", 0, "warn"}, {"inconvenience", 998, "calm"}}),
		"parts-none":      Parts("Open requests", "", []Part{{"a", 0, "bad"}, {"b", -1, "warn"}}),
	}
}

func TestGolden(t *testing.T) {
	for name, got := range pictures() {
		file := filepath.Join("testdata", name+".svg")
		if *update {
			if err := os.WriteFile(file, []byte(got+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got+"\n" != string(want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}

// TestPicturesAreWellFormed: each is XML, has a name, and nothing that a
// Content-Security-Policy would refuse or a stranger's words could bring in.
func TestPicturesAreWellFormed(t *testing.T) {
	for name, svg := range pictures() {
		if svg == "" {
			continue
		}
		d := xml.NewDecoder(strings.NewReader(svg))
		first := true
		for {
			tok, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v in %s", name, err, svg)
			}
			e, ok := tok.(xml.StartElement)
			if !ok {
				continue
			}
			named := false
			for _, a := range e.Attr {
				named = named || a.Name.Local == "aria-label" || a.Name.Local == "aria-hidden"
				if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") {
					t.Errorf("%s: attribute %s", name, a.Name.Local)
				}
			}
			if (first || e.Name.Local == "a") && !named {
				t.Errorf("%s: <%s> has no name", name, e.Name.Local)
			}
			if e.Name.Local == "script" || e.Name.Local == "b" || e.Name.Local == "i" {
				t.Errorf("%s: a stranger's <%s>", name, e.Name.Local)
			}
			first = false
		}
	}
}
