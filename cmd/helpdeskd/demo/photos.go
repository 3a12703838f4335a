package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
)

// The pictures of things are drawn here, flat, as a photo for the inventory
// would show them.

// canvas is a picture in the making, with soft edges.
type canvas struct{ *image.RGBA }

const photoWidth, photoHeight = 720, 480

// newCanvas begins with a wall, and a table below the horizon.
func newCanvas(wall, table color.RGBA, horizon int) canvas {
	c := canvas{image.NewRGBA(image.Rect(0, 0, photoWidth, photoHeight))}
	for y := range photoHeight {
		base := wall
		if y >= horizon {
			base = table
		}
		shade := 1 - 0.14*float64(y)/photoHeight
		for x := range photoWidth {
			light := shade * (1 - 0.10*math.Abs(float64(x)-photoWidth*0.4)/photoWidth)
			c.SetRGBA(x, y, color.RGBA{uint8(float64(base.R) * light), uint8(float64(base.G) * light), uint8(float64(base.B) * light), 255})
		}
	}
	return c
}

// blend puts a colour over a pixel, part of it.
func (c canvas) blend(x, y int, col color.RGBA, part float64) {
	if part <= 0 || !(image.Pt(x, y).In(c.Rect)) {
		return
	}
	part = min(part, 1) * float64(col.A) / 255
	was := c.RGBAAt(x, y)
	mix := func(a, b uint8) uint8 { return uint8(float64(a)*(1-part) + float64(b)*part) }
	c.SetRGBA(x, y, color.RGBA{mix(was.R, col.R), mix(was.G, col.G), mix(was.B, col.B), 255})
}

// box is a rectangle with round corners.
func (c canvas) box(x, y, w, h, round float64, col color.RGBA) {
	for py := int(y) - 1; py <= int(y+h)+1; py++ {
		for px := int(x) - 1; px <= int(x+w)+1; px++ {
			dx := math.Abs(float64(px)+0.5-x-w/2) - w/2 + round
			dy := math.Abs(float64(py)+0.5-y-h/2) - h/2 + round
			d := math.Hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - round
			c.blend(px, py, col, 0.5-d)
		}
	}
}

// disc is a round plate, wide or tall.
func (c canvas) disc(x, y, rx, ry float64, col color.RGBA) {
	for py := int(y-ry) - 1; py <= int(y+ry)+1; py++ {
		for px := int(x-rx) - 1; px <= int(x+rx)+1; px++ {
			d := (math.Hypot((float64(px)+0.5-x)/rx, (float64(py)+0.5-y)/ry) - 1) * min(rx, ry)
			c.blend(px, py, col, 0.5-d)
		}
	}
}

// stroke is a line of some width.
func (c canvas) stroke(x1, y1, x2, y2, width float64, col color.RGBA) {
	l := math.Hypot(x2-x1, y2-y1)
	for py := int(min(y1, y2)-width) - 1; py <= int(max(y1, y2)+width)+1; py++ {
		for px := int(min(x1, x2)-width) - 1; px <= int(max(x1, x2)+width)+1; px++ {
			ax, ay := float64(px)+0.5-x1, float64(py)+0.5-y1
			t := min(max((ax*(x2-x1)+ay*(y2-y1))/(l*l), 0), 1)
			d := math.Hypot(ax-t*(x2-x1), ay-t*(y2-y1)) - width/2
			c.blend(px, py, col, 0.5-d)
		}
	}
}

// shadow is what lies under a thing on its table.
func (c canvas) shadow(x, y, rx, ry float64) {
	for i := range 8 {
		c.disc(x, y, rx*(1-float64(i)*0.05), ry*(1-float64(i)*0.08), color.RGBA{0, 0, 0, 16})
	}
}

func (c canvas) bytes() []byte {
	var b bytes.Buffer
	_ = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, c) // a Buffer does not fail
	return b.Bytes()
}

func rgb(hex uint32) color.RGBA {
	return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255}
}

func printerPicture() []byte {
	c := newCanvas(rgb(0xd9dfe3), rgb(0xb79b78), 372)
	c.shadow(360, 402, 240, 22)
	c.box(190, 70, 340, 60, 10, rgb(0xf2f3f1)) // paper behind
	c.box(240, 40, 240, 90, 4, rgb(0xffffff))
	c.box(150, 120, 420, 150, 18, rgb(0x4a5560))
	c.box(150, 190, 420, 205, 14, rgb(0x39434d))
	c.box(186, 222, 348, 26, 8, rgb(0x1f262d)) // where paper comes out
	c.box(206, 228, 308, 44, 3, rgb(0xfbfbf8))
	for i := range 4 {
		c.box(226, 240+float64(i)*8, 200-float64(i*31%90), 3, 1, rgb(0xa9b2ba))
	}
	c.box(176, 300, 368, 36, 6, rgb(0x46515c))
	c.box(176, 344, 368, 36, 6, rgb(0x46515c))
	c.box(330, 314, 60, 8, 4, rgb(0x20272e))
	c.box(330, 358, 60, 8, 4, rgb(0x20272e))
	c.box(430, 140, 112, 38, 6, rgb(0x93b7a5)) // display
	c.box(440, 150, 70, 6, 3, rgb(0x3d5a4c))
	c.box(440, 162, 46, 6, 3, rgb(0x3d5a4c))
	c.disc(186, 158, 9, 9, rgb(0xd98b2b))
	return c.bytes()
}

