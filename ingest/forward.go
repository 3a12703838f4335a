package ingest

import (
	"strings"

	"helpdeskd/ingest/reply"
	"helpdeskd/tracker"
)

// forwarded finds who wrote a forwarded mail, when and about what: in the
// header block in the text, or in the header of the one attached message.
func forwarded(in *tracker.Inbound, w *walker, root *node) *tracker.Forwarded {
	sure := passesOn(in.Subject, in.Text)
	o, ok := reply.Forwarded(in.Text, sure)
	if !ok && (sure || strings.TrimSpace(in.Text) == "") {
		o, ok = w.attachedOriginal(root)
	}
	if !ok {
		return nil
	}
	f := &tracker.Forwarded{Date: cleanLine(o.Date, 200), Subject: cleanLine(decodeText(o.Subject, w.hint), maxSubject)}
	list, _ := addressList(strings.NewReplacer("[mailto:", "<", "[", "<", "]", ">", "<mailto:", "<").Replace(o.From), w.hint)
	for _, a := range list {
		if strings.Contains(a.Address, "@") {
			f.From = a
			return f
		}
	}
	// colleagues have no address in each other's header blocks
	if f.From.Name = cleanLine(strings.Trim(o.From, "\"'; "), 200); f.From.Name == "" {
		return nil
	}
	return f
}

// attachedOriginal reads the header of the message that is forwarded as an
// attachment, where there is exactly one.
func (w *walker) attachedOriginal(root *node) (reply.Origin, bool) {
	var only *node
	for _, s := range root.subs {
		if s.typ != "message/rfc822" {
			continue
		}
		if only != nil {
			return reply.Origin{}, false
		}
		only = s
	}
	if only == nil {
		return reply.Origin{}, false
	}
	raw, _ := decodeAll(w.raw[only.off:only.end], only.enc, 64<<10)
	h := readHeader(raw)
	return reply.Origin{From: h.get("from"), Date: h.get("date"), Subject: h.get("subject")}, h.has("from")
}

// isForward reports whether a subject begins as that of a forward does.
func isForward(subject string) bool {
	switch tracker.ReadSubject(subject).Lead {
	case tracker.ForwardPrefix, tracker.EitherPrefix:
		return true
	}
	return false
}

// passesOn is isForward that also looks at the text: "VS:" stands before
// forwards in Danish and Norwegian and before answers in Finnish and Estonian,
// and the words around what is quoted tell.
func passesOn(subject, text string) bool {
	if tracker.ReadSubject(subject).Lead != tracker.EitherPrefix {
		return isForward(subject)
	}
	for _, answers := range []string{"Lähettäjä", "kirjoitti", "Saatja:", "kirjutas"} {
		if strings.Contains(text, answers) {
			return false
		}
	}
	return true
}
