package web

import (
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// tokens reads the colours that a block of app.css declares.
func tokens(t *testing.T, css, selector string) map[string]string {
	t.Helper()
	_, rest, ok := strings.Cut(css, selector)
	if !ok {
		t.Fatalf("app.css has no block %q", selector)
	}
	_, rest, _ = strings.Cut(rest, "{")
	block, _, _ := strings.Cut(rest, "}")
	all := map[string]string{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{3,6});`).FindAllStringSubmatch(block, -1) {
		if !strings.HasPrefix(m[1], "tblr-") {
			all[m[1]] = m[2]
		}
	}
	return all
}

// luminance is the relative luminance of a colour: WCAG 2.2, definition of
// relative luminance.
func luminance(r, g, b float64) float64 {
	line := func(c float64) float64 {
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*line(r) + 0.7152*line(g) + 0.0722*line(b)
}

func hexLuminance(t *testing.T, hex string) float64 {
	t.Helper()
	hex = strings.TrimPrefix(hex, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil || len(hex) != 6 {
		t.Fatalf("%q is no colour", hex)
	}
	return luminance(float64(n>>16&255)/255, float64(n>>8&255)/255, float64(n&255)/255)
}

func hslLuminance(h, s, l float64) float64 {
	f := func(n float64) float64 {
		k := math.Mod(n+h/30, 12)
		return l - s*min(l, 1-l)*max(-1, min(k-3, 9-k, 1))
	}
	return luminance(f(0), f(8), f(4))
}

func ratio(a, b float64) float64 { return (max(a, b) + 0.05) / (min(a, b) + 0.05) }

// TestColoursCanBeRead computes the contrast of every pair of colours that
// meets on a page, in both themes: 4.5 for words (WCAG 1.4.3), 3 for the
// edges of fields and for marks (1.4.11).
func TestColoursCanBeRead(t *testing.T) {
	b, err := os.ReadFile("static/app.css")
	if err != nil {
		t.Fatal(err)
	}
	css := string(b)
	light, dark := tokens(t, css, `[data-bs-theme="light"]`), tokens(t, css, `[data-bs-theme="dark"]`)
	if without := tokens(t, css, `html:not([data-bs-theme])`); !maps.Equal(dark, without) {
		t.Errorf("the dark colours differ without JavaScript: %v and %v", dark, without)
	}
	grounds := []string{"bg", "surface", "raised", "sunk"}
	words := map[string][]string{
		"text":        append([]string{"note", "own", "accent-soft", "red-soft", "green-soft"}, grounds...),
		"muted":       append([]string{"note", "own"}, grounds...),
		"accent-text": append([]string{"accent-soft"}, grounds...),
		"on-accent":   {"accent"},
		"on-red":      {"red"},
		"red":         append([]string{"red-soft"}, grounds...),
		"green":       append([]string{"green-soft"}, grounds...),
		"orange":      grounds,
		"amber":       append([]string{"note"}, grounds...),
		"paper-text":  {"paper"},
	}
	marks := map[string][]string{
		"accent": append([]string{"accent-soft"}, grounds...), // the ring of the focus, bars
		"field":  {"bg", "surface", "raised"},
		"faint":  {"bg", "surface", "raised"}, // icons
	}
	pairs := 0
	for name, theme := range map[string]map[string]string{"light": light, "dark": dark} {
		for least, set := range map[float64]map[string][]string{4.5: words, 3: marks} {
			for over, unders := range set {
				for _, under := range unders {
					if theme[over] == "" || theme[under] == "" {
						t.Fatalf("%s: %s or %s is not declared", name, over, under)
					}
					pairs++
					if r := ratio(hexLuminance(t, theme[over]), hexLuminance(t, theme[under])); r < least {
						t.Errorf("%s: %s on %s has a contrast of %.2f, needs %.1f", name, over, under, r, least)
					}
				}
			}
		}
	}
	// The discs of people: their hues come from the names.
	disc := regexp.MustCompile(`background: hsl\(var\(--h, 220\) (\d+)% (\d+)%\); color: hsl\(var\(--h, 220\) (\d+)% (\d+)%\)`).FindAllStringSubmatch(css, -1)
	hues := regexp.MustCompile(`--h: (\d+)`).FindAllStringSubmatch(css, -1)
	if len(disc) != 2 || len(hues) != 8 {
		t.Fatalf("found %d kinds of discs and %d hues", len(disc), len(hues))
	}
	number := func(s string) float64 {
		n, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, d := range disc {
		for _, h := range hues {
			pairs++
			if r := ratio(hslLuminance(number(h[1]), number(d[1])/100, number(d[2])/100), hslLuminance(number(h[1]), number(d[3])/100, number(d[4])/100)); r < 4.5 {
				t.Errorf("initials of hue %s have a contrast of %.2f", h[1], r)
			}
		}
	}
	if r := ratio(hexLuminance(t, "#777"), hexLuminance(t, "#fff")); fmt.Sprintf("%.2f", r) != "4.48" { // a known value
		t.Errorf("#777 on white is %.2f", r)
	}
	t.Logf("%d pairs", pairs)
}
