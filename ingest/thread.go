package ingest

import (
	"strings"

	"helpdeskd/tracker"
)

// maxReferences is how many References ids are kept: the first and the newest.
const maxReferences = 50

// IsToken says whether s has the form of a reply token: 26 lower-case base32
// characters (RFC 4648 alphabet) for 128 random bits.
func IsToken(s string) bool {
	if len(s) != 26 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; !('a' <= c && c <= 'z' || '2' <= c && c <= '7') {
			return false
		}
	}
	return true
}

// TokenOfID returns the reply token in one of our own Message-IDs, which have
// the form hd.TOKEN@domain, and "" for any other.
func TokenOfID(id string) string {
	local, _, _ := strings.Cut(strings.Trim(id, "<> "), "@")
	if t, ok := strings.CutPrefix(strings.ToLower(local), "hd."); ok && IsToken(t) {
		return t
	}
	return ""
}

// TokenOfAddress returns the reply token in local+TOKEN@domain, and the
// address without it; "" where the tag is not a token.
func TokenOfAddress(addr string) (token, base string) {
	at := strings.LastIndexByte(addr, '@')
	if at < 0 {
		return "", addr
	}
	local, tag, ok := strings.Cut(addr[:at], "+")
	if !ok || !IsToken(strings.ToLower(tag)) {
		return "", addr
	}
	return strings.ToLower(tag), local + addr[at:]
}

// readThread collects everything that may tie the mail to a ticket.
func readThread(in *tracker.Inbound, h *header, opt Options, hint string) {
	if ids := messageIDs(h.get("message-id")); len(ids) > 0 {
		in.MessageID = ids[0]
	}
	for _, v := range h.all("in-reply-to") {
		in.InReplyTo = append(in.InReplyTo, messageIDs(v)...)
	}
	if len(in.InReplyTo) > maxReferences {
		in.InReplyTo = in.InReplyTo[:maxReferences]
	}
	for _, v := range h.all("references") {
		in.References = append(in.References, messageIDs(v)...)
	}
	in.References = keepReferences(in.References)
	if ids := messageIDs(h.get("x-microsoft-original-message-id")); len(ids) > 0 {
		in.OriginalID = ids[0]
	}
	for _, v := range h.all("thread-index") {
		if strings.Contains(v, "=?") {
			v = decodeText(v, "")
		}
		if x, ok := tracker.ReadThreadIndex(v); ok {
			in.ThreadIndex = x.String()
			break
		}
	}
	in.ThreadTopic = cleanLine(decodeText(h.get("thread-topic"), hint), maxSubject)
	in.SubjectTags = tracker.ReadSubject(in.Subject).Tags
	in.ReplyTokens = replyTokens(in, h, opt)
}

// messageIDs reads a list of ids, whatever stands around them: comments,
// phrases, commas, encoded words. They stand in angle brackets, of which
// either may be lost, or are bare words where there are no brackets at all.
// Ids are kept as written, bounded and on one line; an empty <> is no id.
func messageIDs(s string) []string {
	if strings.Contains(s, "=?") {
		s = decodeText(s, "")
	}
	s = strings.NewReplacer("&lt;", "<", "&gt;", ">").Replace(s)
	var out []string
	add := func(id string) {
		id = strings.Map(func(r rune) rune {
			if r <= ' ' || invisible(r) {
				return -1
			}
			return r
		}, strings.ToValidUTF8(id, ""))
		if len(id) > 998 {
			id = strings.ToValidUTF8(id[:998], "")
		}
		if id != "" && id != "@" {
			out = append(out, id)
		}
	}
	if !strings.ContainsAny(s, "<>") {
		for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == ',' || r == ';' }) {
			if w = strings.Trim(w, `"'`); strings.Contains(w, "@") || !strings.Contains(s, "@") {
				add(w)
			}
		}
		return out
	}
	for s != "" {
		i := strings.IndexAny(s, "<>")
		if i < 0 {
			return out
		}
		before, bracket := s[:i], s[i]
		s = s[i+1:]
		if bracket == '>' { // its < was lost: the word before it
			if w := strings.Fields(before); len(w) > 0 && strings.Contains(w[len(w)-1], "@") {
				add(strings.Trim(w[len(w)-1], `"',;`))
			}
			continue
		}
		j := strings.IndexAny(s, "<>")
		if j < 0 {
			j = len(s)
		}
		if inside := s[:j]; strings.Count(inside, "@") > 1 && len(strings.Fields(inside)) > 1 {
			for _, w := range strings.Fields(inside) { // several between one pair
				add(strings.Trim(w, ",;"))
			}
		} else {
			add(inside)
		}
		s = s[j:]
		s = strings.TrimPrefix(s, ">")
	}
	return out
}

// keepReferences bounds a list of references: the first, which began the
// thread, and the newest.
func keepReferences(ids []string) []string {
	n := len(ids)
	if n <= maxReferences {
		return ids
	}
	return append([]string{ids[0]}, ids[n-maxReferences+1:]...)
}

// replyTokens gathers token candidates: from our plus-addresses among the
// recipients, and from referenced ids of our form, nearest first.
func replyTokens(in *tracker.Inbound, h *header, opt Options) []string {
	var out []string
	add := func(t string) {
		if t == "" || len(out) >= 2*maxReferences {
			return
		}
		for _, o := range out {
			if o == t {
				return
			}
		}
		out = append(out, t)
	}
	for _, id := range in.InReplyTo {
		add(TokenOfID(id))
	}
	for i := len(in.References) - 1; i >= 0; i-- {
		add(TokenOfID(in.References[i]))
	}
	own := func(a string) bool {
		for _, o := range opt.Own {
			if strings.EqualFold(o, a) {
				return true
			}
		}
		return false
	}
	rcpt := append(append([]tracker.Address(nil), in.To...), in.Cc...)
	for _, name := range []string{"delivered-to", "x-original-to", "envelope-to"} {
		for _, v := range h.all(name) {
			list, _ := addressList(v, "")
			rcpt = append(rcpt, list...)
		}
	}
	for _, a := range rcpt {
		if t, base := TokenOfAddress(a.Address); t != "" && own(base) {
			add(t)
		}
	}
	return out
}
