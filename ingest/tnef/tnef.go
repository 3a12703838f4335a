// Package tnef reads the winmail.dat of Outlook and Exchange (MS-OXTNEF): the
// files in it, and the text. It reads a stream once and keeps no content, only
// where that lies. It never fails: what is damaged ends the reading, and what
// came before it counts.
package tnef

import (
	"bufio"
	"io"
	"strings"

	"helpdeskd/ingest/codepage"
	"helpdeskd/tracker/transfer"
)

// Bounds on what is read.
const (
	maxFiles   = 500  // of one stream, those of attached messages included
	maxDepth   = 8    // of messages attached to messages
	maxText    = 4096 // bytes of a name or subject
	maxRecords = 1 << 20
)

// Message is what a stream holds.
type Message struct {
	Subject  string
	Sender   string // the name
	Class    string // IPM.Note and so on
	Charset  string // of what is not in Unicode
	Plain    *Value
	HTML     *Value
	RTF      *Value // compressed
	Files    []File
	Damaged  bool // there is more that could not be read
	page     uint32
	internet uint32
}

// Value is content: a range of the stream.
type Value struct {
	Offset, Length int64
	Size           int64  // bytes once the encoding is undone
	Encoding       string // transfer.UTF16 or transfer.RTF; "" for bytes as they are
	Charset        string // of text; "" for none
}

// File is an attachment: content, or a message.
type File struct {
	Name        string
	ContentType string // as declared, "" for none
	ContentID   string
	Data        Value
	Message     *Message // attached, nil for other files
}

// Decode turns bytes in a named charset into UTF-8.
type Decode func(b []byte, charset string) string

// Signature is what every stream begins with, as bytes.
const Signature = "\x78\x9f\x3e\x22"

// The attributes that are looked at (MS-OXTNEF section 2.1.3.4).
const (
	attOemCodepage    = 0x00069007
	attMessageClass   = 0x00078008
	attSubject        = 0x00018004
	attBody           = 0x0002800c
	attMsgProps       = 0x00069003
	attAttachRendData = 0x00069002
	attAttachTitle    = 0x00018010
	attAttachData     = 0x0006800f
	attAttachment     = 0x00069005
	attTransportName  = 0x00069001
)

// scan is one reading of a stream.
type scan struct {
	in      *reader
	decode  Decode
	files   int
	records int
}

// Read reads a stream. It is nil where there is none.
func Read(r io.Reader, decode Decode) *Message {
	s := &scan{in: &reader{r: bufio.NewReaderSize(r, 16<<10)}, decode: decode}
	return s.message(1<<62, 0)
}

// text is a string that is decoded once the code page is known.
type text struct {
	b       []byte
	unicode bool
}

func (s *scan) string(t text, charset string) string {
	if t.unicode {
		b, _ := transfer.All(t.b, transfer.UTF16, 0)
		return string(b)
	}
	if i := strings.IndexByte(string(t.b), 0); i >= 0 {
		t.b = t.b[:i]
	}
	return s.decode(t.b, charset)
}

// file is an attachment as it is being read.
type file struct {
	long, short, title, transport, display text
	mime, cid, extension                   text
	method                                 uint32
	data, object                           *Value
	message                                *Message
}

// message reads one stream, which ends at end at the latest.
func (s *scan) message(end int64, depth int) *Message {
	in := s.in
	if in.number(4) != 0x223e9f78 || in.end {
		return nil
	}
	in.number(2) // the key
	m := &Message{}
	var subject, sender, class text
	var files []*file
	var cur *file
	for in.pos+9 <= end && !in.end {
		level := in.number(1)
		id := in.number(4)
		length := int64(in.number(4))
		if in.end {
			break // between two attributes: a whole stream
		}
		if s.records++; level != 1 && level != 2 || s.records > maxRecords {
			m.Damaged = true
			break
		}
		stop := in.pos + length
		if stop > end {
			m.Damaged = true
			stop = end
		}
		switch id {
		case attOemCodepage:
			if length >= 4 {
				m.page = in.number(4)
			}
		case attMessageClass:
			class = text{b: in.take(stop-in.pos, maxText)}
		case attSubject:
			subject = text{b: in.take(stop-in.pos, maxText)}
		case attBody:
			if m.Plain == nil {
				m.Plain = s.value(stop-in.pos, "")
			}
		case attMsgProps:
			s.props(stop, func(p prop) { s.messageProp(m, p, &subject, &sender, &class) })
		case attAttachRendData:
			if cur = nil; s.files < maxFiles {
				s.files++
				cur = &file{}
				files = append(files, cur)
			} else {
				m.Damaged = true
			}
		default:
			if cur != nil {
				s.attachment(cur, id, stop, depth)
			}
		}
		if in.pos < stop {
			in.skip(stop - in.pos)
		}
		if in.end {
			m.Damaged = true
			break
		}
		in.number(2) // the checksum, which programs write wrongly
	}
	s.finish(m, files, subject, sender, class)
	return m
}

func (s *scan) attachment(f *file, id uint32, stop int64, depth int) {
	in := s.in
	switch id {
	case attAttachTitle:
		f.title = text{b: in.take(stop-in.pos, maxText)}
	case attTransportName:
		f.transport = text{b: in.take(stop-in.pos, maxText)}
	case attAttachData:
		f.data = s.value(stop-in.pos, "")
	case attAttachment:
		s.props(stop, func(p prop) { s.fileProp(f, p, depth) })
	}
}

// finish decodes the names, now that the code page is known.
func (s *scan) finish(m *Message, files []*file, subject, sender, class text) {
	m.Charset = codepage.Charset(m.page)
	m.Subject, m.Sender, m.Class = s.string(subject, m.Charset), s.string(sender, m.Charset), s.string(class, "us-ascii")
	if m.Plain != nil && m.Plain.Encoding == "" {
		m.Plain.Charset = m.Charset
	}
	if m.HTML != nil && m.HTML.Encoding == "" {
		m.HTML.Charset = m.Charset
		if m.internet != 0 {
			m.HTML.Charset = codepage.Charset(m.internet)
		}
	}
	for _, f := range files {
		out := File{ContentType: strings.ToLower(s.string(f.mime, "us-ascii")), ContentID: strings.Trim(s.string(f.cid, m.Charset), "<> "), Message: f.message}
		for _, t := range []text{f.long, f.title, f.transport, f.display, f.short} {
			if out.Name = strings.TrimSpace(s.string(t, m.Charset)); out.Name != "" {
				break
			}
		}
		if ext := s.string(f.extension, m.Charset); ext != "" && !strings.Contains(out.Name, ".") && strings.HasPrefix(ext, ".") && len(ext) < 12 && f.message == nil {
			out.Name += ext
		}
		switch {
		case f.object != nil && (f.message != nil || f.data == nil || f.data.Length == 0):
			out.Data = *f.object
		case f.data != nil:
			out.Data = *f.data
		default:
			continue // a link to a file elsewhere, or nothing at all
		}
		m.Files = append(m.Files, out)
		m.Damaged = m.Damaged || f.message != nil && f.message.Damaged
	}
}
