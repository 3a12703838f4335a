package tracker

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"helpdeskd/migrations"
)

// TicketName returns a ticket's number as people write it: HD-12.
func TicketName(number int64) string { return "HD-" + strconv.FormatInt(number, 10) }

// ParseTicketName reads HD-12 or 12, in any case.
func ParseTicketName(s string) (int64, error) {
	digits := strings.TrimSpace(s)
	if len(digits) > 3 && strings.EqualFold(digits[:3], "HD-") {
		digits = digits[3:]
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 {
		return 0, migrations.NotFoundf("there is no ticket %q", clip(s, 40))
	}
	return n, nil
}

// lockNumbersTx returns the last ticket number that was drawn, and has all
// others who decide mail or open tickets wait until the commit. So what one
// mailbox's mail is compared with (the same mail in another mailbox, the
// tickets it may belong to, how many acknowledgements went) stands still.
// Taken first, lest two wait for each other.
func lockNumbersTx(ctx context.Context, tx *migrations.Tx) (last int64, err error) {
	if err := tx.Get(ctx, &last, `UPDATE counter SET value = value WHERE name = 'ticket' RETURNING value`); err != nil {
		return 0, fmt.Errorf("lock the ticket numbers: %w", err)
	}
	return last, nil
}

// nextNumberTx draws the next ticket number. A batch, which has the numbers
// locked, only counts; endNumbersTx writes its last one back.
func nextNumberTx(ctx context.Context, tx *migrations.Tx, b *batch) (int64, error) {
	if b != nil {
		b.number++
		return b.number, nil
	}
	var n int64
	if err := tx.Get(ctx, &n, `UPDATE counter SET value = value + 1 WHERE name = 'ticket' RETURNING value`); err != nil {
		return 0, fmt.Errorf("draw a ticket number: %w", err)
	}
	return n, nil
}

func endNumbersTx(ctx context.Context, tx *migrations.Tx, b *batch) error {
	if b.number == b.begun {
		return nil
	}
	if _, err := tx.Exec(ctx, `UPDATE counter SET value = ? WHERE name = 'ticket'`, b.number); err != nil {
		return fmt.Errorf("write back the ticket number: %w", err)
	}
	return nil
}
