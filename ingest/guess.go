package ingest

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// maxGuess is how many bytes are looked at to tell a charset.
const maxGuess = 16 << 10

// candidate is a charset that mail is written in without saying so.
type candidate struct {
	name  string
	enc   encoding.Encoding
	wide  bool // characters of two bytes
	score func(prev, r, next rune) float64
	// low and top bound the lead bytes of the characters in everyday use,
	// which the East Asian standards put in front of the rare ones
	low, top byte
}

// candidates in the order of preference: the earlier one wins a tie.
var candidates = []candidate{
	{"Windows-1252", charmap.Windows1252, false, latin(common1252, 0.4), 0, 0},
	{"Windows-1250", charmap.Windows1250, false, latin(common1250, 0), 0, 0},
	{"Windows-1254", charmap.Windows1254, false, latin(common1254, 0), 0, 0},
	{"Windows-1251", charmap.Windows1251, false, letters(unicode.Cyrillic, commonCyrillic, rareCyrillic), 0, 0},
	{"KOI8-R", charmap.KOI8U, false, letters(unicode.Cyrillic, commonCyrillic, rareCyrillic), 0, 0},
	{"ISO-8859-5", charmap.ISO8859_5, false, letters(unicode.Cyrillic, commonCyrillic, rareCyrillic), 0, 0},
	{"IBM866", charmap.CodePage866, false, letters(unicode.Cyrillic, commonCyrillic, rareCyrillic), 0, 0},
	{"Windows-1253", charmap.Windows1253, false, letters(unicode.Greek, "αοιετσνηρκπυλςμάίόέή", ""), 0, 0},
	{"Windows-1255", charmap.Windows1255, false, letters(unicode.Hebrew, "יוהלאתרמבשנע", ""), 0, 0},
	{"Windows-1256", charmap.Windows1256, false, letters(unicode.Arabic, "اليمنورتبةعدسفهكق", ""), 0, 0},
	{"Windows-874", charmap.Windows874, false, thai, 0, 0},
	{"GB 18030", simplifiedchinese.GB18030, true, han(commonSimplified, 0.5, 0), 0xb0, 0xd7},
	{"Big5", traditionalchinese.Big5, true, han(commonTraditional, 0.5, 0), 0xa4, 0xc6},
	{"Shift_JIS", japanese.ShiftJIS, true, han(commonKanji, 3, 0), 0x88, 0x97},
	{"EUC-JP", japanese.EUCJP, true, han(commonKanji, 3, 0), 0xb0, 0xcf},
	{"EUC-KR", korean.EUCKR, true, han("", 0.5, 1), 0xb0, 0xc8},
}

