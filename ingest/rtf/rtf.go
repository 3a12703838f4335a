// Package rtf reads the text out of RTF, and the HTML that Outlook wraps into
// it (MS-OXRTFEX). It never fails: what it does not know is left out.
package rtf

import (
	"strconv"
	"strings"
	"unicode/utf16"

	"helpdeskd/ingest/codepage"
)

// Decode turns bytes in a named charset into UTF-8.
type Decode func(b []byte, charset string) string

// maxGroups bounds how deep groups are followed; deeper ones count as one.
const maxGroups = 500

// state is what a group inherits and forgets at its end.
type state struct {
	skip    bool   // a destination that is not shown
	tag     bool   // within an HTML tag of encapsulated HTML
	htmlrtf bool   // RTF for readers that know no HTML
	hidden  bool   // not shown as it is
	uc      int    // characters that follow \u for old readers
	charset string // of the font
}

type parser struct {
	src     string
	pos     int
	decode  Decode
	max     int
	out     strings.Builder
	raw     []byte // bytes in cur.charset that are not decoded yet
	high    rune   // the first half of a surrogate pair
	cur     state
	stack   []state
	deep    int // groups beyond maxGroups
	ansi    string
	fonts   map[int]string
	font    int  // the font that the table is defining
	inFonts int  // the depth of the font table, 0: not in it
	html    bool // the text is encapsulated HTML
	drop    int  // characters left to drop after \u
	star    bool // \* came: an unknown destination is skipped
}

// Text returns the text of an RTF document, at most max bytes of it. html says
// that it is HTML source, which Outlook had wrapped.
func Text(src []byte, decode Decode, max int) (text string, html bool) {
	p := &parser{src: string(src), decode: decode, max: max, ansi: "windows-1252", fonts: map[int]string{}}
	p.cur.uc = 1
	for p.pos < len(p.src) && p.out.Len() < max {
		p.step()
	}
	p.flush()
	return p.out.String(), p.html
}

func (p *parser) step() {
	c := p.src[p.pos]
	p.pos++
	switch c {
	case '{':
		p.flush()
		p.drop = 0
		if len(p.stack) >= maxGroups {
			p.deep++
			return
		}
		p.stack = append(p.stack, p.cur)
		p.star = false
	case '}':
		p.flush()
		p.drop = 0
		p.star = false
		if p.deep > 0 {
			p.deep--
			return
		}
		if n := len(p.stack); n > 0 {
			p.cur = p.stack[n-1]
			p.stack = p.stack[:n-1]
			if p.inFonts > n-1 {
				p.inFonts = 0
			}
		}
	case '\\':
		p.control()
	case '\r', '\n', 0:
	default:
		p.byte(c)
	}
}

// shown says whether text counts here.
func (p *parser) shown() bool {
	return !p.cur.skip && !p.cur.htmlrtf && (!p.cur.hidden || p.html)
}

// byte takes a character of the document's charset.
func (p *parser) byte(c byte) {
	if p.drop > 0 {
		p.drop--
		return
	}
	if p.shown() {
		p.raw = append(p.raw, c)
	}
}

// flush decodes what was collected.
func (p *parser) flush() {
	if p.high != 0 {
		p.high = 0
		p.out.WriteRune('\uFFFD')
	}
	if len(p.raw) == 0 {
		return
	}
	charset := p.cur.charset
	if charset == "" {
		charset = p.ansi
	}
	p.out.WriteString(p.decode(p.raw, charset))
	p.raw = p.raw[:0]
}

func (p *parser) write(s string) {
	p.flush()
	if p.shown() {
		p.out.WriteString(s)
	}
}

// control reads a control word or symbol after its backslash.
func (p *parser) control() {
	if p.pos >= len(p.src) {
		return
	}
	c := p.src[p.pos]
	if c|0x20 < 'a' || c|0x20 > 'z' {
		p.pos++
		p.symbol(c)
		return
	}
	start := p.pos
	for p.pos < len(p.src) && p.src[p.pos]|0x20 >= 'a' && p.src[p.pos]|0x20 <= 'z' && p.pos-start < 40 {
		p.pos++
	}
	word := p.src[start:p.pos]
	start = p.pos
	if p.pos < len(p.src) && p.src[p.pos] == '-' {
		p.pos++
	}
	for p.pos < len(p.src) && p.src[p.pos] >= '0' && p.src[p.pos] <= '9' && p.pos-start < 12 {
		p.pos++
	}
	n, err := strconv.Atoi(p.src[start:p.pos])
	has := err == nil
	if p.pos < len(p.src) && p.src[p.pos] == ' ' {
		p.pos++
	}
	p.word(word, n, has)
}

