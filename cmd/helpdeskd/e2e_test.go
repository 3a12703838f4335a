//go:build linux

package main

import (
	"testing"
	"time"
)

// Every mail that was put in becomes what it should, once, and is answered
// as it should be, once.
func TestEveryMail(t *testing.T) {
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel() // each has its own of everything, and mostly waits
			h := newHouse(t, engine)
			h.put(h.everything(2000)...)
			d := h.serve()
			state := h.settle(3 * time.Minute)
			if code := d.stop(t); code != 0 {
				t.Errorf("exit status %d", code)
			}
			t.Log(state)
			h.check(h.options())
		})
	}
}
