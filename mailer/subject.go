package mailer

import "helpdeskd/tracker"

// baseSubject returns a subject without prefixes, tags and what mail systems
// put before it.
func baseSubject(s string) string { return tracker.ReadSubject(s).Base }
