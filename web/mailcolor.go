package web

import (
	"image/color"
	"math"
	"strconv"
	"strings"

	"golang.org/x/image/colornames"
)

// The paper that mail sits on, and the ink that it has without colours of its own.
var (
	paper    = color.RGBA{255, 255, 255, 255}
	ink      = color.RGBA{29, 33, 38, 255}
	linkBlue = color.RGBA{44, 77, 176, 255}
)

// minContrast is the least contrast at which text keeps the colour that its
// mail gave it: below, it can not be read (WCAG 2.2 asks for 4.5, which many
// a designer's grey misses).
const (
	minContrast  = 2.0
	goodContrast = 4.5 // of colours that are not the mail's own
)

// mailColor reads a colour as styles and attributes write it; false for what
// is none, or lets through what lies under it.
func mailColor(s string) (color.RGBA, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if c, ok := colornames.Map[s]; ok {
		return c, true
	}
	if hex, ok := strings.CutPrefix(s, "#"); ok {
		if len(hex) == 3 || len(hex) == 4 {
			var twice []byte
			for _, c := range []byte(hex) {
				twice = append(twice, c, c)
			}
			hex = string(twice)
		}
		if len(hex) == 6 {
			hex += "ff"
		}
		n, err := strconv.ParseUint(hex, 16, 32)
		return color.RGBA{uint8(n >> 24), uint8(n >> 16), uint8(n >> 8), 255}, err == nil && len(hex) == 8 && n&0xff >= 0x80
	}
	name, in, ok := strings.Cut(strings.TrimSuffix(s, ")"), "(")
	if !ok || name != "rgb" && name != "rgba" {
		return color.RGBA{}, false
	}
	var part [4]float64
	part[3] = 1
	words := strings.FieldsFunc(in, func(r rune) bool { return r == ',' || r == ' ' })
	if len(words) < 3 || len(words) > 4 {
		return color.RGBA{}, false
	}
	for i, w := range words {
		n, err := strconv.ParseFloat(strings.TrimSuffix(w, "%"), 64)
		if err != nil {
			return color.RGBA{}, false
		}
		if strings.HasSuffix(w, "%") {
			n *= 2.55
		}
		part[i] = min(max(n, 0), 255)
	}
	return color.RGBA{uint8(part[0]), uint8(part[1]), uint8(part[2]), 255}, part[3] >= 0.5
}

// contrast is that of WCAG 2.2: 1 for equal colours, 21 for black on white.
func contrast(a, b color.RGBA) float64 {
	la, lb := brightness(a), brightness(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func brightness(c color.RGBA) float64 {
	part := func(v uint8) float64 {
		f := float64(v) / 255
		if f <= 0.03928 {
			return f / 12.92
		}
		return math.Pow((f+0.055)/1.055, 2.4)
	}
	return 0.2126*part(c.R) + 0.7152*part(c.G) + 0.0722*part(c.B)
}

// legible returns black or white, whichever stands out from a background.
func legible(bg color.RGBA) (color.RGBA, string) {
	if contrast(ink, bg) >= contrast(paper, bg) {
		return ink, "#1d2126"
	}
	return paper, "#ffffff"
}
