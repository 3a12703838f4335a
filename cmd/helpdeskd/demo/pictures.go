package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
)

// clockFace draws a clock that shows a time, as PNG. Mirrored, it is what the
// label printer made of the company's sign.
func clockFace(size, hours, minutes int, mirrored bool) []byte {
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	c := float64(size) / 2
	paper, ink, brass := color.RGBA{250, 248, 240, 255}, color.RGBA{40, 40, 60, 255}, color.RGBA{176, 137, 60, 255}
	type hand struct{ angle, length, width float64 }
	turn := func(part float64) float64 { return part * 2 * math.Pi }
	hands := []hand{
		{turn((float64(hours%12) + float64(minutes)/60) / 12), 0.50 * c, 0.045 * c},
		{turn(float64(minutes) / 60), 0.74 * c, 0.03 * c},
	}
	for y := range size {
		for x := range size {
			dx, dy := float64(x)+0.5-c, float64(y)+0.5-c
			if mirrored {
				dx = -dx
			}
			r := math.Hypot(dx, dy)
			angle := math.Mod(math.Atan2(dx, -dy)+2*math.Pi, 2*math.Pi)
			at := paper
			switch {
			case r > 0.97*c:
				at = color.RGBA{}
			case r > 0.88*c:
				at = brass
			case r > 0.76*c && math.Abs(math.Mod(angle+turn(1./24), turn(1./12))-turn(1./24))*r < 0.03*c:
				at = ink
			case r < 0.06*c:
				at = ink
			}
			for _, h := range hands {
				along := math.Sin(h.angle)*dx - math.Cos(h.angle)*dy
				across := math.Cos(h.angle)*dx + math.Sin(h.angle)*dy
				if along > -0.1*c && along < h.length && math.Abs(across) < h.width {
					at = ink
				}
			}
			img.SetRGBA(x, y, at)
		}
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img) // a Buffer does not fail
	return b.Bytes()
}