func laptopOn(c canvas, screen color.RGBA) {
	c.shadow(360, 408, 270, 20)
	c.box(180, 80, 360, 240, 14, rgb(0x2d333b))
	c.box(194, 94, 332, 204, 4, screen)
	c.box(130, 318, 460, 22, 8, rgb(0xaeb6be))
	c.box(112, 334, 496, 66, 16, rgb(0xc5ccd2))
	for row := range 3 {
		for key := range 14 {
			c.box(168+float64(key)*27.5, 342+float64(row)*12, 23, 9, 3, rgb(0x3a424b))
		}
	}
	c.box(306, 382, 108, 14, 4, rgb(0xafb7be))
}

func laptopPicture() []byte {
	c := newCanvas(rgb(0xe4e1da), rgb(0x8c9aa3), 330)
	laptopOn(c, rgb(0x27506b))
	c.box(216, 116, 120, 12, 4, rgb(0x7fb0c9))
	for i := range 5 {
		c.box(216, 146+float64(i)*22, 240-float64(i*53%120), 8, 3, rgb(0x5b8aa5))
	}
	c.disc(150, 348, 22, 9, rgb(0xd98b2b)) // a ring round the vent
	c.disc(150, 348, 17, 6, rgb(0x515a63))
	return c.bytes()
}

func coffeePicture() []byte {
	c := newCanvas(rgb(0xe4e1da), rgb(0xc9b191), 330)
	laptopOn(c, rgb(0x14181c))
	brown := color.RGBA{92, 52, 24, 215}
	c.disc(330, 362, 92, 24, brown)
	c.disc(410, 376, 60, 16, brown)
	c.disc(262, 384, 40, 12, brown)
	c.disc(470, 424, 46, 11, brown)
	c.box(548, 268, 84, 104, 12, rgb(0xf4f4f0)) // the cup
	c.stroke(636, 300, 636, 344, 12, rgb(0xf4f4f0))
	c.disc(590, 272, 42, 10, rgb(0xdadad4))
	c.disc(590, 273, 35, 7, rgb(0x5c3418))
	return c.bytes()
}

func rackPicture() []byte {
	c := newCanvas(rgb(0x55606b), rgb(0x39424b), 440)
	c.box(200, 20, 320, 440, 8, rgb(0x20262c))
	for i := range 8 {
		y := 36 + float64(i)*52
		c.box(216, y, 288, 44, 4, rgb(0x333c45))
		for d := range 8 {
			c.box(226+float64(d)*27, y+9, 22, 26, 2, rgb(0x4a5661))
			lamp := rgb(0x5fbf7f)
			if i == 3 && d == 4 {
				lamp = rgb(0xe08a2e)
			}
			c.disc(232+float64(d)*27, y+29, 2.6, 2.6, lamp)
		}
		c.disc(462, y+22, 5, 5, rgb(0x5fbf7f))
		c.box(476, y+18, 20, 8, 3, rgb(0x8fa3b3))
	}
	for i := range 5 {
		c.stroke(530, 60+float64(i)*70, 600, 90+float64(i)*62, 6, []color.RGBA{rgb(0x4f86b0), rgb(0xd9a441), rgb(0x4f86b0), rgb(0x79a65a), rgb(0xb0574f)}[i])
	}
	return c.bytes()
}

func projectorPicture() []byte {
	c := newCanvas(rgb(0xf0eee8), rgb(0xe2ded3), 90)
	c.box(340, 0, 40, 150, 4, rgb(0x9aa3ab))
	c.box(180, 140, 360, 150, 26, rgb(0xfafaf7))
	c.box(180, 236, 360, 54, 20, rgb(0xd5d8da))
	c.disc(270, 216, 56, 56, rgb(0x59636d))
	c.disc(270, 216, 44, 44, rgb(0x1f262d))
	c.disc(258, 202, 14, 14, rgb(0x9cc3dd))
	for i := range 7 {
		c.box(380+float64(i)*19, 176, 9, 60, 4, rgb(0xb6bec5))
	}
	c.disc(508, 160, 6, 6, rgb(0xd5423a))
	beam := color.RGBA{255, 244, 200, 60}
	for i := range 90 {
		w := 70 + float64(i)*2.6
		c.box(270-w/2-float64(i)*0.4, 278+float64(i)*2.3, w, 2.4, 0, beam)
	}
	return c.bytes()
}

func tabletPicture() []byte {
	c := newCanvas(rgb(0x9c8465), rgb(0x8d7557), 20)
	c.shadow(366, 250, 250, 180)
	c.box(130, 70, 460, 340, 34, rgb(0x22282e))
	c.box(160, 98, 400, 284, 6, rgb(0x2f6f63))
	c.box(184, 122, 160, 20, 5, rgb(0xa9d6c9))
	for i := range 4 {
		c.box(184, 162+float64(i)*48, 230, 32, 5, rgb(0x3f8a7b))
	}
	crack := color.RGBA{236, 244, 246, 230}
	points := [][4]float64{{500, 140, 430, 210}, {430, 210, 452, 300}, {430, 210, 330, 232}, {330, 232, 250, 320}, {452, 300, 410, 380}, {430, 210, 540, 262}, {540, 262, 556, 350}, {500, 140, 552, 110}, {330, 232, 300, 170}}
	for _, p := range points {
		c.stroke(p[0], p[1], p[2], p[3], 2.4, crack)
	}
	c.disc(500, 140, 9, 9, crack)
	return c.bytes()
}
