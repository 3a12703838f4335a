package ingest

import (
	"strings"

	"helpdeskd/ingest/reply"
	"helpdeskd/tracker"
)

// forwardedFrom finds the original author of a forwarded mail: of the header
// block in the text, or of the one attached message.
func forwardedFrom(in *tracker.Inbound, w *walker, root *node) *tracker.Address {
	forwarded := isForward(in.Subject)
	value := reply.ForwardedFrom(in.Text, forwarded)
	if value == "" && forwarded {
		var attached []*node
		for _, s := range root.subs {
			if s.typ == "message/rfc822" {
				attached = append(attached, s)
			}
		}
		if len(attached) == 1 {
			raw, _ := decodeAll(w.raw[attached[0].off:attached[0].end], attached[0].enc, 64<<10)
			h := readHeader(raw)
			value = h.get("from")
		}
	}
	if value == "" {
		return nil
	}
	list, _ := addressList(strings.NewReplacer("[mailto:", "<", "]", ">").Replace(value), w.hint)
	for _, a := range list {
		if strings.Contains(a.Address, "@") {
			return &a
		}
	}
	return nil
}

// isForward knows the prefixes that mail programs put before the subject of
// a forward.
func isForward(subject string) bool {
	s := strings.ToLower(strings.TrimSpace(subject))
	for strings.HasPrefix(s, "[") {
		_, rest, ok := strings.Cut(s, "]")
		if !ok {
			break
		}
		s = strings.TrimSpace(rest)
	}
	for _, p := range []string{"fw:", "fwd:", "wg:", "tr:", "rv:", "i:", "enc:", "doorst:", "vs:", "vb:", "vl:", "pd:", "转发:", "转发：", "轉寄:", "転送:", "ilt:", "továbbítás:", "fs:", "tr :", "fw :", "fwd :", "w.:"} {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}
