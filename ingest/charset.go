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
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode/utf32"

	"helpdeskd/tracker/transfer"
)

// decodeCharset turns bytes in a declared charset into UTF-8. It never fails:
// an unknown or wrong label is replaced by what the bytes look like, and the
// note says so, "" when all went well.
func decodeCharset(b []byte, label string) (text, note string) {
	label = tidyLabel(label)
	if wide := guessWide(b); wide != "" {
		if out, known, err := convert(b, wide); known && err == nil {
			if strings.HasPrefix(label, "utf-16") || strings.HasPrefix(label, "utf-32") || strings.HasPrefix(label, "ucs-") {
				return string(out), ""
			}
			return string(out), "the charset is not declared rightly; read as " + strings.ToUpper(wide)
		}
	}
	if label == "" || label == "utf-8" || label == "us-ascii" {
		if utf8.Valid(b) && !escaped(b) {
			return string(b), ""
		}
		return guessCharset(b)
	}
	if isUTF7(label) {
		return decodeUTF7(b), ""
	}
	if t, _, ok := shifted(b); ok {
		return t, ""
	}
	out, known, err := convert(b, label)
	if !known {
		t, _ := guessCharset(b)
		return t, "unknown charset " + cleanLine(label, 40)
	}
	if err != nil {
		return guessCharset(b)
	}
	return doubt(b, out, label)
}

// doubt asks whether a text that could be decoded by its label was meant so:
// programs label mail without looking at it.
func doubt(b, out []byte, label string) (text, note string) {
	if !hasHigh(b) {
		if escaped(b) && !bytes.Contains(out, []byte("\uFFFD")) && bytes.IndexByte(out, 0x1b) < 0 {
			return string(out), "" // the label is ISO-2022 itself
		}
		if escaped(b) {
			return guessCharset(b)
		}
		return string(out), ""
	}
	broken := bytes.Contains(out, []byte("\uFFFD"))
	western := isWestern(label)
	if (broken || western) && utf8.Valid(b) {
		return string(b), "the text is UTF-8, not " + label
	}
	if !broken && western && lonely(b) {
		return string(out), "" // what nearly every western text is
	}
	own, wide := -100.0, false
	if western {
		own = candidates[0].rate(sample(b))
	} else if enc := findEncoding(label); enc != nil {
		for _, c := range candidates {
			if c.enc == enc {
				own, wide = c.rate(sample(b)), c.wide
				break
			}
		}
	}
	if !broken && !western && (!wide || own >= 1.5) {
		return string(out), ""
	}
	if mostlyUTF8(b) {
		return mendUTF8(b), "some bytes are not valid UTF-8"
	}
	guess, plain := guessEncoding(b)
	if broken && plain > own || plain >= 1.8 && plain > own+1.2 {
		if t, err := guess.enc.NewDecoder().Bytes(b); err == nil {
			return string(t), "the text is " + guess.name + ", not " + label
		}
	}
	return string(out), ""
}

// isWestern says whether a label is what programs write that never ask.
func isWestern(label string) bool {
	switch label {
	case "iso-8859-1", "iso-8859-15", "windows-1252", "latin-1", "latin1":
		return true
	}
	return false
}

// lonely says whether bytes beyond ASCII mostly stand alone, as accented
// letters do, among letters that are ASCII.
func lonely(b []byte) bool {
	alone, beside := 0, 0
	b = sample(b)
	for i, c := range b {
		if c < 0x80 {
			continue
		}
		if i > 0 && b[i-1] >= 0x80 || i+1 < len(b) && b[i+1] >= 0x80 {
			beside++
		} else {
			alone++
		}
	}
	return beside < 4 || beside < 2*alone && (alone+beside)*10 < len(b)*3
}

// guessCharset reads bytes whose label is missing or wrong.
func guessCharset(b []byte) (text, note string) {
	if t, name, ok := shifted(b); ok {
		return t, "no charset is declared; read as " + name
	}
	if escaped(b) {
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
	guess, _ := guessEncoding(b)
	out, err := guess.enc.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD"), "unreadable bytes"
	}
	return string(out), "the charset is not declared rightly; read as " + guess.name
}

