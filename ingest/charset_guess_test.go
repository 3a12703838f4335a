package ingest

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// sentences of everyday helpdesk mail, and the charsets they come in.
var sentences = map[string]struct {
	text string
	in   []encoding.Encoding
}{
	"German":      {"Grüße aus Köln, der Drucker im Büro läuft nicht und ich möchte heute noch drucken.", []encoding.Encoding{charmap.Windows1252, charmap.ISO8859_1}},
	"French":      {"Bonjour, l'imprimante du deuxième étage ne répond plus à mes demandes, ça bloque déjà où que j'aille.", []encoding.Encoding{charmap.Windows1252}},
	"Danish":      {"Hej, printeren på første sal kører ikke længere, og jeg må få den på plads.", []encoding.Encoding{charmap.Windows1252}},
	"Polish":      {"Dzień dobry, drukarka na drugim piętrze nie działa, proszę o pomoc jeszcze dziś. Łączę wyrazy szacunku.", []encoding.Encoding{charmap.Windows1250}},
	"Czech":       {"Dobrý den, tiskárna ve druhém patře nefunguje, můžete prosím přijít ještě dnes? Děkuji, příště pošlu žádanku.", []encoding.Encoding{charmap.Windows1250}},
	"Turkish":     {"Merhaba, ikinci kattaki yazıcı çalışmıyor, lütfen bugün bakar mısınız? Teşekkürler, iyi günler dileğiyle.", []encoding.Encoding{charmap.Windows1254}},
	"Russian":     {"Добрый день! Принтер на втором этаже не печатает с самого утра. Пожалуйста, помогите.", []encoding.Encoding{charmap.Windows1251, charmap.KOI8R, charmap.ISO8859_5, charmap.CodePage866}},
	"Ukrainian":   {"Доброго дня! Принтер на другому поверсі не друкує із самого ранку. Допоможіть, будь ласка.", []encoding.Encoding{charmap.Windows1251, charmap.KOI8U}},
	"Greek":       {"Καλημέρα, ο εκτυπωτής στον δεύτερο όροφο δεν λειτουργεί από το πρωί. Παρακαλώ βοηθήστε.", []encoding.Encoding{charmap.Windows1253}},
	"Hebrew":      {"שלום, המדפסת בקומה השנייה לא עובדת מהבוקר. אנא עזרו לי בהקדם.", []encoding.Encoding{charmap.Windows1255}},
	"Arabic":      {"مرحبا، الطابعة في الطابق الثاني لا تعمل منذ الصباح. يرجى المساعدة.", []encoding.Encoding{charmap.Windows1256}},
	"Thai":        {"สวัสดีครับ เครื่องพิมพ์ชั้นสองใช้งานไม่ได้ตั้งแต่เช้า กรุณาช่วยด้วย", []encoding.Encoding{charmap.Windows874}},
	"Simplified":  {"您好，二楼的打印机从今天早上开始无法打印，请帮忙处理一下。谢谢！", []encoding.Encoding{simplifiedchinese.GBK, simplifiedchinese.GB18030}},
	"Traditional": {"您好，二樓的印表機從今天早上開始無法列印，請幫忙處理一下。謝謝！", []encoding.Encoding{traditionalchinese.Big5}},
	"Japanese":    {"お世話になっております。二階のプリンターが今朝から印刷できません。ご確認をお願いします。", []encoding.Encoding{japanese.ShiftJIS, japanese.EUCJP, japanese.ISO2022JP}},
	"Korean":      {"안녕하세요. 이층 프린터가 오늘 아침부터 인쇄되지 않습니다. 확인 부탁드립니다.", []encoding.Encoding{korean.EUCKR}},
	"wide":        {"The printer prints blank pages – since this morning.", []encoding.Encoding{unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)}},
}

