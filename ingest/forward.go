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
	o, _ := reply.Forwarded(in.Text, forwarded)
	value := o.From
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

// isForward reports whether a subject begins as that of a forward does.
func isForward(subject string) bool {
	switch tracker.ReadSubject(subject).Lead {
	case tracker.ForwardPrefix, tracker.EitherPrefix:
		return true
	}
	return false
}
