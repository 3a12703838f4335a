package tracker

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// Failed sign-ins are counted for a quarter of an hour: of an address from one
// network, of a network (an office shares one), and of an address. The first
// is the lowest and what it refuses is not counted by the others, so that
// nobody can lock an account for everybody from a single network.
const (
	throttleWindow     = 15 * time.Minute
	throttleDay        = 24 * time.Hour // what is counted for longer
	throttlePerPair    = 10
	throttlePerNetwork = 60
	throttlePerAddress = 50
)

// tries are the counters of one sign-in, in the order in which they are taken.
type tries []struct {
	name  string
	limit int64
	clear bool          // a success takes back all of it, not only its own try
	of    time.Duration // the window, 0 for throttleWindow
}

func signInTries(email, ip string) tries {
	n := network(ip)
	return tries{
		{name: "signin:" + email + " from " + n, limit: throttlePerPair, clear: true},
		{name: "signin-from:" + n, limit: throttlePerNetwork},
		{name: "signin:" + email, limit: throttlePerAddress, clear: true},
	}
}

// count counts one more try, until one of the counters refuses with Temporary.
func (s *Store) count(ctx context.Context, all tries) error {
	var refused error
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		for _, t := range all {
			err := s.throttleForTx(ctx, tx, t.name, t.limit, cmp.Or(t.of, throttleWindow))
			if migrations.KindOf(err) == migrations.Temporary {
				refused = err // and the count stands
				return nil
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return refused
}

// throttleTx counts one more try under a name, and refuses with Temporary
// once there were more than limit within the window. Names are hashed, so
// that what strangers type has a bounded length and is not kept.
func (s *Store) throttleTx(ctx context.Context, tx *migrations.Tx, name string, limit int64) error {
	return s.throttleForTx(ctx, tx, name, limit, throttleWindow)
}

// throttleForTx is throttleTx for another window.
func (s *Store) throttleForTx(ctx context.Context, tx *migrations.Tx, name string, limit int64, window time.Duration) error {
	now := s.stamp()
	start := now - migrations.Stamp(window.Microseconds())
	var row struct {
		Tries int64            `db:"tries"`
		Since migrations.Stamp `db:"since"`
	}
	err := tx.Get(ctx, &row, `INSERT INTO throttle (name, tries, since) VALUES (?, 1, ?)
		ON CONFLICT (name) DO UPDATE SET
			tries = CASE WHEN throttle.since < ? THEN 1 ELSE throttle.tries + 1 END,
			since = CASE WHEN throttle.since < ? THEN excluded.since ELSE throttle.since END
		RETURNING tries, since`, throttleName(name, window), now, start, start)
	if err != nil {
		return fmt.Errorf("count a try: %w", err)
	}
	if row.Tries > limit {
		wait := row.Since.Time().Add(window).Sub(now.Time()).Round(time.Minute)
		return migrations.Temporaryf("Too many tries. Please wait %d minutes and try again.", max(1, int(wait.Minutes())))
	}
	return nil
}

// throttleName is how a counter is kept: those of a day outlive the others.
func throttleName(name string, window time.Duration) string {
	if window == throttleDay {
		return "day " + HashToken(name)
	}
	return HashToken(name)
}

// forgiveTx takes back what throttleTx counted.
func (s *Store) forgiveTx(ctx context.Context, tx *migrations.Tx, name string, all bool) error {
	_, err := tx.Exec(ctx, `UPDATE throttle SET tries = CASE WHEN ? OR tries < 1 THEN 0 ELSE tries - 1 END WHERE name = ?`, all, HashToken(name))
	return err
}

// network returns what one sender of requests is told apart by: an IPv4
// address, or the /64 of an IPv6 one, since a host has all of that.
func network(ip string) string {
	ip, _, _ = strings.Cut(ip, "%")
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	a = a.Unmap()
	if a.Is4() {
		return a.String()
	}
	p, _ := a.Prefix(64)
	return p.String()
}
