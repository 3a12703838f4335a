package mailer

// The edges at which tests kill the process; docs/design.md says for each
// what the next start finds.
const (
	EdgeRendering = "outbox.rendering" // rendered, not recorded: rendered anew
	EdgeRendered  = "outbox.rendered"  // recorded: the same bytes are sent
	EdgeSending   = "outbox.sending"   // the server took the recipient, nothing is committed: sent again
	EdgeCommitted = "outbox.committed" // committed as sending, DATA not begun: uncertain
	EdgeDot       = "outbox.dot"       // the mail is out, its answer is not in: uncertain
	EdgeAnswered  = "outbox.answered"  // the answer is in, not recorded: uncertain
	EdgeSettled   = "outbox.settled"   // recorded
)

// Edges are all of them, in the order of a mail's way.
func Edges() []string {
	return []string{EdgeRendering, EdgeRendered, EdgeSending, EdgeCommitted, EdgeDot, EdgeAnswered, EdgeSettled}
}
