package tracker

import (
	"context"
	"fmt"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// HeaderTest is what became of forged trust headers on their way from outside.
// Only the topmost Authentication-Results is ever believed, so that a forged
// one below our own server's does no harm.
type HeaderTest struct {
	At          time.Time `json:"at"`
	Marked      bool      `json:"marked"`         // the mail carries our marker: what it was sent with did arrive
	AuthAs      []string  `json:"auth_as"`        // X-MS-Exchange-Organization-AuthAs, topmost first
	AuthResults []string  `json:"auth_results"`   // Authentication-Results, topmost first
	Nonce       string    `json:"nonce"`          // stands in what we forged
	ForgedID    string    `json:"forged_id"`      // in whose name it was forged; "" without one, as Exchange writes it
	Server      string    `json:"server"`         // who handed it to our server, of the topmost Received
	Subject     string    `json:"subject"`        // of the mail
	From        string    `json:"from,omitempty"` // its author's address
}

// The verdicts of a header test.
const (
	HeadersUnmarked = "unmarked" // the mail came without what was to be forged: nothing is shown
	HeadersAuthAs   = "auth_as"  // a forged AuthAs arrived: it must not be believed
	HeadersForged   = "forged"   // a forged Authentication-Results is topmost: it must not be believed
	HeadersOther    = "other"    // stripped, but forged in another name than our server's: try once more
	HeadersNothing  = "nothing"  // stripped, and our server says nothing itself
	HeadersClean    = "clean"    // stripped, and our server says what it found
)

// ForgedAuthAs reports whether somebody outside can pass for somebody inside.
func (h HeaderTest) ForgedAuthAs() bool {
	for _, v := range h.AuthAs {
		if strings.EqualFold(strings.TrimSpace(v), "Internal") {
			return true
		}
	}
	return false
}

// ForgedTop reports whether the topmost Authentication-Results is ours.
func (h HeaderTest) ForgedTop() bool {
	return len(h.AuthResults) > 0 && strings.Contains(h.AuthResults[0], h.Nonce)
}

// Stamped returns the authserv-id that our server put on top, "" where it
// wrote none, as Exchange does; said is false where it stamped nothing.
func (h HeaderTest) Stamped() (id string, said bool) {
	if len(h.AuthResults) == 0 || h.ForgedTop() {
		return "", false
	}
	first, _, _ := strings.Cut(h.AuthResults[0], ";")
	words := strings.Fields(first)
	if len(words) == 0 || strings.Contains(words[0], "=") {
		return "", true
	}
	return strings.ToLower(words[0]), true
}

// exchange reports whether our server stamped AuthAs, as Exchange does.
func (h HeaderTest) exchange() bool { return len(h.AuthAs) > 0 && !h.ForgedAuthAs() }

// Verdict returns what the test shows.
func (h HeaderTest) Verdict() string {
	id, said := h.Stamped()
	switch {
	case !h.Marked:
		return HeadersUnmarked
	case h.ForgedTop():
		return HeadersForged
	case h.ForgedAuthAs():
		if said && id != "" { // a server that is not Exchange passes it on, which is nobody's business
			break
		}
		return HeadersAuthAs
	case !said && !h.exchange():
		return HeadersNothing
	}
	if said && !strings.EqualFold(id, h.ForgedID) {
		return HeadersOther
	}
	return HeadersClean
}

// Allows reports whether the test shows that headers may be believed so far.
func (h HeaderTest) Allows(trust, authservID string) bool {
	if h.Verdict() != HeadersClean {
		return false
	}
	id, said := h.Stamped()
	switch trust {
	case TrustExchange:
		return !h.ForgedAuthAs() && id == ""
	case TrustAuthserv:
		return said && id != "" && strings.EqualFold(id, authservID)
	}
	return false
}

// headerTestLives is for how long a header test counts.
const headerTestLives = 30 * 24 * time.Hour

// Trusting is how a mailbox made on the site may begin to believe headers.
type Trusting struct {
	Trust      string // none, exchange, authserv-id
	AuthservID string
	Knowing    bool // without a test that allows it, on the administrator's own word
}

// TrustConnection decides which headers of a mailbox are believed. Without a
// recent header test that allows it that takes Knowing, which the audit shows.
func (s *Store) TrustConnection(ctx context.Context, actor Actor, id int64, t Trusting, version int64) (Connection, error) {
	t.AuthservID = strings.ToLower(strings.TrimSpace(t.AuthservID))
	var c Connection
	err := s.editConnection(ctx, id, version, func(tx *migrations.Tx, now *Connection) (Event, error) {
		switch t.Trust {
		case TrustNone, TrustExchange:
			t.AuthservID = ""
		case TrustAuthserv:
			if t.AuthservID == "" || strings.ContainsAny(t.AuthservID, " ;\t\r\n") || len(t.AuthservID) > 253 {
				return Event{}, migrations.InvalidAt("authserv_id", "Please write the first word of the Authentication-Results header that your server puts on top.")
			}
		default:
			return Event{}, migrations.InvalidAt("trust", "Please choose which headers are believed.")
		}
		if now.Trust == t.Trust && now.AuthservID == t.AuthservID {
			return Event{}, nil
		}
		e := Event{Actor: actor, Kind: "trust", Was: now.Trust, Became: t.Trust}
		if t.Trust != TrustNone {
			allowed, err := s.headersAllowTx(ctx, tx, now.Name, t)
			if err != nil {
				return Event{}, err
			}
			if !allowed && !t.Knowing {
				return Event{}, migrations.InvalidAt("trust", "The header test has not shown that these headers can be believed. Send the test mail first.")
			}
			if !allowed {
				e.Became += " untested"
			}
		}
		now.Trust, now.AuthservID = t.Trust, t.AuthservID
		return e, nil
	}, &c)
	if err != nil {
		return Connection{}, fmt.Errorf("change what connection %d believes: %w", id, err)
	}
	return c, nil
}

// headersAllowTx reports whether the newest header test of a mailbox allows it.
func (s *Store) headersAllowTx(ctx context.Context, q read, name string, t Trusting) (bool, error) {
	var p Probe
	err := q.Get(ctx, &p, `SELECT `+probeColumns+` FROM probe WHERE kind = ? AND result <> '' AND created_at > ? AND mailbox_id = (SELECT id FROM mailbox WHERE name = ?) ORDER BY id DESC LIMIT 1`,
		ProbeHeaders, s.stamp()-migrations.Stamp(headerTestLives/time.Microsecond), name)
	if migrations.KindOf(err) == migrations.NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	h := p.Headers()
	return h != nil && h.Allows(t.Trust, t.AuthservID), nil
}

// HeaderMark is the header that shows that a header test's mail came with what
// it was sent with.
const HeaderMark = "X-Helpdeskd-Header-Test"

// ForgedMail returns the mail of a header test, to be sent from outside to an
// address: it claims to be from inside, and to have been found genuine.
func (p Probe) ForgedMail(to string, now time.Time) string {
	_, domain, _ := cutAddress(to)
	id := p.ForgedID
	if id != "" {
		id += "; "
	}
	lines := []string{
		"X-MS-Exchange-Organization-AuthAs: Internal",
		"Authentication-Results: " + id + `dmarc=pass reason="` + p.Nonce + `" header.from=` + domain,
		HeaderMark + ": " + strings.TrimSpace(p.Nonce+" "+p.ForgedID),
		"From: " + p.Outside,
		"To: " + to,
		"Subject: " + p.Subject(),
		"Date: " + now.Format(time.RFC1123Z),
		"Message-ID: <" + p.MailID + ">",
		"MIME-Version: 1.0",
		"Content-Type: text/plain; charset=us-ascii",
		"",
		"This mail tries whether headers that an outsider forged are stripped on their",
		"way into the helpdesk's mailbox. Send it from outside of the organisation.",
		"",
	}
	return strings.Join(lines, "\r\n")
}
