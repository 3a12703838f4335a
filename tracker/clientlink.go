package tracker

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// Guest is somebody without an account who looks at one ticket of theirs: by
// the link in a mail, or after they have proved their address.
type Guest struct {
	ClientID int64
	TicketID int64
}

// Actor returns who acts in events.
func (g Guest) Actor() Actor { return Actor{ClientID: g.ClientID} }

// maxMerges is how far a link follows tickets that were merged.
const maxMerges = 20

// errNoPage is said of every link that opens nothing, whatever the reason: it
// never was, its time is over, it was revoked, its ticket or person is gone.
func errNoPage() error {
	return migrations.NotFoundf("This link does not work (any more).")
}

// GuestByLink returns who a link was sent to and which ticket it is of. It
// changes nothing: programs that look at links in mails open them too.
// NotFound where it opens nothing.
func (s *Store) GuestByLink(ctx context.Context, token string) (Guest, error) {
	if !IsToken(token) {
		return Guest{}, errNoPage()
	}
	var row struct {
		TicketID int64 `db:"ticket_id"`
		ClientID int64 `db:"client_id"`
	}
	err := s.db.Get(ctx, &row, `SELECT ticket_id, client_id FROM client_link WHERE hash = ? AND revoked_at IS NULL AND expires_at > ?`, HashToken(token), s.stamp())
	if migrations.KindOf(err) == migrations.NotFound {
		return Guest{}, errNoPage()
	}
	if err != nil {
		return Guest{}, fmt.Errorf("look a link to a ticket up: %w", err)
	}
	return s.guest(ctx, s.db, row.ClientID, row.TicketID)
}

// guest returns a person's view of a ticket, or of the one that it was merged
// into, where they take part in that now.
func (s *Store) guest(ctx context.Context, q read, clientID, ticketID int64) (Guest, error) {
	for range maxMerges {
		var into int64
		err := q.Get(ctx, &into, `SELECT COALESCE(merged_into_id, 0) FROM ticket WHERE id = ?`, ticketID)
		if migrations.KindOf(err) == migrations.NotFound {
			return Guest{}, errNoPage()
		}
		if err != nil {
			return Guest{}, fmt.Errorf("see where a ticket goes on: %w", err)
		}
		if into == 0 {
			break
		}
		ticketID = into
	}
	part, err := exists(ctx, q, `SELECT 1 FROM ticket t JOIN client c ON c.id = ? AND c.erased_at IS NULL
		WHERE t.id = ? AND (t.client_id = c.id OR EXISTS (SELECT 1 FROM participant p WHERE p.ticket_id = t.id AND p.client_id = c.id))`, clientID, ticketID)
	if err != nil {
		return Guest{}, fmt.Errorf("see whether a person takes part: %w", err)
	}
	if !part {
		return Guest{}, errNoPage()
	}
	return Guest{ClientID: clientID, TicketID: ticketID}, nil
}

// linkedTx keeps the hash of the link to the employee's page that a rendered
// mail carries. How long it works is a setting.
func (s *Store) linkedTx(ctx context.Context, tx *migrations.Tx, token string, ticketID, clientID, outboxID int64) error {
	v, err := s.setting(ctx, tx, SetLinkDays)
	if err != nil {
		return err
	}
	life := time.Duration(LinkDays(v)) * 24 * time.Hour
	_, err = tx.Exec(ctx, `INSERT INTO client_link (hash, ticket_id, client_id, outbox_id, expires_at, created_at) VALUES (?, ?, ?, ?, ?, ?)`,
		HashToken(token), ticketID, clientID, outboxID, migrations.At(s.Now().Add(life)), s.stamp())
	if err != nil {
		return fmt.Errorf("keep a link to a ticket: %w", err)
	}
	return nil
}

// LinkDays reads SetLinkDays; 0 is that mails carry no link.
func LinkDays(value string) int {
	n := 0
	for _, r := range value {
		if r < '0' || r > '9' || n > 10_000 {
			return 0
		}
		n = n*10 + int(r-'0')
	}
	return n
}

// revokeLinksTx makes the links void that a person holds to a ticket.
func (s *Store) revokeLinksTx(ctx context.Context, tx *migrations.Tx, ticketID, clientID int64) (int64, error) {
	n, err := tx.Exec(ctx, `UPDATE client_link SET revoked_at = ? WHERE ticket_id = ? AND client_id = ? AND revoked_at IS NULL`, s.stamp(), ticketID, clientID)
	if err != nil {
		return 0, fmt.Errorf("revoke links to a ticket: %w", err)
	}
	return n, nil
}

// pageLink finds links to the employee's page, also where a mail's encoding
// breaks the line within, or a filter of links has rewritten it. It takes the
// letters of NewToken only: the base64 of a file has them so by no chance.
var pageLink = regexp.MustCompile(`((?:/|%2F|%2f)(?:=\r?\n)?r(?:=\r?\n)?(?:/|%2F|%2f)(?:=\r?\n)?)([a-z2-7](?:(?:=\r?\n)?[a-z2-7]){25})`)

// WithoutLinks returns text without the tokens of links to the employee's
// page: whoever holds one acts in its owner's name, and people quote our mails.
func WithoutLinks(text string) string {
	// The expression is slow, and few mails have what every link begins with.
	for _, begins := range []string{"/r", "/=", "2Fr", "2F=", "2fr", "2f="} {
		if strings.Contains(text, begins) {
			return pageLink.ReplaceAllString(text, "${1}…")
		}
	}
	return text
}
