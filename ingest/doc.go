// Package ingest turns a mailbox's bytes into understood mail and hands it to
// tracker.Receive. It has three parts:
//
//   - the Poller (poller*.go, imap*.go, auth.go) takes mail from an IMAP
//     folder, and the Pipe (worker_pipe.go) from standard input;
//   - the Worker (worker.go) claims kept mail, has it parsed and decided;
//   - Parse (parse.go and what it calls) understands one mail.
//
// Invariants: a mail is kept, in a committed transaction, before the mailbox
// is touched; what is done for a mailbox is done under its lease; every step
// may be repeated; Parse is pure, decides nothing and never fails; no mail
// stops the queue; nothing secret is logged.
//
// It owns no table: it writes through package tracker alone. go-imap and
// go-message live here only (and in the demo's mail server).
package ingest
