// Package mailer sends what the outbox owes: it takes due rows in order of
// priority, renders each once, and hands exactly those bytes to the mailbox's
// SMTP server.
//
// Invariants:
//   - A row is committed as sending before DATA, and its outcome after the
//     server's answer. Whatever is not known to have failed is uncertain, and
//     is never sent again by the machine.
//   - A mail is rendered once: every attempt sends the same bytes under the
//     same Message-ID, to exactly one recipient.
//   - Trouble with a mailbox (no connection, login or sender refused) leaves
//     its rows queued; only a refusal of this mail or this recipient touches
//     the row.
//   - People's replies go first, within the rate, whatever waits behind them.
//
// It owns no table: the tracker does. The states of an outbox row, and what a
// crash at each edge leaves behind, are in docs/design.md.
package mailer