// The letters that make up most of a text in the languages of a charset.
const (
	common1252        = "äöüßéèàçêâîôûñáíóúãõåæøëïœÄÖÜÉ’“”„–…€«»·•"
	common1250        = "ąćęłńóśźżáčďéěíňřšťúůýžőűăâîşţäöüßŁŚŻČŘŠŽ’“”„–…€"
	common1254        = "ğışİŞçöüâÇÖÜ’“”–…€"
	commonCyrillic    = "оеаинтсрвлкмдпуяыьгзбчіё"
	rareCyrillic      = "йхжшюцщэфъ"
	commonSimplified  = "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学么之都好看起发当没成只如事把还用第样道想作种开美总从无情己面最女但现前些所同日手又行意动方期它头经长儿回位分爱老因很给名法间斯知世什两次使身者被高已亲其进此话常与活正感见明问力理尔点文几定本公特做外孩相西果走将月十实向声车全信重三机工物气每并别真打太新比才便夫再书部水像眼等体却加电主界门利海受听表德少克代员许先口由死安写性马光白或住难望教命花结乐色更拉东神记处让母父应直字场平报友关放至张认接告入笑内英军候民岁往何度山觉路带万男边风解叫任金快原吃妈变通师立象数四失满战远格士音轻目条呢您请谢贵司欢迎系统打印机密码件附注册网络邮箱产品联服务电脑户口更新址询息客订单价格费免"
	commonTraditional = "的一是了我不人在他有這個上們來到時大地為子中你說生國年著就那和要她出也得裡後自以會家可下而過天去能對小多然於心學麼之都好看起發當沒成只如事把還用第樣道想作種開美總從無情己面最女但現前些所同日手又行意動方期它頭經長兒回位分愛老因很給名法間斯知世什兩次使身者被高已親其進此話常與活正感見明問力理爾點文幾定本公特做外孩相西果走將月十實向聲車全信重三機工物氣每並別真打太新比才便夫再書部水像眼等體卻加電主界門利海受聽表德少克代員許先口由死安寫性馬光白或住難望教命花結樂色更拉東神記處讓母父應直字場平報友關放至張認接告入笑內英軍候民歲往何度山覺路帶萬男邊風解叫任金快原吃媽變通師立象數四失滿戰遠格士音輕目條呢您請謝貴司歡迎系統密碼件附註冊網路郵箱產品聯服務腦戶新址詢息客訂單價費免"
	commonKanji       = "日一国会人年大十二本中長出三同時政事自行社見月分議後前民生連五発間対上部東者党地合市業内相方四定今回新場金員九入選立開手米力学問高代明実円関決子動京全目表戦経通外最言氏現理調体化田当八六約主題下首意法不来作性的要用制治度務強気小七成期公野協取都和統以機平総加山思家話世受区領多県続進正安設保改数記院女初北午指権心界支第産結百派点教報済書府活原先共得解名交資予川向際査勝面委告軍文反元重近千考判認画海参売利組知案道信策集在件団別物側任引使求所次水半品昨論計死官増係感特情投示変打男基私各始島直両朝革価式確村提運終挙果西勢減台広容必応演電歳住争談能無再位置企真流格有疑口過局少放税検藤町常校料沢裁状工建語球営空職証土与急止送援供可役構木割聞身費付施切由説転食比難防補車優夫研収断井何南石足違消境神番規術護展態導鮮備宅害配副算視条幹独警宮究育席輸訪楽起万着乗店述残想線率病農州武声質念待試族象銀域助労例衛然早張映限親額監環験追審商葉義伝働形景落欧担好退準賀訴辺造英被株頭技低毎医復仕去姿味負閣韓渡失移差衆個門写評課末守若脳極種美岡影命含福蔵量望松非撃佐核観察整段横融型白深字答夜製票況音申様財港識注呼渉達"
	commonHangul      = "이다는을가에의로하고니은한를지기사도서어인자나리시대해수있아라그정보안일제요주부으전우습전게과만들동구면성상원장조신여러무비스관것용모생마분위오세계문선유없경국학내공진했받소중할때말드미와같려행실되화연거방물세합단업금간입영식등음재바명교번님께녕답변감메확결치메필품객설개드확청"
)

// guessEncoding says which charset b, which is not valid UTF-8, is most
// likely written in, and how plainly: an average over its characters of what
// each is worth in its language, 3 at most. It looks at a bounded sample.
func guessEncoding(b []byte) (candidate, float64) {
	b = sample(b)
	high := 0
	for _, c := range b {
		if c >= 0x80 {
			high++
		}
	}
	best, most := candidates[0], -100.0
	for i, c := range candidates {
		if high < 4 && i > 2 || c.wide && high < 4 {
			continue // too little to tell by; one letter is a western accent
		}
		s := c.rate(b)
		if high < 8 && i == 0 {
			s += 0.8 // of little text the usual is assumed
		}
		if s > most {
			best, most = c, s
		}
	}
	return best, most
}

// sample takes the part of b to judge by: whole lines around the first byte
// that is not ASCII.
func sample(b []byte) []byte {
	if len(b) <= maxGuess {
		return b
	}
	first := bytes.IndexFunc(b, func(r rune) bool { return r >= 0x80 })
	if first < 0 {
		return b[:maxGuess]
	}
	if i := bytes.LastIndexByte(b[:first], '\n'); i >= 0 {
		b = b[i+1:]
	}
	return b[:min(len(b), maxGuess)]
}

