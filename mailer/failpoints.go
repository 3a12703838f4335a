//go:build failpoints

package mailer

import "time"

// Failpoints has f called at every edge of the outbox's state table, for
// tests that kill the process there. Call it before Run.
func (m *Mailer) Failpoints(f func(edge string)) { m.crash = f }

// Hasten bounds every wait for a server by d. Call it before Run.
func (m *Mailer) Hasten(d time.Duration) {
	m.wait.dial, m.wait.command, m.wait.block, m.wait.final = d, d, d, d
	m.wait.late, m.wait.again = min(m.wait.late, d), min(m.wait.again, d)
}
