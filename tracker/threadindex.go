package tracker

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"
)

// ThreadIndex is Outlook's Thread-Index: a header of 22 bytes that names the
// conversation, and 5 bytes for each answer ([MS-OXOMSG] 2.2.1.3). The zero
// value is none.
type ThreadIndex struct{ raw string }

const (
	threadHead  = 22
	threadBlock = 5
	maxAnswers  = 80 // how many answers an index of ours tells of: the newest
	fileEpoch   = 11644473600
)

// ReadThreadIndex reads the value of the header, folded or not, padded or
// not. What stands beyond the last whole block is dropped. An index whose
// GUID is of one repeated byte names nothing.
func ReadThreadIndex(s string) (ThreadIndex, bool) {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r == '=' || r == '"' {
			return -1
		}
		return r
	}, clip(s, 4096))
	b, err := base64.RawStdEncoding.DecodeString(s[:len(s)-btoi(len(s)%4 == 1)])
	if err != nil || len(b) < threadHead || b[0] != 1 {
		return ThreadIndex{}, false
	}
	if guid := string(b[6:threadHead]); strings.Trim(guid, guid[:1]) == "" {
		return ThreadIndex{}, false
	}
	return ThreadIndex{string(b[:len(b)-(len(b)-threadHead)%threadBlock])}, true
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// NewThreadIndex begins a conversation, laid out as Exchange does it since
// 2013: the byte 1, then the five high bytes of the FILETIME.
func NewThreadIndex(at time.Time, guid [16]byte) ThreadIndex {
	t := fileTime(at)
	return ThreadIndex{string([]byte{1, byte(t >> 56), byte(t >> 48), byte(t >> 40), byte(t >> 32), byte(t >> 24)}) + string(guid[:])}
}

// Answered returns the index of an answer written at a time: one block more.
// Its delta counts from the header's time; salt fills the block's random byte.
func (x ThreadIndex) Answered(at time.Time, salt byte) ThreadIndex {
	var diff uint64
	if now, begun := fileTime(at), x.begun(); now > begun {
		diff = now - begun
	}
	delta := uint32(diff>>18) & 0x7fffffff
	if diff>>49 != 0 { // beyond 1.7 years: coarser, and said so by the first bit
		delta = uint32(diff>>23)&0x7fffffff | 0x80000000
	}
	raw := x.raw
	if n := (len(raw) - threadHead) / threadBlock; n >= maxAnswers {
		raw = raw[:threadHead] + raw[threadHead+(n-maxAnswers+1)*threadBlock:]
	}
	return ThreadIndex{raw + string([]byte{byte(delta >> 24), byte(delta >> 16), byte(delta >> 8), byte(delta), salt})}
}

// GUID names the conversation, in lower-case hex.
func (x ThreadIndex) GUID() string {
	if x.raw == "" {
		return ""
	}
	return hex.EncodeToString([]byte(x.raw[6:threadHead]))
}

// Begun is when the conversation began, to within two seconds.
func (x ThreadIndex) Begun() time.Time {
	if x.raw == "" {
		return time.Time{}
	}
	t := x.begun()
	return time.Unix(int64(t/1e7)-fileEpoch, int64(t%1e7)*100).UTC()
}

// Answers are the times of the answers, as far as their blocks tell.
func (x ThreadIndex) Answers() []time.Time {
	var list []time.Time
	for i := threadHead; i+threadBlock <= len(x.raw); i += threadBlock {
		delta := uint64(x.raw[i]&0x7f)<<24 | uint64(x.raw[i+1])<<16 | uint64(x.raw[i+2])<<8 | uint64(x.raw[i+3])
		if x.raw[i]&0x80 != 0 {
			delta <<= 23
		} else {
			delta <<= 18
		}
		list = append(list, x.Begun().Add(time.Duration(delta/10)*time.Microsecond))
	}
	return list
}

// String is the value of the header: base64, with padding.
func (x ThreadIndex) String() string { return base64.StdEncoding.EncodeToString([]byte(x.raw)) }

// begun returns the header's FILETIME. Two layouts are about: the six high
// bytes, of which the first is 1 until the year 2057, and, since Exchange
// 2013, a 1 before the five high bytes.
func (x ThreadIndex) begun() uint64 {
	var t uint64
	for i := range 6 {
		t = t<<8 | uint64(x.raw[i])
	}
	if x.raw[1] == 1 && x.raw[2] >= 0x80 {
		return t << 24 // the reserved byte is shifted out
	}
	return t << 16
}

// fileTime counts 100 nanoseconds since 1601 ([MS-DTYP] 2.3.3).
func fileTime(at time.Time) uint64 {
	return uint64(at.Unix()+fileEpoch)*1e7 + uint64(at.Nanosecond()/100)
}