func (p *parser) symbol(c byte) {
	switch c {
	case '\'':
		if p.pos+2 <= len(p.src) {
			if v, err := strconv.ParseUint(p.src[p.pos:p.pos+2], 16, 8); err == nil {
				p.pos += 2
				p.byte(byte(v))
			}
		}
	case '\\', '{', '}':
		p.byte(c)
	case '~':
		p.write("\u00a0")
	case '_':
		p.write("-")
	case '*':
		p.star = true
	case '\r', '\n':
		p.breakLine("\n")
	}
}

// marks are control words that stand for characters.
var marks = map[string]string{
	"tab": "\t", "cell": "\t", "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’",
	"ldblquote": "“", "rdblquote": "”", "emspace": " ", "enspace": " ", "qmspace": " ",
}

// unshown are destinations whose text is no text of the document.
var unshown = map[string]bool{
	"fonttbl": true, "colortbl": true, "stylesheet": true, "info": true, "pict": true, "object": true, "header": true, "footer": true,
	"headerl": true, "headerr": true, "headerf": true, "footerl": true, "footerr": true, "footerf": true, "themedata": true,
	"colorschememapping": true, "listtable": true, "listoverridetable": true, "generator": true, "xmlnstbl": true, "fldinst": true,
	"mhtmltag": true, "bkmkstart": true, "bkmkend": true, "pntext": true,
}

func (p *parser) word(word string, n int, has bool) {
	star := p.star
	p.star = false
	if s, ok := marks[word]; ok {
		p.write(s)
		return
	}
	switch word {
	case "par", "line", "row", "sect", "page":
		p.breakLine("\n")
	case "u":
		p.unicode(n)
	case "uc":
		p.cur.uc = max(0, min(n, 20))
	case "ansicpg":
		if n > 0 {
			p.ansi = codepage.Charset(uint32(n))
		}
	case "f":
		p.useFont(n)
	case "fcharset":
		if p.inFonts > 0 && len(p.fonts) < 1000 {
			p.fonts[p.font] = fontCharset[n]
		}
	case "plain":
		p.flush()
		p.cur.hidden = false
	case "v":
		p.flush()
		p.cur.hidden = !has || n != 0
	case "bin":
		p.pos = min(len(p.src), p.pos+max(0, n))
	case "fromhtml":
		p.html = !has || n != 0
	case "htmltag":
		p.flush()
		p.cur.tag, p.cur.skip = true, !p.html
	case "htmlrtf":
		p.flush()
		p.cur.htmlrtf = !has || n != 0
	default:
		if unshown[word] || star {
			p.flush()
			p.cur.skip = true
			if word == "fonttbl" {
				p.inFonts = len(p.stack)
			}
		}
	}
}

// breakLine ends a line. In encapsulated HTML it is only white space.
func (p *parser) breakLine(s string) { p.write(s) }

func (p *parser) useFont(n int) {
	p.flush()
	if p.inFonts > 0 {
		p.font = n
		return
	}
	p.cur.charset = p.fonts[n]
}

// unicode is \uN: a UTF-16 unit, as a signed number.
func (p *parser) unicode(n int) {
	u := rune(uint16(n))
	p.drop = p.cur.uc
	if !p.shown() {
		return
	}
	if high := p.high; high != 0 {
		p.high = 0
		if r := utf16.DecodeRune(high, u); r != '\uFFFD' {
			p.out.WriteRune(r)
			return
		}
		p.out.WriteRune('\uFFFD')
	}
	p.flush()
	switch {
	case u >= 0xd800 && u < 0xdc00:
		p.high = u
	case u != 0:
		p.out.WriteRune(u)
	}
}

// fontCharset is what \fcharsetN stands for; what is missing is the document's own.
var fontCharset = map[int]string{
	77: "macintosh", 128: "shift_jis", 129: "euc-kr", 134: "gbk", 136: "big5", 161: "windows-1253", 162: "windows-1254", 163: "windows-1258",
	177: "windows-1255", 178: "windows-1256", 186: "windows-1257", 204: "windows-1251", 222: "windows-874", 238: "windows-1250",
}
