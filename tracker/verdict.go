package tracker

import (
	"strings"

	"github.com/emersion/go-msgauth/authres"
)

// verdict is what our own mail server found out about a mail's author.
type verdict int

const (
	verdictNone verdict = iota // it said nothing that we trust
	verdictPass                // the author is who From says
	verdictFail                // DMARC failed outright
)

// judges reports whether the mailbox's server vouches for authors at all.
func (p Policy) judges() bool { return p.TrustAuthAs || p.TrustAuthResults }

// judge weighs a mail's verdict headers by the mailbox's policy. Only what
// our own server stamps counts: X-MS-Exchange-Organization-AuthAs, which
// Exchange strips from outside mail, or the topmost Authentication-Results
// (RFC 8601 section 5), with dmarc=pass for exactly the From domain.
func judge(p Policy, in *Inbound) verdict {
	from := authorOf(in)
	_, domain, ok := cutAddress(from.Address)
	if !ok {
		return verdictNone
	}
	if p.TrustAuthAs && strings.EqualFold(in.AuthAs, "Internal") && p.isInside(from.Address) {
		return verdictPass
	}
	if !p.TrustAuthResults || len(in.AuthResults) == 0 {
		return verdictNone
	}
	// Exchange writes no authserv-id, which the parser needs: give it one.
	top := in.AuthResults[0]
	if p.AuthservID == "" {
		top = "exchange; " + top
	}
	id, results, err := authres.Parse(top)
	if err != nil || (p.AuthservID != "" && !strings.EqualFold(id, p.AuthservID)) {
		return verdictNone
	}
	for _, r := range results {
		d, ok := r.(*authres.DMARCResult)
		if !ok {
			continue
		}
		if d.Value == authres.ResultFail {
			return verdictFail
		}
		if d.Value == authres.ResultPass && strings.EqualFold(d.From, domain) {
			return verdictPass
		}
	}
	return verdictNone
}

// authorOf returns the one From mailbox, or the zero Address.
func authorOf(in *Inbound) Address {
	if len(in.From) == 0 {
		return Address{}
	}
	return in.From[0]
}
