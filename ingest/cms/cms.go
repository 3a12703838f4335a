// Package cms finds out what an S/MIME envelope (RFC 5652, RFC 8551) is, and
// where in it the content of an opaque signature lies. Nothing is verified or
// decrypted. It walks down one path and recurses nowhere, so no nesting costs
// more than its bytes.
package cms

import (
	"bytes"

	"helpdeskd/tracker/transfer"
)

// Kind is what an envelope is.
type Kind string

// The kinds of envelopes.
const (
	Signed       Kind = "signed"       // with its content
	Certificates Kind = "certificates" // certificates or a signature alone, without content
	Encrypted    Kind = "encrypted"
	Compressed   Kind = "compressed"
)

// Envelope is what was found. Offset and Length are where the content of a
// signed one lies in the bytes, and Encoding is how it lies there.
type Envelope struct {
	Kind           Kind
	Offset, Length int64
	Encoding       string // transfer.OctetString for chunks, "" for plain bytes
}

// The content types (RFC 5652, RFC 5083, RFC 3274), without tag and length.
var (
	oidPrefix     = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01}
	oidSigned     = append(bytes.Clone(oidPrefix), 7, 2)
	oidEnveloped  = append(bytes.Clone(oidPrefix), 7, 3)
	oidBoth       = append(bytes.Clone(oidPrefix), 7, 4) // signed and enveloped, of PKCS #7
	oidEncrypted  = append(bytes.Clone(oidPrefix), 7, 6)
	oidCompressed = append(bytes.Clone(oidPrefix), 9, 16, 1, 9)
	oidAuth       = append(bytes.Clone(oidPrefix), 9, 16, 1, 23)
)

const (
	tagOctets   = 0x04
	tagOID      = 0x06
	tagSequence = 0x30
	tagExplicit = 0xa0
	chunked     = 0x24
)

// element is one BER element: its content is b[start:end].
type element struct {
	tag        byte
	start, end int
	endless    bool // the length is indefinite; end is that of what holds it
}

// head reads the tag and length at pos; false where there is none. A length
// beyond end is cut there.
func head(b []byte, pos, end int) (element, bool) {
	if pos+2 > end || b[pos]&0x1f == 0x1f {
		return element{}, false
	}
	e := element{tag: b[pos], start: pos + 2}
	n := int(b[pos+1])
	switch {
	case n == 0x80:
		e.end, e.endless = end, true
		return e, true
	case n > 0x80:
		size := n & 0x7f
		if size > 7 || e.start+size > end {
			return element{}, false
		}
		n = 0
		for _, c := range b[e.start : e.start+size] {
			n = n<<8 | int(c)
		}
		e.start += size
	}
	e.end = e.start + min(n, end-e.start)
	return e, true
}

// after is where what follows e begins; false where e does not end.
func after(b []byte, e element, end int) (int, bool) {
	if !e.endless {
		return e.end, true
	}
	pos := e.start
	for open := 1; pos+2 <= end; {
		if b[pos] == 0 && b[pos+1] == 0 {
			pos += 2
			if open--; open == 0 {
				return pos, true
			}
			continue
		}
		in, ok := head(b, pos, end)
		if !ok {
			return 0, false
		}
		if in.endless {
			open++
			pos = in.start
			continue
		}
		pos = in.end
	}
	return 0, false
}

// within reads the element with the given tag that begins at pos.
func within(b []byte, pos, end int, tag byte) (element, bool) {
	e, ok := head(b, pos, end)
	return e, ok && e.tag == tag
}

// Read looks at the bytes of an envelope; false where they are none.
func Read(b []byte) (Envelope, bool) {
	info, ok := within(b, 0, len(b), tagSequence)
	if !ok {
		return Envelope{}, false
	}
	oid, ok := within(b, info.start, info.end, tagOID)
	if !ok {
		return Envelope{}, false
	}
	switch name := b[oid.start:oid.end]; {
	case bytes.Equal(name, oidSigned):
		return signed(b, oid.end, info.end), true
	case bytes.Equal(name, oidEnveloped), bytes.Equal(name, oidAuth), bytes.Equal(name, oidEncrypted), bytes.Equal(name, oidBoth):
		return Envelope{Kind: Encrypted}, true
	case bytes.Equal(name, oidCompressed):
		return Envelope{Kind: Compressed}, true
	}
	return Envelope{}, false
}

// signed walks to the content of SignedData: version, digest algorithms, and
// the content with its type (RFC 5652 sections 5.1 and 5.2).
func signed(b []byte, pos, end int) Envelope {
	none := Envelope{Kind: Certificates}
	outer, ok := within(b, pos, end, tagExplicit)
	if !ok {
		return none
	}
	data, ok := within(b, outer.start, outer.end, tagSequence)
	if !ok {
		return none
	}
	pos = data.start
	for range 2 { // the version and the algorithms
		e, ok := head(b, pos, data.end)
		if !ok {
			return none
		}
		if pos, ok = after(b, e, data.end); !ok {
			return none
		}
	}
	content, ok := within(b, pos, data.end, tagSequence)
	if !ok {
		return none
	}
	kind, ok := within(b, content.start, content.end, tagOID)
	if !ok {
		return none
	}
	wrap, ok := within(b, kind.end, content.end, tagExplicit)
	if !ok {
		return none
	}
	octets, ok := head(b, wrap.start, wrap.end)
	if !ok || octets.tag != tagOctets && octets.tag != chunked || octets.tag == tagOctets && octets.endless {
		return none
	}
	env := Envelope{Kind: Signed, Offset: int64(octets.start), Length: int64(octets.end - octets.start)}
	if octets.tag == chunked {
		env.Encoding = transfer.OctetString
	}
	if env.Length == 0 {
		return none
	}
	return env
}
