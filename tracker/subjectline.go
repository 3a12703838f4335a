package tracker

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// PrefixKind is what the prefix of a subject says of its mail.
type PrefixKind int

// The kinds of prefixes. Either is one that some languages put before answers
// and others before forwards: only the body tells.
const (
	NoPrefix PrefixKind = iota
	AnswerPrefix
	ForwardPrefix
	EitherPrefix
)

// prefixes are the words that mail programs put before the subject of an
// answer or a forward, in lower case without the colon. It is the one list of
// them: threads, forwards, what we send and what pages show all read it.
var prefixes = func() map[string]PrefixKind {
	m := map[string]PrefixKind{}
	for kind, words := range map[PrefixKind]string{
		AnswerPrefix: `re aw antw antwort antwoord sv odp odp. vá vá. ynt rif rif. réf réf. ref rép rép. réponse res resp resposta respuesta
			bls atb atb. ats ats. odg odg. отв отв. ответ відп відп. отг απ απ. σχετ σχετ. השב תשובה رد 回复 回覆 答复 答覆 返信 답장 회신 tl trả_lời ตอบ r`,
		ForwardPrefix: `fw fwd wg tr rv rvs reenv enc pd doorst doorst. vb vl fs trs i továbbítás továbbítva továb továb. ilt
			inoltro reenviado encaminhada weitergeleitet pārs pārs. pers pers. posr posr. prosl prosl. edasi пересл пересл. переслано πρθ πρθ.
			הועבר إعادة_توجيه 转发 轉寄 轉發 転送 전달 yml ct chuyển_tiếp ส่งต่อ w`,
		EitherPrefix: `vs`, // an answer in Finnish and Estonian, a forward in Danish and Norwegian
	} {
		for w := range strings.FieldsSeq(words) {
			m[prefixKey(strings.ReplaceAll(w, "_", " "))] = kind
		}
	}
	return m
}()

// alsoWords are prefixes that people begin a subject with themselves: drives,
// file servers, references.
var alsoWords = map[string]bool{"r": true, "i": true, "w": true, "ct": true, "tl": true, "fs": true, "vl": true, "ref": true}

// maxPrefix is how long a prefix with its counter can be, in runes.
const maxPrefix = 20

// SubjectLine is a mail's subject taken apart.
type SubjectLine struct {
	// Base is the subject without prefixes, tags and the marks that mail
	// systems put before it. What people write too ("I: drive is full") stays,
	// unless it stands among other prefixes.
	Base string
	// Lead is the outermost prefix: what the sender did last.
	Lead PrefixKind
	// Tags are the numbers of all [HD-123] tags, in order.
	Tags []int64
}

// Topic is what two mails of one conversation have in common: the subject
// without anything that mail programs add, folded for comparing.
func (l SubjectLine) Topic() string {
	base := l.Base
	for {
		rest, _, ok := cutPrefix(base, true)
		if !ok {
			return clip(Fold(base), 255)
		}
		base = rest
	}
}

// ReadSubject takes a decoded subject apart. It takes linear time.
func ReadSubject(s string) SubjectLine {
	s = clip(oneLine(s), 2000)
	var l SubjectLine
	s, l.Tags = cutTags(s)
	for {
		rest, kind, ok := cutPrefix(s, false)
		if !ok {
			// What may be a word counts where another prefix stands on either side.
			weak, k, word := cutPrefix(s, true)
			if _, _, more := cutPrefix(weak, true); word && (more || l.Lead != NoPrefix) {
				rest, kind, ok = weak, k, true
			} else if word {
				l.Lead = k
			}
		}
		if ok {
			if l.Lead == NoPrefix {
				l.Lead = kind
			}
			s = rest
			continue
		}
		if rest, ok = cutMark(s); !ok {
			l.Base = s
			return l
		}
		s = rest
	}
}

// cutPrefix cuts one prefix with its colon off: "RE:", "Re[2]:", "SV :",
// "回复：", "Re^2:". weak also takes what people write too.
func cutPrefix(s string, weak bool) (rest string, kind PrefixKind, ok bool) {
	n := 0
	for i, r := range s {
		if n++; n > maxPrefix {
			return s, NoPrefix, false
		}
		if r != ':' && r != '：' && r != '﹕' && r != '︓' && r != '꞉' {
			continue
		}
		word := prefixKey(strings.TrimSpace(uncounted(s[:i])))
		kind, ok := prefixes[word]
		if !ok || !weak && alsoWords[word] {
			return s, NoPrefix, false
		}
		return strings.TrimSpace(s[i+len(string(r)):]), kind, true
	}
	return s, NoPrefix, false
}

