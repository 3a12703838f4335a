package main

import (
	"os"
	"sync"
	"sync/atomic"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

func terminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// progress shows on a terminal how far a command is; elsewhere it does nothing.
type progress struct {
	bars *mpb.Progress
	bar  *mpb.Bar
	name string
	left atomic.Int64 // steps that are not shown yet
	once sync.Once
}

// progress begins a bar on stderr, where that is a terminal.
func (s *session) progress(name string) *progress {
	p := &progress{name: name}
	if f, ok := s.err.(*os.File); ok && terminal(f) {
		p.bars = mpb.NewWithContext(s.ctx, mpb.WithOutput(f), mpb.WithWidth(50))
	}
	return p
}

// total says what the steps will add up to, in bytes or something like them.
func (p *progress) total(n int64) {
	if p.bars == nil {
		return
	}
	if p.bar != nil {
		p.bar.SetTotal(n, false)
		return
	}
	p.bar = p.bars.AddBar(max(1, n),
		mpb.PrependDecorators(decor.Name(p.name, decor.WCSyncSpaceR), decor.Percentage(decor.WCSyncSpace)),
		mpb.AppendDecorators(decor.AverageSpeed(decor.SizeB1000(0), "% .1f", decor.WCSyncSpace), decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace)))
}

// step says what was done since the last time.
func (p *progress) step(n int64) {
	if p.bar == nil {
		return
	}
	if left := p.left.Add(n); left >= 1<<18 { // a bar for every row would be the slowest part
		p.left.Add(-left)
		p.bar.IncrInt64(left)
	}
}

// end takes the bar away; one that never began is none.
func (p *progress) end() {
	if p == nil {
		return
	}
	p.once.Do(func() {
		if p.bar != nil {
			p.bar.SetTotal(-1, true)
			p.bar.Wait()
		}
		if p.bars != nil {
			p.bars.Shutdown()
		}
	})
}
