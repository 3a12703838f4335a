package tracker

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// Failed sign-ins are counted for a quarter of an hour, per address and per
// network. The network's bound is higher, since an office shares one.
const (
	throttleWindow     = 15 * time.Minute
	throttlePerAddress = 10
	throttlePerNetwork = 60
)

// throttleTx counts one more try under a name, and refuses with Temporary
// once there were more than limit within the window. Names are hashed, so
// that what strangers type has a bounded length and is not kept.
func (s *Store) throttleTx(ctx context.Context, tx *migrations.Tx, name string, limit int64) error {
	now := s.stamp()
	start := now - migrations.Stamp(throttleWindow.Microseconds())
	var row struct {
		Tries int64            `db:"tries"`
		Since migrations.Stamp `db:"since"`
	}
	err := tx.Get(ctx, &row, `INSERT INTO throttle (name, tries, since) VALUES (?, 1, ?)
		ON CONFLICT (name) DO UPDATE SET
			tries = CASE WHEN throttle.since < ? THEN 1 ELSE throttle.tries + 1 END,
			since = CASE WHEN throttle.since < ? THEN excluded.since ELSE throttle.since END
		RETURNING tries, since`, HashToken(name), now, start, start)
	if err != nil {
		return fmt.Errorf("count a try: %w", err)
	}
	if row.Tries > limit {
		wait := row.Since.Time().Add(throttleWindow).Sub(now.Time()).Round(time.Minute)
		return migrations.Temporaryf("Too many tries. Please wait %d minutes and try again.", max(1, int(wait.Minutes())))
	}
	return nil
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