// rate is the average worth of the characters beyond ASCII.
func (c candidate) rate(b []byte) float64 {
	out, err := c.enc.NewDecoder().Bytes(b)
	if err != nil {
		return -100
	}
	sum, n := 0.0, 0
	prev := ' '
	everyday := c.everyday(b)
	for i := 0; i < len(out); {
		r, size := utf8.DecodeRune(out[i:])
		i += size
		if r >= 0x80 {
			next := ' '
			if i < len(out) {
				next, _ = utf8.DecodeRune(out[i:])
			}
			worth := c.score(prev, r, next)
			if n < len(everyday) && everyday[n] && worth < 1.2 && worth > 0 {
				worth = 1.2
			}
			sum += worth
			n++
		}
		prev = r
	}
	if n == 0 {
		return -100
	}
	return sum / float64(n)
}

// everyday says of each character beyond ASCII whether it is among those in
// everyday use, nil for the charsets that do not tell.
func (c candidate) everyday(b []byte) []bool {
	if !c.wide {
		return nil
	}
	var out []bool
	for i := 0; i < len(b); i++ {
		switch lead := b[i]; {
		case lead < 0x80:
		case c.name == "Shift_JIS" && 0xa1 <= lead && lead <= 0xdf:
			out = append(out, false)
		default:
			out = append(out, c.low <= lead && lead <= c.top)
			i++
			if c.name == "EUC-JP" && lead == 0x8f {
				i++
			}
			if c.name == "GB 18030" && i < len(b) && '0' <= b[i] && b[i] <= '9' {
				i += 2
			}
		}
	}
	return out
}

// thai rates by what only Thai has: signs above and below a consonant.
func thai(prev, r, next rune) float64 {
	consonant := func(r rune) bool { return 0xe01 <= r && r <= 0xe2e }
	mark := func(r rune) bool { return r == 0xe31 || 0xe34 <= r && r <= 0xe3a || 0xe47 <= r && r <= 0xe4e }
	switch {
	case senseless(r):
		return -8
	case asciiLetter(prev) || asciiLetter(next):
		return -2
	case mark(r) && (consonant(prev) || mark(prev)):
		return 4
	case mark(r):
		return -3
	case 0xe40 <= r && r <= 0xe44 && consonant(next):
		return 3
	case strings.ContainsRune("านรอกงมยลวดทสตะปบคห", r):
		return 2.2
	case consonant(r):
		return 0.5
	}
	return -0.5
}

// senseless are characters that no mail is written in: a wrong guess.
func senseless(r rune) bool {
	return r == utf8.RuneError || r < 0xa0 || unicode.Is(unicode.Co, r) || 0x2500 <= r && r < 0x2600
}

