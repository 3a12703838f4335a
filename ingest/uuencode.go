package ingest

import (
	"bytes"
	"strings"

	"helpdeskd/tracker"
)

// uuBlock is a uuencoded file within a decoded text: everything from
// "begin 644 name" to "end" (POSIX uuencode).
type uuBlock struct {
	name        string // as written
	start, end  int    // all of it
	data, until int    // its lines
	size        int64  // of the file
	damaged     bool   // it has no end
}

// uuBlocks finds the files in a text. What follows "begin" must look like one:
// people begin sentences like that, too. A file without an end is as long as
// its lines are.
func uuBlocks(body []byte) []uuBlock {
	var found []uuBlock
	for pos := 0; pos < len(body) && len(found) < maxParts; {
		i := bytes.Index(body[pos:], []byte("begin "))
		if i < 0 {
			break
		}
		at := pos + i
		pos = at + len("begin ")
		if at > 0 && body[at-1] != '\n' {
			continue
		}
		line, next := cutLine(body, at)
		name, ok := uuBegin(line)
		if !ok {
			continue
		}
		b := uuBlock{name: name, start: at, data: next, until: next, damaged: true}
		lines := 0
		for next < len(body) {
			line, after := cutLine(body, next)
			if string(bytes.TrimRight(line, " \t")) == "end" {
				b.damaged, b.end = false, after
				break
			}
			if len(bytes.TrimSpace(line)) > 0 && !uuLine(line) {
				break
			}
			if uuLine(line) {
				lines++
				b.until = after
			}
			next = after
		}
		if lines == 0 && b.damaged {
			continue
		}
		if b.damaged {
			b.end = b.until
		}
		b.size = decodedSize(body[b.data:b.until], "uuencode")
		found = append(found, b)
		pos = b.end
	}
	return found
}

// uuLine says whether a line can be uuencoded: the first character tells how
// long it is. Blanks at its end may have been lost on the way.
func uuLine(line []byte) bool {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) == 0 || len(line) > 100 {
		return false
	}
	for _, c := range line {
		if c < ' ' || c > '`' {
			return false
		}
	}
	n := (int(line[0]-' ')&0x3f + 2) / 3 * 4
	return len(line)-1 <= n+2 && (n > 0 || len(line) <= 2)
}

func uuBegin(line []byte) (string, bool) {
	rest, ok := bytes.CutPrefix(line, []byte("begin "))
	if !ok || len(rest) < 5 || len(rest) > 300 {
		return "", false
	}
	mode, name, ok := strings.Cut(strings.TrimLeft(string(rest), " "), " ")
	if !ok || len(mode) != 3 && len(mode) != 4 || strings.Trim(mode, "01234567") != "" {
		return "", false
	}
	name = strings.TrimSpace(name)
	return name, name != ""
}

// withoutFiles takes uuencoded files out of the first max bytes of a text,
// which are raw; they are remembered as the node's. cut says that there is
// more text.
func (w *walker) withoutFiles(n *node, raw []byte, cut bool, max int) ([]byte, bool) {
	if bytes.Contains(raw, []byte("\n=ybegin ")) || bytes.HasPrefix(raw, []byte("=ybegin ")) {
		w.note("Holds a file in yEnc, which is not unpacked here")
	}
	if !bytes.Contains(raw, []byte("begin ")) {
		return raw, cut
	}
	all := raw
	if cut {
		all, _ = decodeAll(w.raw[n.off:n.end], n.enc, maxUnwrapped)
	}
	n.files = uuBlocks(all)
	if len(n.files) == 0 {
		return raw, cut
	}
	var out []byte
	pos := 0
	for _, b := range n.files {
		if b.damaged {
			w.defect("a uuencoded file has no end; what is there was decoded")
		}
		out = append(out, all[pos:b.start]...)
		if pos = b.end; len(out) > max {
			return out[:max], true
		}
	}
	if out = append(out, all[pos:min(len(all), pos+max+1)]...); len(out) > max {
		return out[:max], true
	}
	return out, false
}

// uuencoded lists the files that were taken out of a text.
func (w *walker) uuencoded(n *node) []tracker.Part {
	var parts []tracker.Part
	for _, b := range n.files {
		name := cleanName(decodeText(b.name, n.charset()))
		if name == "" {
			name = "file"
		}
		p := tracker.Part{Role: tracker.RoleFile, Name: name, ContentType: typeByName(name), Size: b.size}
		if n.enc == "" {
			p.Encoding, p.Offset, p.Length = "uuencode", int64(n.off+b.data), int64(b.until-b.data)
		} else {
			p.Encoding, p.Offset, p.Length = n.enc, int64(n.off), int64(n.end-n.off)
			p.Cuts = []tracker.Cut{{Offset: int64(b.data), Length: int64(b.until - b.data), Encoding: "uuencode"}}
		}
		parts = append(parts, p)
	}
	return parts
}
