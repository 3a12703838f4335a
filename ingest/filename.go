package ingest

import (
	"bytes"
	"path"
	"strconv"
	"strings"
)

// name is the declared file name, undecorated, "" when there is none: of
// Content-Disposition, or of Content-Type; programs mix up both parameters.
func (n *node) name() string {
	for _, s := range []string{n.disp.params["filename"], n.params["name"], n.disp.params["name"], n.params["filename"]} {
		if s != "" {
			return s
		}
	}
	return ""
}

// fileName is the declared name, made safe; an attached message is named by
// its subject, anything else without a name by its description or its type.
func (w *walker) fileName(n *node) string {
	if s := cleanName(n.name()); s != "" {
		return s
	}
	if n.opaque {
		return "rest-of-message.eml"
	}
	described := cleanName(decodeText(n.header.get("content-description"), w.hint))
	if isMessage(n.typ) {
		raw, _ := decodeAll(w.raw[n.off:n.end], n.enc, 64<<10)
		inner := readHeader(bytes.TrimLeft(raw, "\r\n"))
		if s := subjectName(decodeText(inner.get("subject"), w.hint)); s != "" {
			return s + ".eml"
		}
	}
	if n.reported && described != "" && len(described) < 60 {
		// servers describe the parts of their reports instead of naming them
		return described + extensionOf(n.typ)
	}
	location := cleanName(before(before(n.header.get("content-location"), "?"), "#"))
	for _, s := range []string{described, location} {
		if hasExtension(s) && len(s) < 100 {
			return s
		}
	}
	return nameByType(n.typ)
}

// subjectName makes a subject a file name: its slashes are no path.
func subjectName(subject string) string {
	s := cleanName(strings.NewReplacer("/", "-", "\\", "-").Replace(subject))
	if len(s) > 150 {
		s = strings.TrimSpace(cutUTF8(s, 150))
	}
	return s
}

// hasExtension says whether a text looks like a file's name.
func hasExtension(s string) bool {
	ext := path.Ext(s)
	if len(ext) < 2 || len(ext) > 6 || len(ext) == len(s) || strings.HasPrefix(s, "cid:") {
		return false
	}
	letters := 0
	for i := 1; i < len(ext); i++ {
		c := ext[i] | 0x20
		if c >= 'a' && c <= 'z' {
			letters++
		} else if ext[i] < '0' || ext[i] > '9' {
			return false
		}
	}
	return letters > 0
}

// cleanName makes a file name safe to show and offer: no path, no invisible
// characters, no dots around it, at most 180 bytes with its extension kept.
// Invisible characters go first, so that nothing hides behind them.
func cleanName(s string) string {
	s = cleanLine(s, 4096)
	s = strings.ReplaceAll(s, "\\", "/")
	if i := strings.LastIndexByte(s, '/'); i >= 0 {
		s = s[i+1:]
	}
	s = strings.TrimRight(strings.TrimSpace(strings.TrimLeft(s, ". ")), ". ") // Windows loses them at the end
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