func asciiLetter(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' }

// latin rates letters that stand among ASCII letters.
func latin(common string, bonus float64) func(prev, r, next rune) float64 {
	set := runeSet(common)
	return func(prev, r, next rune) float64 {
		switch {
		case senseless(r):
			return -8
		case !unicode.IsLetter(r) && asciiLetter(prev) && asciiLetter(next) && r != '’':
			return -2 // a sign inside a word
		case prev >= 0x80 && unicode.IsLetter(r) && unicode.IsLetter(prev) && !set[prev]:
			return -0.7
		case set[r]:
			if prev >= 0xc0 && unicode.IsLetter(prev) && next >= 0xc0 {
				return 0.9 // runs of accents are rather another script
			}
			return 2 + bonus
		case unicode.IsLower(r):
			return 0.5
		}
		return 0.2
	}
}

// letters rates an alphabet beside which ASCII letters do not stand.
func letters(script *unicode.RangeTable, common, rare string) func(prev, r, next rune) float64 {
	set, few := runeSet(common), runeSet(rare)
	return func(prev, r, next rune) float64 {
		switch {
		case senseless(r):
			return -8
		case !unicode.Is(script, r):
			if unicode.IsLetter(r) || unicode.IsLetter(prev) && unicode.IsLetter(next) {
				return -2
			}
			return 0
		case asciiLetter(prev) || asciiLetter(next):
			return -3
		case unicode.IsUpper(r) && unicode.IsLower(prev):
			return -3
		case set[r]:
			return 3
		case few[r]:
			return 0.8
		case unicode.IsUpper(r):
			return 0.7
		}
		return 2
	}
}

// han rates the scripts of East Asia.
func han(common string, kana, hangul float64) func(prev, r, next rune) float64 {
	set, syllables := runeSet(common), runeSet(commonHangul)
	return func(prev, r, next rune) float64 {
		switch {
		case senseless(r):
			return -8
		case 0x3041 <= r && r <= 0x30fe:
			return kana
		case 0xff61 <= r && r <= 0xff9f:
			return -1 // half-width katakana: what any text is when read as Shift_JIS
		case 0x3000 <= r && r < 0x3040, 0xff00 <= r && r < 0xff61:
			return 1
		case 0xac00 <= r && r <= 0xd7a3:
			if hangul == 0 {
				return -2
			}
			if syllables[r] {
				return 3
			}
			return hangul
		case set[r]:
			return 3
		case unicode.Is(unicode.Han, r):
			return 0.3
		}
		return 0
	}
}

func runeSet(s string) map[rune]bool {
	m := make(map[rune]bool, len(s)/2)
	for _, r := range s {
		m[r] = true
	}
	return m
}

// guessWide tells UTF-16 and UTF-32 by their byte order mark or by the zeros
// that ASCII characters leave; "" where b is neither.
func guessWide(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(b, []byte("\x00\x00\xfe\xff")):
		return "utf-32"
	case bytes.HasPrefix(b, []byte("\xff\xfe")) && len(b)%2 == 0:
		return "utf-16le"
	case bytes.HasPrefix(b, []byte("\xfe\xff")) && len(b)%2 == 0:
		return "utf-16be"
	}
	if len(b) < 4 || len(b)%2 != 0 {
		return ""
	}
	var zero [4]int
	n := min(len(b), 4096) &^ 3
	for i := 0; i < n; i++ {
		if b[i] == 0 {
			zero[i&3]++
		}
	}
	q := n / 4
	most := func(i int) bool { return zero[i]*10 >= q*6 && q > 0 }
	few := func(i int) bool { return zero[i]*10 <= q }
	switch {
	case most(1) && most(2) && most(3) && few(0):
		return "utf-32le"
	case most(0) && most(1) && most(2) && few(3):
		return "utf-32be"
	case most(1) && most(3) && few(0) && few(2):
		return "utf-16le"
	case most(0) && most(2) && few(1) && few(3):
		return "utf-16be"
	}
	return ""
}

// shiftedEncoding undoes the 7-bit charsets that shift into two bytes with
// SO and back with SI: ISO-2022-KR (RFC 1557) and, as far as GB 2312 goes,
// ISO-2022-CN (RFC 1922).
func shifted(b []byte) (text, name string, ok bool) {
	enc, name := encoding.Encoding(korean.EUCKR), "ISO-2022-KR"
	switch {
	case bytes.Contains(b, []byte("\x1b$)C")):
	case bytes.Contains(b, []byte("\x1b$)A")):
		enc, name = simplifiedchinese.GBK, "ISO-2022-CN"
	default:
		return "", "", false
	}
	out := make([]byte, 0, len(b))
	wide := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == 0x0e:
			wide = true
		case c == 0x0f:
			wide = false
		case c == 0x1b && i+3 < len(b) && b[i+1] == '$' && b[i+2] == ')':
			i += 3
		case c == '\n':
			wide = false
			out = append(out, c)
		case wide && 0x21 <= c && c < 0x7f:
			out = append(out, c|0x80)
		default:
			out = append(out, c)
		}
	}
	t, err := enc.NewDecoder().Bytes(out)
	if err != nil {
		return "", "", false
	}
	return strings.ToValidUTF8(string(t), "\uFFFD"), name, true
}