// tidyLabel brings the many spellings of a few labels together.
func tidyLabel(label string) string {
	label = strings.ToLower(strings.Trim(label, " \t\"'`;,<>"))
	label = strings.TrimPrefix(label, "charset=")
	switch label {
	case "utf8", "utf_8", "utf-8-sig", "utf8mb4", "utf-8n", "unicode-1-1-utf-8", "cp65001", "x-utf8", "x-utf-8":
		return "utf-8"
	case "ascii", "us_ascii", "usascii", "ansi_x3.4-1968", "iso646-us", "7bit", "8bit", "binary", "none", "default", "unknown", "unknown-8bit", "x-unknown", "unspecified", "_charset_", "_autodetect", "_autodetect_all", "ansi":
		return "us-ascii"
	case "iso8859-1", "iso88591", "iso8859_1", "iso_8859-1", "8859-1", "8859_1", "iso-8859-1-windows-3.0-latin-1":
		return "iso-8859-1"
	case "windows1252", "win-1252", "win1252", "cp1252", "cp-1252", "x-cp1252", "ms-ansi":
		return "windows-1252"
	}
	for _, p := range []string{"win-", "win", "cp-", "windows", "windows_", "x-cp"} {
		if n, ok := strings.CutPrefix(label, p); ok && len(n) == 4 && strings.HasPrefix(n, "125") {
			return "windows-" + n
		}
	}
	for _, p := range []string{"cp-", "cp_", "ibm-", "dos-"} { // code pages of DOS
		if n, ok := strings.CutPrefix(label, p); ok && len(n) == 3 {
			return "cp" + n
		}
	}
	return label
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
		if enc == simplifiedchinese.GBK {
			return simplifiedchinese.GB18030 // which holds it
		}
		return enc
	}
	switch label {
	case "latin-1", "iso8859_1", "iso-8859-1-windows-3.0-latin-1":
		return charmap.Windows1252
	case "utf-32", "utf32", "utf-32be", "utf-32le":
		return utf32.UTF32(map[bool]utf32.Endianness{true: utf32.LittleEndian, false: utf32.BigEndian}[label == "utf-32le"], utf32.UseBOM)
	case "hz-gb-2312", "hz":
		return simplifiedchinese.HZGB2312
	case "gb2312_charset", "gb_1988-80", "gb-2312", "gb_2312", "iso-gb2312", "chinese_gb2312":
		label = "gb18030"
	case "ms949", "ks_c_5601_1987", "ks-c-5601-1987", "ksc5601", "euckr", "uhc":
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

// escaped looks for the escapes into two-byte charsets (RFC 1468, RFC 1557),
// in 7-bit text.
func escaped(b []byte) bool {
	if bytes.IndexByte(b, 0x1b) < 0 || hasHigh(b) {
		return false
	}
	for _, e := range []string{"\x1b$B", "\x1b$@", "\x1b$(D", "\x1b$)C", "\x1b$)A"} {
		if bytes.Contains(b, []byte(e)) {
			return true
		}
	}
	return false
}

func hasHigh(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return true
		}
	}
	return false
}

// mostlyUTF8 says whether at least as many multi-byte characters are well
// formed as not: damaged UTF-8, or UTF-8 with something glued to it. Text in
// another charset is hardly ever well formed by chance.
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
	return good > 1 && good >= bad || good == 1 && bad == 0
}

// mendUTF8 keeps what is valid and reads other bytes between ASCII as
// Windows-1252: footers in another charset are glued to mails all the time.
// What is the rest of a UTF-8 character becomes U+FFFD.
func mendUTF8(b []byte) string {
	var out strings.Builder
	out.Grow(len(b) + 16)
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r != utf8.RuneError || n != 1 {
			out.Write(b[i : i+n])
			i += n
			continue
		}
		end, western := i, i == 0 || b[i-1] < 0x80
		for end < len(b) && b[end] >= 0x80 {
			if r, n := utf8.DecodeRune(b[end:]); r != utf8.RuneError || n != 1 {
				western = false
				break
			}
			western = western && b[end] >= 0xa0
			end++
		}
		if end-i > 1 && b[i] >= 0xc2 && b[i+1] < 0xc0 {
			western = false // a UTF-8 character that was cut short
		}
		for ; i < end; i++ {
			if western {
				out.WriteRune(rune(b[i]))
			} else {
				out.WriteRune(utf8.RuneError)
			}
		}
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
