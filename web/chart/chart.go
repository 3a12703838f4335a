// Package chart draws small pictures of a few numbers as SVG. It is pure: the
// same numbers give the same text. A picture carries no style and no script,
// so that a strict Content-Security-Policy shows it; its colours are classes of
// the page's style sheet, which has them for light and dark, and for paper.
//
// Every picture has a title and, where given, a description for whoever cannot
// see it. Numbers are never negative; what is less than 0 is drawn as 0.
package chart

import (
	"fmt"
	"html"
	"strings"
)

// Column is one upright bar.
type Column struct {
	Word string // below it, short: J
	Full string // what it is, in full: January 2026
	N    int64
	Show string // the number in words, with its unit; N where ""
	To   string // where a click leads, within this site: /path, ?query or #part; "" for nowhere
}

func (c Column) shown() string {
	if c.Show != "" {
		return c.Show
	}
	return fmt.Sprint(c.N)
}

// leads reports whether the column is a link; addresses outside the site are none.
func (c Column) leads() bool {
	return strings.HasPrefix(c.To, "/") && !strings.HasPrefix(c.To, "//") || strings.HasPrefix(c.To, "?") || strings.HasPrefix(c.To, "#")
}

// Units of the drawing: a page scales them.
const (
	high    = 96 // of the highest column
	wide    = 22
	gap     = 10
	above   = 16 // for the number above the highest column
	below   = 18 // for the words below the ground
	longest = 4  // figures of a number that fit above a column
)

// Columns draws upright bars beside one another: counts by month, for example.
// Columns that lead somewhere are links, each with its words and number.
func Columns(title, desc string, all []Column) string {
	var most int64 = 1
	linked, small := false, false
	for _, c := range all {
		most = max(most, c.N)
		linked = linked || c.leads()
		small = small || len(c.shown()) > longest
	}
	var b strings.Builder
	total := max(len(all)*(wide+gap)-gap, 1)
	role := "img"
	if linked {
		role = "group" // what stands in an img is not read
	}
	class := "bars"
	if small {
		class += " small"
	}
	fmt.Fprintf(&b, `<svg class="%s" viewBox="0 0 %d %d" preserveAspectRatio="xMinYMax meet" role="%s" focusable="false"%s>`, class, total, high+above+below, role, label(title))
	describe(&b, desc)
	every := 1 + (len(all)-1)/14 // more words than that would run into one another
	for i, c := range all {
		h := int(max(c.N, 0) * high / most)
		if c.N > 0 {
			h = max(h, 2)
		}
		left := i * (wide + gap)
		words := fmt.Sprintf("%s: %s", c.Full, c.shown())
		if c.leads() {
			fmt.Fprintf(&b, `<a href="%s"%s><rect class="hit" x="%d" y="0" width="%d" height="%d"/></a>`, html.EscapeString(c.To), label(words), left-gap/2, wide+gap, high+above+below)
		}
		fmt.Fprintf(&b, `<rect class="bar" x="%d" y="%d" width="%d" height="%d" rx="2"><title>%s</title></rect>`, left, above+high-h, wide, h, html.EscapeString(words))
		if h > 0 {
			fmt.Fprintf(&b, `<text class="n" aria-hidden="true" x="%d" y="%d">%s</text>`, left+wide/2, above-4+high-h, html.EscapeString(c.shown()))
		}
		if i%every == 0 {
			fmt.Fprintf(&b, `<text class="w" aria-hidden="true" x="%d" y="%d">%s</text>`, left+wide/2, high+above+below-3, html.EscapeString(c.Word))
		}
	}
	fmt.Fprintf(&b, `<rect class="ground" x="0" y="%d" width="%d" height="1"/></svg>`, above+high, total)
	return b.String()
}

// Row draws one lying bar, n of most, as wide as the place that it stands in.
// The words and the number stand beside it, so it is only for the eye.
func Row(n, most int64) string {
	return fmt.Sprintf(`<svg class="row-bar" aria-hidden="true" focusable="false"><rect class="rest" width="100%%" height="100%%" rx="4"/><rect class="bar" width="%s" height="100%%" rx="4"/></svg>`, share(n, most))
}

// share is n of most in per cent, to a tenth: never nothing for something.
func share(n, most int64) string {
	if n <= 0 || most <= 0 {
		return "0"
	}
	tenths := min(max(n*1000/most, 15), 1000)
	return fmt.Sprintf("%d.%d%%", tenths/10, tenths%10)
}

// Line draws a sparkline: the course of some numbers, without figures, its
// last point marked.
func Line(title, desc string, values []int64) string {
	const w, h, edge = 120, 28, 3
	var most int64 = 1
	for _, v := range values {
		most = max(most, v)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="spark" viewBox="0 0 %d %d" role="img" focusable="false"%s>`, w, h, label(title))
	describe(&b, desc)
	var x, y int
	var points []string
	for i, v := range values {
		x = w - edge
		if len(values) > 1 {
			x = edge + i*(w-2*edge)/(len(values)-1)
		}
		y = h - edge - int(max(v, 0)*(h-2*edge)/most)
		points = append(points, fmt.Sprintf("%d,%d", x, y))
	}
	if len(points) > 1 {
		fmt.Fprintf(&b, `<polyline class="line" points="%s"/>`, strings.Join(points, " "))
	}
	if len(points) > 0 {
		fmt.Fprintf(&b, `<circle class="dot" cx="%d" cy="%d" r="2.5"/>`, x, y)
	}
	b.WriteString(`</svg>`)
	return b.String()
}

// Part is one piece of a whole.
type Part struct {
	Full string
	N    int64
	Tone string // a class: bad, warn, good, calm
}

// Parts draws a whole divided into its parts, one lying bar. It is nothing
// where all are 0.
func Parts(title, desc string, parts []Part) string {
	const w, h = 400, 14
	var sum int64
	for _, p := range parts {
		sum += max(p.N, 0)
	}
	if sum == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="parts-bar" viewBox="0 0 %d %d" preserveAspectRatio="none" role="img" focusable="false"%s>`, w, h, label(title))
	describe(&b, desc)
	var before int64
	for _, p := range parts {
		if p.N <= 0 {
			continue
		}
		from, to := int(before*w/sum), int((before+p.N)*w/sum)
		before += p.N
		fmt.Fprintf(&b, `<rect class="part %s" x="%d" y="0" width="%d" height="%d"><title>%s: %d</title></rect>`, html.EscapeString(p.Tone), from, max(to-from-1, 2), h, html.EscapeString(p.Full), p.N)
	}
	b.WriteString(`</svg>`)
	return b.String()
}

func label(title string) string { return ` aria-label="` + html.EscapeString(title) + `"` }

func describe(b *strings.Builder, desc string) {
	if desc != "" {
		fmt.Fprintf(b, `<desc>%s</desc>`, html.EscapeString(desc))
	}
}
