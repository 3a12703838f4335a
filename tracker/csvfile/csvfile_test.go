package csvfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

func all(t testing.TB, data []byte) (*File, []Row) {
	t.Helper()
	f, err := Open(data, 0)
	if err != nil {
		t.Fatal(err)
	}
	var rows []Row
	for r := f.Rows(); ; {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return f, rows
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
}

func show(rows []Row) string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%d %q %s\n", r.N, r.Cells, r.Trouble)
	}
	return b.String()
}

func utf16of(s string, order binary.AppendByteOrder, mark bool) []byte {
	var b []byte
	if mark {
		b = order.AppendUint16(b, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

func TestReading(t *testing.T) {
	plain := "1 [\"Tag\" \"Name\"] \n2 [\"IT-1\" \"Büro 😀\"] \n"
	for name, c := range map[string]struct {
		data     []byte
		encoding string
		delim    byte
		want     string
	}{
		"plain":              {[]byte("Tag,Name\nIT-1,Büro 😀\n"), UTF8, ',', plain},
		"mark":               {[]byte("\xef\xbb\xbfTag,Name\r\nIT-1,Büro 😀\r\n"), UTF8, ',', plain},
		"UTF-16 LE":          {utf16of("Tag;Name\r\nIT-1;Büro 😀\r\n", binary.LittleEndian, true), UTF16, ';', plain},
		"UTF-16 BE":          {utf16of("Tag\tName\r\nIT-1\tBüro 😀\r\n", binary.BigEndian, true), UTF16, '\t', plain},
		"UTF-16 unmarked":    {utf16of("Tag,Name\nIT-1,Buero\n", binary.LittleEndian, false), UTF16, ',', "1 [\"Tag\" \"Name\"] \n2 [\"IT-1\" \"Buero\"] \n"},
		"Windows-1252":       {[]byte("Tag;Name\r\nIT-1;B\xfcro \x80 5\r\n"), Windows1252, ';', "1 [\"Tag\" \"Name\"] \n2 [\"IT-1\" \"Büro € 5\"] \n"},
		"damaged UTF-8":      {[]byte("Tag,Name\nIT-1,äöüÄÖÜ\xff\n"), UTF8, ',', "1 [\"Tag\" \"Name\"] \n2 [\"IT-1\" \"äöüÄÖÜ\uFFFD\"] unread\n"},
		"CR":                 {[]byte("a,b\rc,d\r"), UTF8, ',', "1 [\"a\" \"b\"] \n2 [\"c\" \"d\"] \n"},
		"mixed ends":         {[]byte("a,b\r\nc,d\ne,f\rg,h"), UTF8, ',', "1 [\"a\" \"b\"] \n2 [\"c\" \"d\"] \n3 [\"e\" \"f\"] \n4 [\"g\" \"h\"] \n"},
		"pipe":               {[]byte("a|b|c\n1|2|3\n"), UTF8, '|', "1 [\"a\" \"b\" \"c\"] \n2 [\"1\" \"2\" \"3\"] \n"},
		"sep line":           {[]byte("sep=;\r\na,b;c\r\nd,e;f\r\n"), UTF8, ';', "1 [\"a,b\" \"c\"] \n2 [\"d,e\" \"f\"] \n"},
		"decimal commas":     {[]byte("tag;cost;x\n1;2,50;a, b\n2;3,75;c, d\n"), UTF8, ';', "1 [\"tag\" \"cost\" \"x\"] \n2 [\"1\" \"2,50\" \"a, b\"] \n3 [\"2\" \"3,75\" \"c, d\"] \n"},
		"quotes over lines":  {[]byte("a,b\n\"x\r\ny\",\"say \"\"hi\"\"\"\n"), UTF8, ',', "1 [\"a\" \"b\"] \n2 [\"x\\ny\" \"say \\\"hi\\\"\"] \n"},
		"spaces and quotes":  {[]byte("a, \"b, c\" ,d\n"), UTF8, ',', "1 [\"a\" \"b, c\" \"d\"] \n"},
		"undoubled quotes":   {[]byte("a,b\n\"24\" screen\",2\n"), UTF8, ',', "1 [\"a\" \"b\"] \n2 [\"24\\\" screen\" \"2\"] \n"},
		"quote within":       {[]byte("a,b\n24\" screen,2\n"), UTF8, ',', "1 [\"a\" \"b\"] \n2 [\"24\\\" screen\" \"2\"] \n"},
		"ragged":             {[]byte("a,b,c\n1\n1,2,3,4\n"), UTF8, ',', "1 [\"a\" \"b\" \"c\"] \n2 [\"1\"] \n3 [\"1\" \"2\" \"3\" \"4\"] \n"},
		"blank rows":         {[]byte("a,b\n\n,\n1,2\n\n\n"), UTF8, ',', "1 [\"a\" \"b\"] \n2 [\"\"] \n3 [\"\" \"\"] \n4 [\"1\" \"2\"] \n5 [\"\"] \n6 [\"\"] \n"},
		"ends in delimiter":  {[]byte("a,b\n1,"), UTF8, ',', "1 [\"a\" \"b\"] \n2 [\"1\" \"\"] \n"},
		"never closes":       {[]byte("a,b\n1,\"x\n2,y\n"), UTF8, ',', "1 [\"a\" \"b\"] \n2 [\"1\" \"\\\"x\"] unclosed\n3 [\"2\" \"y\"] \n"},
		"formulas come back": {[]byte("a,b\n'=1+1,'-2\n''=x,'tis\n=1+1,\"=\"\"0012\"\"\"\n"), UTF8, ',', "1 [\"a\" \"b\"] \n2 [\"=1+1\" \"-2\"] \n3 [\"'=x\" \"'tis\"] \n4 [\"=1+1\" \"0012\"] \n"},
		"one column":         {[]byte("serial\nA1\nA2"), UTF8, ',', "1 [\"serial\"] \n2 [\"A1\"] \n3 [\"A2\"] \n"},
	} {
		f, rows := all(t, c.data)
		if f.Encoding != c.encoding || f.Delimiter != c.delim || show(rows) != c.want {
			t.Errorf("%s: %s %q\n%swant\n%s", name, f.Encoding, f.Delimiter, show(rows), c.want)
		}
	}
}

func TestWhatIsNoCSV(t *testing.T) {
	for data, want := range map[string]error{"": ErrEmpty, " \r\n \n": ErrEmpty, "\xef\xbb\xbf": ErrEmpty, "PK\x03\x04xl/workbook": ErrWorkbook,
		"\xd0\xcf\x11\xe0\xa1\xb1": ErrWorkbook, "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR": ErrBinary} {
		if _, err := Open([]byte(data), 0); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", data, err, want)
		}
	}
	f, err := Open([]byte("a,b\n"+strings.Repeat("\"x,y\n", 60000)), 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for r := f.Rows(); err == nil; n++ {
		_, err = r.Read()
	}
	if !errors.Is(err, ErrBroken) || n > 200 {
		t.Errorf("after %d rows: %v", n, err)
	}
}

func TestBounds(t *testing.T) {
	_, rows := all(t, []byte("a,b\n"+strings.Repeat("x,", MaxColumns)+"y\n"+strings.Repeat("z", MaxCell+10)+",2\n1,2\n"))
	if rows[1].Trouble != TooWide || len(rows[1].Cells) != MaxColumns || rows[2].Trouble != TooLong || len(rows[2].Cells[0]) != MaxCell || rows[3].Trouble != "" || rows[3].N != 4 {
		t.Fatal(len(rows), rows[1].Trouble, rows[2].Trouble, rows[3])
	}
}

func TestWriting(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	w.Write("tag", "purpose", "cost")
	w.Write("IT-1", `a "good", one`, "1200.00")
	w.Write("=cmd|' /C calc'!A0", "+1", "-2")
	w.Write("@x", "\tx", "'=1")
	w.Write("line\nline", " space ", "")
	w.Write("'tis", "＝1", "")
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	want := "\ufefftag,purpose,cost\r\nIT-1,\"a \"\"good\"\", one\",1200.00\r\n'=cmd|' /C calc'!A0,'+1,'-2\r\n'@x,\"'\tx\",''=1\r\n\"line\nline\",\" space \",\r\n'tis,'＝1,\r\n"
	want = strings.Replace(want, "'=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\"", 1)
	if b.String() != want {
		t.Fatalf("got\n%q\nwant\n%q", b.String(), want)
	}
	_, rows := all(t, b.Bytes())
	if rows[2].Cells[0] != "=cmd|' /C calc'!A0" || rows[2].Cells[2] != "-2" || rows[3].Cells[1] != "\tx" || rows[3].Cells[2] != "'=1" || rows[4].Cells[1] != " space " {
		t.Fatal(show(rows))
	}
}

// TestManyRowsTakeLittleMemory: what is held does not grow with the rows.
func TestManyRowsTakeLittleMemory(t *testing.T) {
	data := []byte("tag,model,serial,purpose\r\n" + strings.Repeat("IT-1,Latitude 5440,SN12345678,\"for the front desk, ground floor\"\r\n", 100_000))
	f, err := Open(data, 0)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n, peak := 0, uint64(0)
	for r := f.Rows(); ; n++ {
		row, err := r.Read()
		if err != nil {
			break
		}
		if n > 0 && (len(row.Cells) != 4 || row.N != n+1) {
			t.Fatalf("row %d: %q", row.N, row.Cells)
		}
		if n%20_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&after)
			if after.HeapAlloc > before.HeapAlloc {
				peak = max(peak, after.HeapAlloc-before.HeapAlloc)
			}
		}
	}
	if n != 100_001 || peak > 1<<20 {
		t.Fatalf("%d rows, %d bytes more are held", n, peak)
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"a,b\n1,2", "\"a\nb\";c\r\n", "sep=|\na|b", "\xff\xfea\x00", "a\tb\n\"\"\"", "'=1,''=2\n", "\"x\"y,z\r\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Open(data, 0)
		if err != nil {
			return
		}
		n := 0
		for r := file.Rows(); ; {
			row, err := r.Read()
			if err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, ErrBroken) {
					t.Fatal(err)
				}
				return
			}
			if n++; row.N != n || n > len(data)+1 || len(row.Cells) == 0 || len(row.Cells) > MaxColumns+1 {
				t.Fatalf("row %d of %d bytes has number %d and %d cells", n, len(data), row.N, len(row.Cells))
			}
			for _, c := range row.Cells {
				if !utf8.ValidString(c) {
					t.Fatalf("%q is no text", c)
				}
			}
		}
	})
}

