package csvfile

import (
	"bufio"
	"io"
	"strings"
)

// Writer writes a CSV file. Errors are kept for Flush.
type Writer struct {
	b     *bufio.Writer
	begun bool
}

// NewWriter returns a writer of a new file.
func NewWriter(w io.Writer) *Writer { return &Writer{b: bufio.NewWriterSize(w, 32<<10)} }

// Write writes one row.
func (w *Writer) Write(cells ...string) {
	if !w.begun {
		w.b.WriteString("\ufeff")
		w.begun = true
	}
	for i, c := range cells {
		if i > 0 {
			w.b.WriteByte(',')
		}
		w.cell(Neutral(c), len(cells) == 1)
	}
	w.b.WriteString("\r\n")
}

func (w *Writer) cell(c string, alone bool) {
	if c == "" && alone { // else the row were a blank line
		w.b.WriteString(`""`)
		return
	}
	if !strings.ContainsAny(c, ",\"\r\n;\t|") && strings.TrimSpace(c) == c {
		w.b.WriteString(c)
		return
	}
	w.b.WriteByte('"')
	w.b.WriteString(strings.ReplaceAll(c, `"`, `""`))
	w.b.WriteByte('"')
}

// Flush writes what is left and returns the first error.
func (w *Writer) Flush() error { return w.b.Flush() }
