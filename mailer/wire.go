package mailer

import (
	"net"
	"sync/atomic"
)

// wire is the connection to the server. It tells whether the dot that ends a
// mail can have reached it: everything before the dot is flushed first, so
// that while armed only the last few bytes are written, and when any write
// of them failed, the server never had the whole dot. Under TLS the same
// holds, since a torn record can not be read.
type wire struct {
	net.Conn
	armed atomic.Bool
	torn  atomic.Bool
	onDot func() // called once the dot is out; for failpoints
}

// arm begins to watch the writes that carry the dot.
func (w *wire) arm(onDot func()) {
	w.onDot = onDot
	w.torn.Store(false)
	w.armed.Store(true)
}

// dotLost reports whether the server surely did not get the dot.
func (w *wire) dotLost() bool { return w.torn.Load() }

// Write notes a failure while armed.
func (w *wire) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	if err != nil && w.armed.Load() {
		w.torn.Store(true)
	}
	return n, err
}

// Read ends the watch: whoever waits for the answer has written the dot.
func (w *wire) Read(p []byte) (int, error) {
	if w.armed.Swap(false) && w.onDot != nil {
		w.onDot()
	}
	return w.Conn.Read(p)
}
