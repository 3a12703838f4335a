package ingest

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode/utf32"

	"helpdeskd/tracker/transfer"
)

// decodeCharset turns bytes in a declared charset into UTF-8. It never fails:
// an unknown or wrong label is replaced by what the bytes look like, and the
// note says so, "" when all went well.
func decodeCharset(b []byte, label string) (text, note string) {
	label = strings.ToLower(strings.Trim(label, " \t\"'"))
	switch label {
	case "utf-8", "utf8", "us-ascii", "ascii", "":
		if utf8.Valid(b) && !escaped2022(b) {
			return string(b), ""
		}
		return guessCharset(b, label)
	}
	if isUTF7(label) {
		return decodeUTF7(b), ""
	}
	out, known, err := convert(b, label)
	if !known {
		t, _ := guessCharset(b, "")
		return t, "unknown charset " + cleanLine(label, 40)
	}
	if err != nil {
		return guessCharset(b, label)
	}
	if bytes.ContainsRune(out, utf8.RuneError) && hasHigh(b) && utf8.Valid(b) {
		return string(b), "the text is UTF-8, not " + label
	}
	return string(out), ""
}

// guessCharset reads bytes whose label is missing or wrong.
func guessCharset(b []byte, label string) (text, note string) {
	if escaped2022(b) {
		if enc, _ := htmlindex.Get("iso-2022-jp"); enc != nil {
			if out, err := enc.NewDecoder().Bytes(b); err == nil {
				return string(out), "no charset is declared; read as ISO-2022-JP"
			}
		}
	}
	if utf8.Valid(b) {
		return string(b), ""
	}
	if mostlyUTF8(b) {
		return mendUTF8(b), "some bytes are not valid UTF-8"
	}
	if enc, name := guessAsian(b); enc != nil {
		if out, err := enc.NewDecoder().Bytes(b); err == nil && !bytes.ContainsRune(out, utf8.RuneError) {
			return string(out), "the charset is not declared rightly; read as " + name
		}
	}
	out, err := charmap.Windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD"), "unreadable bytes"
	}
	return string(out), "the charset is not declared rightly; read as Windows-1252"
}

// convert decodes by a label: what browsers mean by it first (it is what
// mailers mean too), then what go-message knows by that name.
func convert(b []byte, label string) (out []byte, known bool, err error) {
	if enc := findEncoding(label); enc != nil {
		out, err = enc.NewDecoder().Bytes(b)
		return out, true, err
	}
	r, err := charset.Reader(label, bytes.NewReader(b))
	if err != nil {
		return nil, false, nil
	}
	out, err = io.ReadAll(r)
	return out, true, err
}

func findEncoding(label string) encoding.Encoding {
	if enc, err := htmlindex.Get(label); err == nil && enc != nil && enc != encoding.Replacement {
		return enc
	}
	switch label {
	case "latin-1", "iso8859_1", "iso-8859-1-windows-3.0-latin-1":
		return charmap.Windows1252
	case "utf-32", "utf32", "utf-32be", "utf-32le":
		return utf32.UTF32(map[bool]utf32.Endianness{true: utf32.LittleEndian, false: utf32.BigEndian}[label == "utf-32le"], utf32.UseBOM)
	case "gb2312_charset", "gb_1988-80":
		label = "gb18030"
	case "ms949", "ks_c_5601_1987", "ksc5601", "euckr":
		label = "euc-kr"
	case "iso-2022-jp-1", "iso-2022-jp-2", "iso-2022-jp-3", "iso-2022-jp-ms", "cp50220", "cp50221":
		label = "iso-2022-jp"
	}
	if n, ok := strings.CutPrefix(label, "cp-"); ok {
		label = "windows-" + n
	} else if n, ok := strings.CutPrefix(label, "cp"); ok {
		label = "windows-" + n
	} else if n, ok := strings.CutPrefix(label, "iso8859-"); ok {
		label = "iso-8859-" + n
	} else if n, ok := strings.CutPrefix(label, "x-"); ok {
		label = n
	}
	if enc, err := htmlindex.Get(label); err == nil && enc != encoding.Replacement {
		return enc
	}
	return nil
}

