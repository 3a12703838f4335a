package ingest

import (
	"bytes"
	"strings"

	"helpdeskd/tracker"
)

// uuencoded cuts "begin 644 name … end" blocks out of a text and returns them
// as parts.
func (w *walker) uuencoded(n *node, text string) (string, []tracker.Part) {
	body := w.raw[n.off:n.end]
	var found []tracker.Part
	for pos := 0; pos < len(body) && len(found) < maxParts; {
		line, next := cutLine(body, pos)
		name, ok := uuBegin(line)
		if !ok {
			pos = next
			continue
		}
		i := bytes.Index(body[next:], []byte("\nend"))
		if i < 0 {
			break
		}
		end := next + i + 1
		p := tracker.Part{Role: tracker.RoleFile, Name: cleanName(name), ContentType: typeByName(name), Encoding: "uuencode", Offset: int64(n.off + next), Length: int64(end - next)}
		p.Size = decodedSize(body[next:end], "uuencode")
		found = append(found, p)
		if a := strings.Index(text, "begin "+string(line[6:])); a >= 0 {
			if z := strings.Index(text[a:], "\nend"); z >= 0 {
				text = text[:a] + strings.TrimPrefix(text[a+z+4:], "\n")
			}
		}
		pos = end + 3
	}
	return text, found
}

func uuBegin(line []byte) (string, bool) {
	rest, ok := bytes.CutPrefix(line, []byte("begin "))
	if !ok || len(rest) < 5 || len(rest) > 300 {
		return "", false
	}
	mode, name, ok := strings.Cut(string(rest), " ")
	if !ok || len(mode) != 3 && len(mode) != 4 || strings.Trim(mode, "01234567") != "" {
		return "", false
	}
	return strings.TrimSpace(name), true
}
