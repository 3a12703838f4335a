package tracker

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestReadSubject(t *testing.T) {
	for subject, want := range map[string]SubjectLine{
		"Printer":     {Base: "Printer"},
		"Re: Printer": {Base: "Printer", Lead: AnswerPrefix},
		"RE: AW: SV: VS: Odp: YNT: RIF: Antw: Vá: x": {Base: "x", Lead: AnswerPrefix},
		"回复：答复: 回覆：打印机":                              {Base: "打印机", Lead: AnswerPrefix},
		"RE[2]: x":                                   {Base: "x", Lead: AnswerPrefix},
		"Re(3): Re^2: Re*4: x":                       {Base: "x", Lead: AnswerPrefix},
		"Réf. : Rép : x":                             {Base: "x", Lead: AnswerPrefix},
		"Re\u00a0: x":                                {Base: "x", Lead: AnswerPrefix},
		"Fwd: Re: x":                                 {Base: "x", Lead: ForwardPrefix},
		"Re: Fwd: x":                                 {Base: "x", Lead: AnswerPrefix},
		"WG: x":                                      {Base: "x", Lead: ForwardPrefix},
		"TR : x":                                     {Base: "x", Lead: ForwardPrefix},
		"İLT: x":                                     {Base: "x", Lead: ForwardPrefix},
		"转发：x":                                       {Base: "x", Lead: ForwardPrefix},
		"ENC: RES: x":                                {Base: "x", Lead: ForwardPrefix},
		"VS: x":                                      {Base: "x", Lead: EitherPrefix},
		"[External] RE: [EXT] x":                     {Base: "x", Lead: AnswerPrefix},
		"Re: *** SPAM *** x":                         {Base: "x", Lead: AnswerPrefix},
		"EXTERNAL: Re: x":                            {Base: "x", Lead: AnswerPrefix},
		"I: drive is full":                           {Base: "I: drive is full", Lead: ForwardPrefix},
		"R: drive is full":                           {Base: "R: drive is full", Lead: AnswerPrefix},
		"I: R: stampante":                            {Base: "stampante", Lead: ForwardPrefix},
		"I: Re: stampante":                           {Base: "stampante", Lead: ForwardPrefix},
		"Re: I: drive":                               {Base: "drive", Lead: AnswerPrefix},
		"Error: disk full":                           {Base: "Error: disk full"},
		"Note 3: x":                                  {Base: "Note 3: x"},
		"[Sales] x":                                  {Base: "[Sales] x"},
		"Re: x [HD-12]":                              {Base: "x", Lead: AnswerPrefix, Tags: []int64{12}},
		"Re: [hd-12] x [HD-7] y":                     {Base: "x y", Lead: AnswerPrefix, Tags: []int64{12, 7}},
		"Re: x ［ＨＤ－１２］ 【HD‑13】 (HD–14) [ HD - 15 ]":   {Base: "x", Lead: AnswerPrefix, Tags: []int64{12, 13, 14, 15}},
		`Re: x \[HD-12\] [#HD-13] [HD-` + "\u200b14]": {Base: "x", Lead: AnswerPrefix, Tags: []int64{12, 13, 14}},
		"[HD-12] Re: x": {Base: "x", Lead: AnswerPrefix, Tags: []int64{12}},
		"[HD-0] [HD--1] [HD-] [HD-99999999999999999999] [HD-12": {Base: "[HD-0] [HD--1] [HD-] [HD-99999999999999999999] [HD-12"},
		"[AHD-12] [HD-12a] HD-12":                               {Base: "[AHD-12] [HD-12a] HD-12"},
		"Re:":                                                   {Lead: AnswerPrefix},
		"":                                                      {},
	} {
		got := ReadSubject(subject)
		if got.Base != want.Base || got.Lead != want.Lead || !slices.Equal(got.Tags, want.Tags) {
			t.Errorf("ReadSubject(%q) = %+v, want %+v", subject, got, want)
		}
	}
}

func TestSubjectTopic(t *testing.T) {
	for _, pair := range [][2]string{
		{"Printer prints half pages", "RE: [EXT] AW: printer  prints half pages [HD-3]"},
		{"I: Stampante", "R: Stampante"},
		{"Größe", "Re: GRÖSSE"},
		{"", "Re:"},
	} {
		if a, b := ReadSubject(pair[0]).Topic(), ReadSubject(pair[1]).Topic(); a != b && strings.ReplaceAll(a, "ß", "ss") != b {
			t.Errorf("%q is %q, %q is %q", pair[0], a, pair[1], b)
		}
	}
	if ReadSubject("Re: Printer").Topic() == ReadSubject("Re: Screen").Topic() {
		t.Error("two topics are one")
	}
}

func FuzzReadSubject(f *testing.F) {
	f.Add("Re: [HD-12] x")
	f.Add("［HD-1］回复：***SPAM*** I: R: x")
	f.Fuzz(func(t *testing.T, s string) {
		l := ReadSubject(s)
		if len(l.Tags) > 20 {
			t.Fatalf("%d tags of %q", len(l.Tags), s)
		}
		if again := ReadSubject(l.Base); len(l.Tags) < 20 && len(s) < 1000 && again.Base != l.Base && again.Lead == NoPrefix {
			t.Fatalf("%q is %q, which is %q", s, l.Base, again.Base)
		}
		l.Topic()
	})
}

func TestReadSubjectTakesLinearTime(t *testing.T) {
	start := time.Now()
	for _, unit := range []string{"Re:", "[", "[HD-1]", "[EXT]", "I:", "*"} {
		ReadSubject(strings.Repeat(unit, 1<<20)).Topic()
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("subjects of megabytes take %s", took)
	}
}
