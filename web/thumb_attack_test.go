package web

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"testing"
)

// passesJPEG is a grey JPEG of side by side pixels that is sent in passes, each of
// which says in 55 bytes that nothing changes.
func passesJPEG(side, passes int) []byte {
	b := bytes.NewBuffer([]byte{0xff, 0xd8, 0xff, 0xc2, 0, 11, 8, byte(side >> 8), byte(side), byte(side >> 8), byte(side), 1, 1, 0x11, 0, 0xff, 0xdb, 0, 67, 0})
	b.Write(bytes.Repeat([]byte{1}, 64))
	for _, table := range [][2]byte{{0x00, 0}, {0x10, 0xe0}} { // one word each: no difference; a run of 16,384 blocks
		b.Write([]byte{0xff, 0xc4, 0, 20, table[0], 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, table[1]})
	}
	for range passes {
		b.Write([]byte{0xff, 0xda, 0, 8, 1, 1, 0x00, 1, 63, 0x00})
		b.Write(make([]byte, 45))
	}
	b.Write([]byte{0xff, 0xd9})
	return b.Bytes()
}

// TestPicturesSentInPasses: a mail with a small file must not keep the machine
// busy for minutes. 200 passes over 25 million pixels are 11 kB, and took 14 s.
func TestPicturesSentInPasses(t *testing.T) {
	bomb := passesJPEG(5000, 200)
	if size, err := jpeg.DecodeConfig(bytes.NewReader(bomb)); err != nil || size.Width != 5000 {
		t.Fatal(size, err)
	}
	if _, _, err := shrink(bytes.NewReader(bomb)); !errors.Is(err, errNoThumb) {
		t.Errorf("%d bytes, 200 passes over 5,000 by 5,000: %v", len(bomb), err)
	}
	data, kind, err := shrink(bytes.NewReader(passesJPEG(500, 12)))
	if err != nil || kind != "image/jpeg" {
		t.Fatalf("a usual picture in passes: %q %v", kind, err)
	}
	if m, _, err := image.Decode(bytes.NewReader(data)); err != nil || m.Bounds().Dy() != thumbHeight {
		t.Errorf("its thumbnail: %v", err)
	}
	for _, c := range []struct {
		w, h, passes int
		refused      bool
	}{{6000, 4000, 12, false}, {1000, 1000, 100, false}, {1, 65535, 10000, true}, {8, 8, 100000, false}} {
		if got := tooManyPasses(bytes.Repeat([]byte{0xff, 0xda}, c.passes), image.Config{Width: c.w, Height: c.h}); got != c.refused {
			t.Errorf("%d passes over %d by %d: refused %v", c.passes, c.w, c.h, got)
		}
	}
}
