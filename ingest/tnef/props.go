package tnef

import (
	"io"

	"helpdeskd/tracker/transfer"
)

// The types of properties (MS-OXCDATA section 2.11.1).
const (
	typeInt16   = 0x0002
	typeInt32   = 0x0003
	typeFloat   = 0x0004
	typeDouble  = 0x0005
	typeMoney   = 0x0006
	typeDate    = 0x0007
	typeError   = 0x000a
	typeBool    = 0x000b
	typeObject  = 0x000d
	typeInt64   = 0x0014
	typeString8 = 0x001e
	typeUnicode = 0x001f
	typeTime    = 0x0040
	typeGUID    = 0x0048
	typeBinary  = 0x0102
	severalOf   = 0x1000
)

// The properties that are looked at (MS-OXPROPS).
const (
	propMessageClass = 0x001a
	propSubject      = 0x0037
	propSender       = 0x0c1a
	propBody         = 0x1000
	propRTF          = 0x1009
	propHTML         = 0x1013
	propDisplayName  = 0x3001
	propAttachData   = 0x3701
	propExtension    = 0x3703
	propShortName    = 0x3704
	propMethod       = 0x3705
	propLongName     = 0x3707
	propMIMEType     = 0x370e
	propContentID    = 0x3712
	propInternetCode = 0x3fde
	propCodepage     = 0x3ffd
)

// prop is one property whose value begins where the reader is.
type prop struct {
	id, kind uint16
	number   uint32 // of a fixed type
	length   int64  // of a string, bytes or an object
}

// props reads a list of properties (MS-OXTNEF section 2.1.3.5) that ends at
// stop. each is called for one value of each property; what it leaves unread
// is skipped.
func (s *scan) props(stop int64, each func(prop)) {
	in := s.in
	count := in.number(4)
	for ; count > 0 && in.pos+4 <= stop && !in.end; count-- {
		if s.records++; s.records > maxRecords {
			return
		}
		p := prop{kind: uint16(in.number(2)), id: uint16(in.number(2))}
		if p.id >= 0x8000 && !s.named(stop) {
			return
		}
		if !s.values(p, stop, each) {
			return
		}
	}
}

// named passes over the name of a named property.
func (s *scan) named(stop int64) bool {
	in := s.in
	in.skip(16) // whose it is
	if in.number(4) == 0 {
		in.number(4)
		return in.pos <= stop
	}
	n := int64(in.number(4))
	if n > stop-in.pos {
		return false
	}
	in.skip(padded(n))
	return true
}

// values reads the value, or values, of a property; false where the list can
// not be followed any further.
func (s *scan) values(p prop, stop int64, each func(prop)) bool {
	in := s.in
	several := p.kind&severalOf != 0
	p.kind &^= severalOf
	size := int64(0)
	switch p.kind {
	case typeInt16, typeInt32, typeFloat, typeError, typeBool:
		size = 4
	case typeDouble, typeMoney, typeDate, typeInt64, typeTime:
		size = 8
	case typeGUID:
		size = 16
	case typeString8, typeUnicode, typeObject, typeBinary:
	default:
		return false
	}
	n := int64(1)
	if several || size == 0 {
		n = int64(in.number(4))
	}
	if size > 0 {
		if n*size > stop-in.pos {
			return false
		}
		if !several {
			p.number = in.number(4)
			in.skip(size - 4)
			each(p)
			return true
		}
		in.skip(n * size)
		return true
	}
	for ; n > 0 && !in.end; n-- {
		if in.pos+4 > stop {
			return false
		}
		if s.records++; s.records > maxRecords {
			return false
		}
		p.length = int64(in.number(4))
		left := stop - in.pos
		whole := p.length <= left
		if !whole {
			p.length = max(left, 0) // a length that lies: what there is
		}
		next := in.pos + p.length
		each(p)
		in.skip(next - in.pos)
		if !whole {
			return false
		}
		in.skip(padded(p.length) - p.length)
	}
	return true
}

func padded(n int64) int64 { return (n + 3) &^ 3 }

// text reads a string property.
func (s *scan) text(p prop) text {
	return text{b: s.in.take(p.length, maxText), unicode: p.kind == typeUnicode}
}

// content passes over a property's value and says where it lies.
func (s *scan) content(p prop) *Value {
	switch {
	case p.id == propRTF:
		return s.value(p.length, transfer.RTF)
	case p.kind == typeUnicode:
		return s.value(p.length, transfer.UTF16)
	}
	return s.value(p.length, "")
}

// value passes over n bytes of content.
func (s *scan) value(n int64, encoding string) *Value {
	v := &Value{Offset: s.in.pos, Encoding: encoding}
	if encoding == "" {
		v.Length = s.in.skip(n)
		v.Size = v.Length
		return v
	}
	counted := &io.LimitedReader{R: s.in.r, N: max(n, 0)}
	v.Size, _ = io.Copy(io.Discard, transfer.NewReader(encoding, counted))
	v.Length = max(n, 0) - counted.N
	s.in.pos += v.Length
	s.in.end = s.in.end || counted.N > 0
	return v
}

func (s *scan) messageProp(m *Message, p prop, subject, sender, class *text) {
	isText := p.kind == typeString8 || p.kind == typeUnicode
	switch {
	case p.id == propSubject && isText:
		*subject = s.text(p)
	case p.id == propSender && isText:
		*sender = s.text(p)
	case p.id == propMessageClass && isText:
		*class = s.text(p)
	case p.id == propCodepage && p.kind == typeInt32 && m.page == 0:
		m.page = p.number
	case p.id == propInternetCode && p.kind == typeInt32:
		m.internet = p.number
	case p.id == propBody && isText && p.length > 0:
		m.Plain = s.content(p)
	case p.id == propHTML && (isText || p.kind == typeBinary) && p.length > 0:
		m.HTML = s.content(p)
	case p.id == propRTF && p.kind == typeBinary && p.length > 16:
		m.RTF = s.content(p)
	}
}

func (s *scan) fileProp(f *file, p prop, depth int) {
	if p.id == propMethod && p.kind == typeInt32 {
		f.method = p.number
		return
	}
	if p.id == propAttachData && (p.kind == typeBinary || p.kind == typeObject) {
		s.object(f, p, depth)
		return
	}
	if p.kind != typeString8 && p.kind != typeUnicode {
		return
	}
	switch p.id {
	case propLongName:
		f.long = s.text(p)
	case propShortName:
		f.short = s.text(p)
	case propDisplayName:
		f.display = s.text(p)
	case propExtension:
		f.extension = s.text(p)
	case propMIMEType:
		f.mime = s.text(p)
	case propContentID:
		f.cid = s.text(p)
	}
}

// object reads attached content: bytes, or an object, which begins with the
// 16 bytes of its interface's name and may be a message.
func (s *scan) object(f *file, p prop, depth int) {
	in := s.in
	end := in.pos + p.length
	if p.kind == typeObject {
		in.skip(min(16, p.length))
	}
	v := &Value{Offset: in.pos}
	f.object = v
	if p.kind == typeObject && depth < maxDepth {
		if head, _ := in.r.Peek(4); string(head) == Signature && end-in.pos > 6 {
			f.message = s.message(end, depth+1)
		}
	}
	in.skip(end - in.pos)
	v.Length = max(min(in.pos, end)-v.Offset, 0)
	v.Size = v.Length
}
