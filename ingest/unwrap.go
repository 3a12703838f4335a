package ingest

import (
	"slices"

	"helpdeskd/tracker"
)

// Bounds on what is taken out of wrappings.
const (
	maxUnwrapped = 32 << 20 // bytes, of one mail
	maxWrapping  = 64 << 20 // bytes of a mail whose wrappings are opened
)

// unwrapped is what was taken out of wrappings. It is put behind the bytes of
// the mail, so that everything reads it like those; locate says where in the
// mail it really lies.
type unwrapped struct {
	mail     int // bytes of the mail itself, once there are segments
	segments []segment
	sealed   []*node // envelopes that were opened
	winmail  map[*node]*winmail
	within   int // attached messages that were looked into
}

// segment is raw[at:end], which opens as the part via does.
type segment struct {
	at, end int
	via     tracker.Part
}

// extend puts the content of a part behind the mail; false when it is too much.
func (w *walker) extend(via tracker.Part, content []byte) (at int, ok bool) {
	if len(w.segments) == 0 {
		w.mail = len(w.raw)
		w.raw = slices.Clip(w.raw) // never into the caller's memory
	}
	if w.mail > maxWrapping || len(w.raw)-w.mail+len(content) > maxUnwrapped || len(via.Cuts) > 16 {
		w.defect("what is wrapped in this mail is too large to be opened here")
		return 0, false
	}
	via = w.locate(via)
	at = len(w.raw)
	w.raw = append(w.raw, content...)
	w.segments = append(w.segments, segment{at: at, end: len(w.raw), via: via})
	return at, true
}

// locate returns a part as ranges of the mail itself.
func (w *walker) locate(p tracker.Part) tracker.Part {
	if len(w.segments) == 0 || p.Offset < int64(w.mail) {
		return p
	}
	for _, s := range w.segments {
		if p.Offset >= int64(s.at) && p.Offset+p.Length <= int64(s.end) {
			cuts := append(slices.Clone(s.via.Cuts), tracker.Cut{Offset: p.Offset - int64(s.at), Length: p.Length, Encoding: p.Encoding})
			p.Cuts = append(cuts, p.Cuts...)
			p.Encoding, p.Offset, p.Length = s.via.Encoding, s.via.Offset, s.via.Length
			return p
		}
	}
	return p
}

// whole is all of a node's content as a part.
func (n *node) whole() tracker.Part {
	return tracker.Part{Encoding: n.enc, Offset: int64(n.off), Length: int64(n.end - n.off)}
}

// note keeps what is worth knowing of a mail and no damage.
func (w *walker) note(s string) {
	s = cleanLine(s, maxNote)
	if len(w.notes) < 20 && !slices.Contains(w.notes, s) {
		w.notes = append(w.notes, s)
	}
}
