package tnef

import (
	"bufio"
	"encoding/binary"
	"io"
)

// reader reads a stream once, front to back, and knows where it is.
type reader struct {
	r   *bufio.Reader
	pos int64 // bytes read so far
	end bool  // the stream is at its end
}

// take reads n bytes, of which the first max are returned.
func (r *reader) take(n, max int64) []byte {
	if n <= 0 {
		return nil
	}
	b := make([]byte, min(n, max))
	k, err := io.ReadFull(r.r, b)
	r.pos += int64(k)
	if err != nil {
		r.end = true
		return b[:k]
	}
	r.skip(n - int64(k))
	return b
}

// skip passes over n bytes and returns how many there were.
func (r *reader) skip(n int64) int64 {
	if n <= 0 {
		return 0
	}
	k, err := io.CopyN(io.Discard, r.r, n)
	r.pos += k
	if err != nil {
		r.end = true
	}
	return k
}

// number reads a little-endian number of n bytes, at most 4; 0 at the end.
func (r *reader) number(n int) uint32 {
	var b [4]byte
	k, err := io.ReadFull(r.r, b[:n])
	r.pos += int64(k)
	if err != nil {
		r.end = true
		return 0
	}
	return binary.LittleEndian.Uint32(b[:])
}
