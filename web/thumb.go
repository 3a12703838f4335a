package web

import (
	"bytes"
	"container/list"
	"context"
	"errors"
	"image"
	"image/color"
	_ "image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"sync"

	"golang.org/x/image/draw"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/webp"
)

// A thumbnail is at most thumbWidth by thumbHeight pixels, sharp on dense
// screens at half of that.
const (
	thumbWidth, thumbHeight = 360, 270
	// maxPixels bounds what is decoded, whatever the file says: 25 million are
	// 38 MB as a usual JPEG and 100 MB as a PNG, at worst 375 MB as a JPEG sent
	// in passes; one at a time.
	maxPixels = 25 << 20
	// maxPasses bounds a JPEG that is sent in passes: usual ones have ten, but a
	// pass over all of a large picture may take no more than 50 bytes of the file.
	maxPasses  = 20       // at maxPixels; more of smaller pictures
	maxThumbs  = 8 << 20  // bytes of thumbnails that are remembered
	maxPicture = 30 << 20 // bytes of a file that is decoded
)

// errNoThumb is a picture that is too large to be made small, or damaged.
var errNoThumb = errors.New("no thumbnail can be made of this")

// thumbs makes small pictures of large ones and remembers the last of them.
type thumbs struct {
	one chan struct{} // held while a picture is decoded

	mu    sync.Mutex
	bytes int
	order *list.List // of *thumb, the last used first
	by    map[string]*list.Element
}

type thumb struct {
	key, kind string
	data      []byte
	err       error
}

func newThumbs() *thumbs {
	return &thumbs{one: make(chan struct{}, 1), order: list.New(), by: map[string]*list.Element{}}
}

// get returns the thumbnail of a picture and its type. The key names the
// content; open is called only when it is not remembered.
func (x *thumbs) get(ctx context.Context, key string, open func() (io.Reader, func(), error)) ([]byte, string, error) {
	if t := x.known(key); t != nil {
		return t.data, t.kind, t.err
	}
	select {
	case x.one <- struct{}{}:
		defer func() { <-x.one }()
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
	if t := x.known(key); t != nil {
		return t.data, t.kind, t.err
	}
	r, done, err := open()
	if err != nil {
		return nil, "", err
	}
	defer done()
	t := &thumb{key: key}
	t.data, t.kind, t.err = shrink(r)
	x.keep(t)
	return t.data, t.kind, t.err
}

func (x *thumbs) known(key string) *thumb {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := x.by[key]
	if e == nil {
		return nil
	}
	x.order.MoveToFront(e)
	return e.Value.(*thumb)
}

func (x *thumbs) keep(t *thumb) {
	x.mu.Lock()
	defer x.mu.Unlock()
	const overhead = 256
	x.by[t.key] = x.order.PushFront(t)
	x.bytes += len(t.data) + overhead
	for x.bytes > maxThumbs {
		old := x.order.Back()
		x.order.Remove(old)
		was := old.Value.(*thumb)
		delete(x.by, was.key)
		x.bytes -= len(was.data) + overhead
	}
}

// shrink reads a picture and returns it small: as PNG where something shines
// through, otherwise as JPEG, turned as its camera says.
func shrink(r io.Reader) ([]byte, string, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxPicture+1))
	if err != nil || len(raw) > maxPicture {
		return nil, "", errNoThumb
	}
	size, kind, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil || size.Width <= 0 || size.Height <= 0 || size.Width > maxPixels/size.Height || kind == "jpeg" && tooManyPasses(raw, size) {
		return nil, "", errNoThumb
	}
	m, kind, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, "", errNoThumb
	}
	b := m.Bounds()
	scale := min(1, float64(thumbWidth)/float64(b.Dx()), float64(thumbHeight)/float64(b.Dy()))
	// A very long or tall picture is cut to its beginning, rather than a line.
	if b.Dx() > 4*b.Dy() {
		b.Max.X = b.Min.X + 4*b.Dy()
	} else if b.Dy() > 4*b.Dx() {
		b.Max.Y = b.Min.Y + 4*b.Dx()
	}
	scale = max(scale, min(1, float64(thumbWidth)/float64(b.Dx()), float64(thumbHeight)/float64(b.Dy())))
	to := image.NewNRGBA(image.Rect(0, 0, max(1, int(float64(b.Dx())*scale)), max(1, int(float64(b.Dy())*scale))))
	draw.CatmullRom.Scale(to, to.Bounds(), m, b, draw.Src, nil)
	var small image.Image = to
	if kind == "jpeg" {
		small = turned(to, orientation(raw))
	}
	var out bytes.Buffer
	if !to.Opaque() {
		err = png.Encode(&out, small)
		return out.Bytes(), "image/png", err
	}
	err = jpeg.Encode(&out, small, &jpeg.Options{Quality: 82})
	return out.Bytes(), "image/jpeg", err
}

// tooManyPasses reports whether a JPEG would be gone over for too long. Each
// pass goes over whole blocks, of up to 32 pixels a side.
func tooManyPasses(jpg []byte, size image.Config) bool {
	whole := func(side int) int { return (side + 31) / 32 * 32 }
	return bytes.Count(jpg, []byte{0xff, 0xda})*whole(size.Width)*whole(size.Height) > maxPasses*maxPixels
}

// turned turns a picture as orientation says (EXIF 2.32, 4.6.4: 3, 6 and 8
// are half, a quarter to the right, a quarter to the left).
func turned(m *image.NRGBA, orientation int) image.Image {
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	var at func(x, y int) color.NRGBA
	switch orientation {
	case 3:
		at = func(x, y int) color.NRGBA { return m.NRGBAAt(w-1-x, h-1-y) }
	case 6:
		at = func(x, y int) color.NRGBA { return m.NRGBAAt(y, h-1-x) }
	case 8:
		at = func(x, y int) color.NRGBA { return m.NRGBAAt(w-1-y, x) }
	default:
		return m
	}
	if orientation != 3 {
		b = image.Rect(0, 0, h, w)
	}
	to := image.NewNRGBA(b)
	for y := range b.Dy() {
		for x := range b.Dx() {
			to.SetNRGBA(x, y, at(x, y))
		}
	}
	return to
}

// orientation reads how a JPEG's camera was held, 1 where it does not say.
func orientation(jpg []byte) int {
	for at := 2; at+4 <= len(jpg) && jpg[at] == 0xff; {
		marker, n := jpg[at+1], int(jpg[at+2])<<8|int(jpg[at+3])
		if marker == 0xda || n < 2 || at+2+n > len(jpg) {
			return 1
		}
		if body := jpg[at+4 : at+2+n]; marker == 0xe1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")) {
			return exifOrientation(body[6:])
		}
		at += 2 + n
	}
	return 1
}

// exifOrientation finds the tag 0x0112 in the first directory of a TIFF.
func exifOrientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	little := tiff[0] == 'I'
	u16 := func(at int) int {
		if at < 0 || at+2 > len(tiff) {
			return 0
		}
		if little {
			return int(tiff[at]) | int(tiff[at+1])<<8
		}
		return int(tiff[at])<<8 | int(tiff[at+1])
	}
	dir := u16(4)<<16 | u16(6)
	if little {
		dir = u16(4) | u16(6)<<16
	}
	if dir < 8 || dir > len(tiff) {
		return 1
	}
	for i := range u16(dir) {
		if entry := dir + 2 + 12*i; u16(entry) == 0x0112 {
			return u16(entry + 8)
		}
	}
	return 1
}