// escaped2022 looks for the escapes into JIS X 0208 (RFC 1468), in 7-bit text.
func escaped2022(b []byte) bool {
	return bytes.IndexByte(b, 0x1b) >= 0 && (bytes.Contains(b, []byte("\x1b$B")) || bytes.Contains(b, []byte("\x1b$@"))) && !hasHigh(b)
}

func hasHigh(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return true
		}
	}
	return false
}

// mostlyUTF8 says whether more multi-byte characters are well formed than
// not: damaged UTF-8 rather than another charset.
func mostlyUTF8(b []byte) bool {
	good, bad := 0, 0
	for i := 0; i < len(b); {
		if b[i] < 0x80 {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			bad++
		} else {
			good++
		}
		i += n
	}
	return good > 2*bad
}

// guessAsian recognises runs of double-byte text; single accented letters of
// a western charset stand alone between ASCII letters.
func guessAsian(b []byte) (encoding.Encoding, string) {
	if len(b) > 64<<10 {
		b = b[:64<<10]
	}
	pairs, singles, gb := 0, 0, 0
	for i := 0; i < len(b); i++ {
		if b[i] < 0x81 {
			continue
		}
		if i+1 < len(b) && b[i+1] >= 0x81 {
			pairs++
			if b[i] >= 0xb0 && b[i] <= 0xf7 && b[i+1] >= 0xa1 {
				gb++
			}
			i++
		} else {
			singles++
		}
	}
	if pairs < 2 || singles*4 > pairs || gb*10 < pairs*7 {
		return nil, ""
	}
	enc, _ := htmlindex.Get("gb18030")
	return enc, "GB 18030"
}

// mendUTF8 keeps what is valid and reads lone other bytes as Windows-1252:
// footers in another charset are glued to mails all the time.
func mendUTF8(b []byte) string {
	var out strings.Builder
	out.Grow(len(b) + 16)
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			alone := i+1 >= len(b) || b[i+1] < 0x80
			if b[i] >= 0xa0 && alone && (i == 0 || b[i-1] < 0x80) {
				r = rune(b[i])
			}
		}
		out.WriteRune(r)
		i += n
	}
	return out.String()
}

func isUTF7(label string) bool {
	switch label {
	case "utf-7", "utf7", "unicode-1-1-utf-7", "x-unicode-1-1-utf-7", "csunicode11utf7", "unicode-2-0-utf-7":
		return true
	}
	return false
}

// decodeUTF7 decodes RFC 2152. Only plain text and headers are ever given to
// it: in HTML it would smuggle markup past filters.
func decodeUTF7(b []byte) string {
	var out strings.Builder
	for i := 0; i < len(b); i++ {
		if b[i] != '+' {
			if b[i] < 0x80 {
				out.WriteByte(b[i])
			} else {
				out.WriteRune(utf8.RuneError)
			}
			continue
		}
		if i+1 < len(b) && b[i+1] == '-' {
			out.WriteByte('+')
			i++
			continue
		}
		var units []uint16
		acc, bits := uint32(0), 0
		j := i + 1
		for ; j < len(b); j++ {
			v, ok := transfer.Sextet(b[j])
			if !ok || b[j] == '-' || b[j] == '_' {
				break
			}
			acc, bits = acc<<6|uint32(v), bits+6
			if bits >= 16 {
				bits -= 16
				units = append(units, uint16(acc>>bits))
				acc &= 1<<bits - 1
			}
		}
		if len(units) == 0 {
			out.WriteByte('+')
			continue
		}
		out.WriteString(string(utf16.Decode(units)))
		if j < len(b) && b[j] == '-' {
			j++
		}
		i = j - 1
	}
	return out.String()
}