// TestGuess: a text is read rightly whatever its label says, or without one.
func TestGuess(t *testing.T) {
	for name, c := range sentences {
		for _, enc := range c.in {
			raw, err := enc.NewEncoder().String(c.text)
			if err != nil {
				t.Fatal(name, err)
			}
			for _, label := range []string{"", "us-ascii", "utf-8", "iso-8859-1", "windows-1252", "x-nobody-knows", "unknown-8bit"} {
				if western := c.in[0] == charmap.Windows1250 || c.in[0] == charmap.Windows1254; western && isWestern(label) {
					continue // a neighbour of what the label says: the label counts
				}
				if got, note := decodeCharset([]byte(raw), label); got != c.text {
					t.Errorf("%s in %v as %q: %q (%s)", name, enc, label, got, note)
				}
			}
			if got := decodeText("Re: "+raw, ""); got != "Re: "+c.text && name != "wide" {
				t.Errorf("%s in %v as a raw header: %q", name, enc, got)
			}
		}
		// and UTF-8 under any western or missing label
		for _, label := range []string{"", "iso-8859-1", "windows-1252", "us-ascii", "koi8-r-something"} {
			if got, _ := decodeCharset([]byte(c.text), label); got != c.text {
				t.Errorf("%s in UTF-8 as %q: %q", name, label, got)
			}
		}
	}
}

// TestMislabelled: a wrong East Asian label does not turn a text into noise.
func TestMislabelled(t *testing.T) {
	for _, c := range []struct{ language, label string }{
		{"German", "ks_c_5601-1987"}, {"German", "gb2312"}, {"German", "shift_jis"}, {"Russian", "ks_c_5601-1987"},
		{"Simplified", "ks_c_5601-1987"}, {"Simplified", "big5"}, {"Japanese", "gb2312"}, {"Traditional", "gb2312"},
		{"Korean", "iso-2022-jp"}, {"French", "big5"},
	} {
		s := sentences[c.language]
		raw, _ := s.in[0].NewEncoder().String(s.text)
		if got, note := decodeCharset([]byte(raw), c.label); got != s.text {
			t.Errorf("%s as %s: %q (%s)", c.language, c.label, got, note)
		}
	}
}

// TestRightlyLabelled: a right label is never doubted, also of little text.
func TestRightlyLabelled(t *testing.T) {
	for label, text := range map[string]string{
		"iso-8859-1": "äöüßÄÖÜ", "windows-1252": "„naïve“ – 20 °C × 3 µm", "koi8-r": "да", "gb2312": "你好", "big5": "你好", "euc-kr": "네",
		"shift_jis": "ﾃｽﾄ", "windows-1250": "žluť", "iso-8859-2": "ąę", "windows-1251": "ок", "iso-8859-15": "€ Œuvre", "windows-1254": "İğ",
		"macintosh": "Ä", "ibm850": "Ä", "hz-gb-2312": "你好", "gb18030": "㐀",
	} {
		enc := findEncoding(label)
		if label == "ibm850" {
			enc = charmap.CodePage850
		}
		raw, err := enc.NewEncoder().String(text)
		if err != nil {
			t.Fatal(label, err)
		}
		if got, note := decodeCharset([]byte(raw), label); got != text || note != "" {
			t.Errorf("%s: %q (%s), want %q", label, got, note, text)
		}
	}
}

// TestShifted: ISO-2022-KR and ISO-2022-CN, with their label or without.
func TestShifted(t *testing.T) {
	kr, _ := korean.EUCKR.NewEncoder().String("안녕")
	low := strings.Map(func(r rune) rune { return r }, string(seven(kr)))
	for _, label := range []string{"iso-2022-kr", "", "us-ascii"} {
		if got, _ := decodeCharset([]byte("\x1b$)C\nHi \x0e"+low+"\x0f!"), label); got != "\nHi 안녕!" {
			t.Errorf("%q: %q", label, got)
		}
	}
}

func seven(s string) []byte {
	b := []byte(s)
	for i := range b {
		b[i] &= 0x7f
	}
	return b
}

// TestMend: what is glued to UTF-8 in another charset, and UTF-8 cut short.
func TestMend(t *testing.T) {
	for in, want := range map[string]string{
		"Grüße aus Köln, gr\xfc\xdfe":  "Grüße aus Köln, grüße",
		"日本語の文\xe6\x97 end":            "日本語の文\uFFFD\uFFFD end",
		"äöü and 差出人 and \xe4\xf6\xfc": "äöü and 差出人 and äöü",
	} {
		if got, _ := decodeCharset([]byte(in), "utf-8"); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
