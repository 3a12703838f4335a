package mailer

import (
	"context"
	"time"

	"helpdeskd/tracker"
)

// Store is what the mailer uses of the tracker.
type Store interface {
	Acquire(ctx context.Context, name string) (*tracker.Lease, error)
	RecoverOutbox(ctx context.Context, l *tracker.Lease) (int, error)
	DueOutbox(ctx context.Context, l *tracker.Lease, limit int, skip ...int64) ([]tracker.OutboxItem, error)
	Rendered(ctx context.Context, l *tracker.Lease, id int64, r tracker.Rendered) error
	Sending(ctx context.Context, l *tracker.Lease, id int64) error
	Sent(ctx context.Context, l *tracker.Lease, id int64, response, serverMailID string) error
	Retry(ctx context.Context, l *tracker.Lease, id int64, why string, at time.Time) error
	Dead(ctx context.Context, l *tracker.Lease, id int64, why string) error
	Uncertain(ctx context.Context, l *tracker.Lease, id int64, why string) error
	SendResult(ctx context.Context, mailboxID int64, trouble string) error
	OutboxNews() <-chan struct{}
	OpenBlob(ctx context.Context, digest string) (*tracker.Blob, error)
	KnownSettings(ctx context.Context) (map[string]string, error)
	Hours(ctx context.Context) (tracker.Hours, error)
	Now() time.Time
	Alive(name string)
}

var _ Store = (*tracker.Store)(nil)
