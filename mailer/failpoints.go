//go:build failpoints

package mailer

// Failpoints has f called at every edge of the outbox's state table, for
// tests that kill the process there. Call it before Run.
func (m *Mailer) Failpoints(f func(edge string)) { m.crash = f }