// FuzzRoundTrip: what was written is read back exactly, and no cell is a formula.
func FuzzRoundTrip(f *testing.F) {
	f.Add("a", "=1", "'=1", "x\ny")
	f.Add("", "", "", "")
	f.Add("\"", ",", ";;;", " '+")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		cells := []string{a, b, c, d}
		for i := range cells {
			cells[i] = strings.ReplaceAll(strings.ReplaceAll(strings.ToValidUTF8(cells[i], ""), "\r\n", "\n"), "\x00", "")
			if strings.ContainsRune(cells[i], utf8.RuneError) || len(cells[i]) > MaxCell/2 || len(cells[i]) > 0 && Undo(Neutral(cells[i])) != cells[i] {
				if Undo(Neutral(cells[i])) != cells[i] {
					t.Fatalf("%q comes back as %q", cells[i], Undo(Neutral(cells[i])))
				}
				return
			}
		}
		var buf bytes.Buffer
		w := NewWriter(&buf)
		w.Write("tag", "model", "serial", "place")
		w.Write(cells...)
		w.Flush()
		file, err := Open(buf.Bytes(), ',')
		if err != nil {
			t.Fatal(err)
		}
		r := file.Rows()
		r.Read()
		row, err := r.Read()
		if err != nil || !slices.Equal(row.Cells, cells) || row.Trouble != "" {
			t.Fatalf("%q came back as %q (%v) from %q", cells, row.Cells, err, buf.String())
		}
	})
}
