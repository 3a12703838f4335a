package tracker

import "sync"

// hub tells those who watch that events were committed. It carries no data:
// a watcher re-reads a short window of the event table, because commits land
// out of order and other processes commit too.
type hub struct {
	mu       sync.Mutex
	watchers map[chan struct{}]struct{}
}

func (h *hub) nudge() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.watchers {
		signal(ch)
	}
}

func (h *hub) watch() (ch chan struct{}, stop func()) {
	ch = make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watchers == nil {
		h.watchers = map[chan struct{}]struct{}{}
	}
	h.watchers[ch] = struct{}{}
	return ch, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.watchers, ch)
	}
}