// prefixKey folds a prefix; a Turkish İ is an i.
func prefixKey(s string) string {
	return norm.NFC.String(strings.ReplaceAll(strings.ToLower(s), "i\u0307", "i"))
}

// uncounted drops the counter of a prefix: Re[2], RE(3), Re^4, Re*2, SV2.
func uncounted(s string) string {
	t := strings.TrimRight(strings.TrimSpace(s), "])）］")
	d := strings.TrimRight(t, "0123456789")
	if d == t {
		return s
	}
	if e := strings.TrimRight(d, "[(（［^*- "); e != "" {
		return e
	}
	return s
}

// systemMarks are what mail systems put before subjects of mail from outside,
// or that they found fault with.
var systemMarks = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`ext extern external external_email external_sender external_mail externe externo esterno ekstern zewnętrzny
		caution warning spam suspected_spam possible_spam bulk secure encrypted verschlüsselt chiffré signed phishing 外部 外部邮件 社外`) {
		m[strings.ReplaceAll(w, "_", " ")] = true
	}
	return m
}()

// markPairs are what such marks stand between.
var markPairs = [][2]string{{"[", "]"}, {"［", "］"}, {"【", "】"}, {"(", ")"}, {"{", "}"}, {"<", ">"}, {"***", "***"}, {"**", "**"}, {"*", "*"}}

// cutMark cuts one such mark off: "[External]", "*** SPAM ***", "EXTERNAL:".
func cutMark(s string) (string, bool) {
	mark := func(word string) bool {
		return len(word) <= 40 && systemMarks[strings.ToLower(strings.Trim(word, " *!?:-"))]
	}
	for _, pair := range markPairs {
		in, ok := strings.CutPrefix(s, pair[0])
		if !ok {
			continue
		}
		if word, rest, ok := strings.Cut(in, pair[1]); ok && mark(word) {
			return strings.TrimSpace(rest), true
		}
	}
	word, rest, ok := strings.Cut(s, ":")
	if ok && word == strings.ToUpper(word) && mark(word) {
		return strings.TrimSpace(rest), true
	}
	return s, false
}

// tagPairs are the brackets in which a tag may come back: mail systems and
// input methods put others in the place of ours.
var tagPairs = map[rune]rune{'[': ']', '［': '］', '【': '】', '〔': '〕', '(': ')', '（': '）', '{': '}', '<': '>', '「': '」'}

// cutTags takes every [HD-123] out of a subject: in other brackets, letters
// of full width, other hyphens, with blanks, "#" or a backslash. At most 20.
func cutTags(s string) (string, []int64) {
	var tags []int64
	var b strings.Builder
	from := 0
	for i, r := range s {
		shut, ok := tagPairs[r]
		if !ok || i < from || len(tags) >= 20 {
			continue
		}
		in := s[i+len(string(r)):]
		end := strings.IndexRune(clip(in, 60), shut)
		if end < 0 {
			continue
		}
		n, ok := tagNumber(in[:end])
		if !ok {
			continue
		}
		tags = append(tags, n)
		b.WriteString(strings.TrimSuffix(s[from:i], `\`))
		b.WriteByte(' ')
		from = i + len(string(r)) + end + len(string(shut))
	}
	if len(tags) == 0 {
		return s, nil
	}
	b.WriteString(s[from:])
	return strings.Join(strings.Fields(b.String()), " "), tags
}

// tagNumber reads what stands between the brackets of a tag.
func tagNumber(s string) (int64, bool) {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Pd, r), r == '−', r == '\u00ad':
			return '-'
		case unicode.IsSpace(r), unicode.Is(unicode.Cf, r), r == '#', r == '\\':
			return -1
		}
		return r
	}, norm.NFKC.String(s))
	if len(s) < 4 || !strings.EqualFold(s[:3], "HD-") || strings.Trim(s[3:], "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s[3:], 10, 64)
	return n, err == nil && n > 0
}
