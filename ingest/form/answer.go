package form

import (
	"encoding/json"
	"html"
	"net/url"
	"strings"

	"helpdeskd/ingest/htmltext"
	"helpdeskd/tracker"
)

// maxFiles bounds the uploads of one answer.
const maxFiles = 50

// answer shapes one pair: JSON arrays joined, uploads as links, dates read.
func (r *reading) answer(p pair, o order) tracker.Answer {
	a := tracker.Answer{Question: p.q, Answer: strings.TrimSpace(p.a), Meaning: r.meaning(p.q), Files: p.files}
	if items, files, ok := jsonAnswer(a.Answer); ok {
		a.Answer = strings.Join(items, "; ")
		if len(files) > 0 {
			a.Files = files
		}
	}
	switch a.Answer {
	case "null", "undefined":
		a.Answer = ""
	}
	a.Answer = dropLegend(a.Answer)
	a.Answer = cleanLinks(a.Answer)
	if at := addressIn(a.Answer); at != "" && strings.Contains(a.Answer, "<mailto:") {
		a.Answer = strings.TrimSpace(before(a.Answer, "<mailto:"))
	}
	a.Date = readDate(a.Answer, o)
	return a
}

func before(s, sep string) string {
	head, _, _ := strings.Cut(s, sep)
	return head
}

// jsonAnswer reads what Forms gives for choices and uploads: an array as a
// string, now and then escaped once more, or with the quotes of a typist.
func jsonAnswer(s string) (items []string, files []tracker.AnswerFile, ok bool) {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != '[' && s[0] != '{' {
		return nil, nil, false
	}
	tries := []string{s}
	if strings.Contains(s, "&quot;") {
		tries = append(tries, html.UnescapeString(s))
	}
	if strings.Contains(s, `\"`) {
		tries = append(tries, strings.ReplaceAll(s, `\"`, `"`))
	}
	if strings.ContainsAny(s, "“”„") {
		tries = append(tries, strings.NewReplacer("“", `"`, "”", `"`, "„", `"`).Replace(s))
	}
	tries = append(tries, strings.ReplaceAll(s, "\n", " "))
	for _, t := range tries {
		if t[0] == '{' {
			t = "[" + t + "]"
		}
		if items, files, ok = jsonArray(t); ok && (s[0] == '[' || len(files) > 0) {
			return items, files, true
		}
	}
	return nil, nil, false
}

func jsonArray(s string) (items []string, files []tracker.AnswerFile, ok bool) {
	if len(s) > 256<<10 {
		return nil, nil, false
	}
	var raw []json.RawMessage
	if json.Unmarshal([]byte(s), &raw) != nil || len(raw) > 1000 {
		return nil, nil, false
	}
	for _, v := range raw {
		var text string
		if json.Unmarshal(v, &text) == nil {
			items = append(items, strings.TrimSpace(text))
			continue
		}
		var file struct {
			Name string `json:"name"`
			Link string `json:"link"`
			URL  string `json:"url"`
			Size int64  `json:"size"`
		}
		if json.Unmarshal(v, &file) == nil && file.Name != "" {
			items = append(items, file.Name)
			link := Unwrap(file.Link)
			if link == "" {
				link = Unwrap(file.URL)
			}
			if len(files) < maxFiles {
				files = append(files, tracker.AnswerFile{Name: file.Name, Link: safeLink(link), Size: file.Size})
			}
			continue
		}
		items = append(items, string(v))
	}
	return items, files, true
}

// links are the files that a line of an answer links to by their names.
func links(l *htmltext.Line) []tracker.AnswerFile {
	var out []tracker.AnswerFile
	for _, s := range l.Spans {
		if s.Href == "" {
			continue
		}
		name, link := strings.TrimSpace(s.Text), safeLink(Unwrap(s.Href))
		if link == "" || name == "" || strings.Contains(name, "://") || strings.HasPrefix(name, "www.") || strings.Contains(name, "@") || len(out) >= maxFiles {
			continue
		}
		out = append(out, tracker.AnswerFile{Name: name, Link: link})
	}
	return out
}

// safeLink returns a web address, "" for any other scheme.
func safeLink(u string) string {
	if low := strings.ToLower(u); len(u) > 4096 || !strings.HasPrefix(low, "https://") && !strings.HasPrefix(low, "http://") {
		return ""
	}
	return u
}

// dropLegend takes away the "MM DD YYYY" line that Google Forms prints above
// a date.
func dropLegend(s string) string {
	first, rest, ok := strings.Cut(s, "\n")
	if !ok {
		return s
	}
	for _, w := range strings.Fields(first) {
		switch strings.ToUpper(w) {
		case "MM", "DD", "YYYY", "HH", "AM/PM", "/", ":", "TIME", "DATE", "TT", "JJ", "JJJJ", "AAAA":
		default:
			return s
		}
	}
	return strings.TrimSpace(rest)
}

// cleanLinks unwraps SafeLinks, and the "url<url>" of text parts.
func cleanLinks(s string) string {
	if !strings.Contains(s, "http") {
		return s
	}
	s = dropTwins(s)
	if !strings.Contains(s, "safelinks.protection.outlook.com") {
		return s
	}
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		words := strings.Split(line, " ")
		for j, w := range words {
			if strings.Contains(w, "safelinks.protection.outlook.com") {
				words[j] = Unwrap(w)
			}
		}
		lines[i] = strings.Join(words, " ")
	}
	return strings.Join(lines, "\n")
}

// dropTwins takes the "<url>" away that programs write behind an address they
// made a link of.
func dropTwins(s string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, "<http")
		if i < 0 {
			break
		}
		j := strings.IndexByte(s[i:], '>')
		if j < 0 {
			break
		}
		word := s[strings.LastIndexAny(s[:i], " \n\t")+1 : i]
		b.WriteString(s[:i])
		if !strings.HasPrefix(word, "http") && !strings.HasPrefix(word, "www.") {
			b.WriteString(s[i : i+j+1])
		}
		s = s[i+j+1:]
	}
	b.WriteString(s)
	return b.String()
}

// Unwrap gives the address behind an Outlook SafeLink; anything else is
// returned as it is.
func Unwrap(u string) string {
	if !strings.Contains(u, "safelinks.protection.outlook.com") || len(u) > 8<<10 {
		return u
	}
	p, err := url.Parse(u)
	if err != nil || !strings.HasSuffix(strings.ToLower(p.Host), ".safelinks.protection.outlook.com") {
		return u
	}
	if t := p.Query().Get("url"); strings.HasPrefix(t, "https://") || strings.HasPrefix(t, "http://") {
		return t
	}
	return u
}
