package ingest

import (
	"path"
	"strconv"
	"strings"
)

// fileName is the declared name, made safe; an attached message is named by
// its subject, anything else without a name by its type.
func (w *walker) fileName(n *node) string {
	if s := cleanName(n.name()); s != "" {
		return s
	}
	if n.opaque {
		return "rest-of-message.eml"
	}
	// servers describe the parts of their reports instead of naming them
	if d := cleanName(decodeText(n.header.get("content-description"), "")); d != "" && len(d) < 60 && strings.HasPrefix(n.typ, "message/") && n.typ != "message/rfc822" {
		return d + extensionOf(n.typ)
	}
	if n.typ == "message/rfc822" || n.typ == "message/global" {
		raw, _ := decodeAll(w.raw[n.off:n.end], n.enc, 64<<10)
		inner := readHeader(raw)
		subject := decodeText(inner.get("subject"), n.charset())
		if s := cleanName(strings.NewReplacer("/", "-", "\\", "-").Replace(subject)); s != "" {
			return s + ".eml"
		}
		return "message.eml"
	}
	return "attachment" + extensionOf(n.typ)
}

// cleanName makes a file name safe to show and offer: no path, no invisible
// characters, no leading dots, at most 180 bytes with its extension kept.
// Invisible characters go first, so that nothing hides behind them.
func cleanName(s string) string {
	s = cleanLine(s, 4096)
	s = strings.ReplaceAll(s, "\\", "/")
	if i := strings.LastIndexByte(s, '/'); i >= 0 {
		s = s[i+1:]
	}
	s = strings.TrimSpace(strings.TrimLeft(s, ". "))
	if len(s) > 2 && s[1] == ':' && (s[0]|0x20) >= 'a' && (s[0]|0x20) <= 'z' {
		s = s[2:]
	}
	switch base, _, _ := strings.Cut(strings.ToLower(s), "."); base {
	case "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "lpt1", "lpt2", "lpt3":
		s = "_" + s // a device name, not a file, on Windows
	}
	if len(s) > 180 {
		ext := path.Ext(s)
		if len(ext) > 16 {
			ext = ""
		}
		s = cutUTF8(s, 180-len(ext)) + ext
	}
	return s
}

func uniqueName(s string, names map[string]int) string {
	key := strings.ToLower(s)
	names[key]++
	if names[key] == 1 {
		return s
	}
	ext := path.Ext(s)
	for {
		alt := strings.TrimSuffix(s, ext) + " (" + strconv.Itoa(names[key]) + ")" + ext
		if names[strings.ToLower(alt)] == 0 {
			names[strings.ToLower(alt)] = 1
			return alt
		}
		names[key]++
	}
}
