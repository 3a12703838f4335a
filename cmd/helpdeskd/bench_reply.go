//go:build linux

package main

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

type benchReplyCmd struct {
	benchPlace
	Queued  int `help:"How many acknowledgements wait already." default:"20000"`
	Replies int `help:"How many replies a technician then writes." default:"10"`
}

// Run measures a technician's reply behind queued acknowledgements.
func (c benchReplyCmd) Run(s *session) error {
	c.Tickets = max(c.Tickets, c.Queued)
	b, done, err := c.prepare(s)
	if err != nil {
		return err
	}
	defer done()
	if err := c.queue(b); err != nil {
		return err
	}
	marks := make(chan string, 100)
	imap, smtp, stop, err := b.mailServers(func(_ string, data []byte) {
		if i := bytes.Index(data, []byte("benchreply")); i >= 0 {
			marks <- string(data[i : i+len("benchreply000")])
		}
	})
	if err != nil {
		return err
	}
	defer stop()
	d, err := b.serve(imap, smtp.endpoint, 25)
	if err != nil {
		return err
	}
	defer d.stop()
	if _, err := d.answers(b.ctx); err != nil {
		return err
	}
	v, err := signIn(b.ctx, d.listen)
	if err != nil {
		return err
	}
	number, err := b.someTicket()
	if err != nil {
		return err
	}
	if err := d.await(b.ctx, 20*time.Millisecond, time.Minute, "no acknowledgement leaves", func() (bool, error) { return smtp.taken.Load() > 0, nil }); err != nil {
		return err
	}
	step, end := b.bar("replies", c.Replies)
	var took []time.Duration
	for i := range c.Replies {
		mark := fmt.Sprintf("benchreply%03d", i)
		begun := time.Now()
		if _, err := v.post(b.ctx, fmt.Sprintf("/tickets/%d/reply", number-int64(i)), url.Values{"text": {"Please try again: " + mark + "."}}); err != nil {
			return err
		}
		if err := d.await(b.ctx, time.Millisecond, time.Minute, "a reply does not leave", func() (bool, error) {
			select {
			case m := <-marks:
				return m == mark, nil
			default:
				return false, nil
			}
		}); err != nil {
			return err
		}
		took = append(took, time.Since(begun))
		step(1)
		if err := rest(b.ctx, time.Duration(100+i*331%900)*time.Millisecond); err != nil {
			return err
		}
	}
	end()
	slices.Sort(took)
	figure(b.out, "", "on %s with %d tickets and %d acknowledgements queued, 25 a minute leaving", b.engine(), c.Tickets, c.Queued)
	figure(b.out, "a technician's reply leaves within", "p50 %d ms, worst %d ms of %d", quantile(took, 0.5).Milliseconds(), took[len(took)-1].Milliseconds(), len(took))
	return nil
}

// queue makes acknowledgements wait. Nobody waits to take an answer back: what
// is measured is how long the queue holds one up.
func (c benchReplyCmd) queue(b *bench) error {
	st, box, err := b.store(b.ctx)
	if err != nil {
		return err
	}
	defer st.DB().Close()
	if err := st.SetSetting(b.ctx, tracker.Actor{}, tracker.SetTakeBack, "0"); err != nil {
		return err
	}
	var rows []struct {
		Ticket  int64  `db:"ticket_id"`
		Message int64  `db:"id"`
		Client  int64  `db:"client_id"`
		Address string `db:"from_address"`
	}
	err = st.DB().Select(b.ctx, &rows, `SELECT ticket_id, id, client_id, from_address FROM message WHERE direction = 'in' AND ticket_id IS NOT NULL AND client_id IS NOT NULL ORDER BY id LIMIT ?`, c.Queued)
	if err != nil {
		return fmt.Errorf("choose tickets: %w", err)
	}
	step, end := b.bar(fmt.Sprintf("queueing %d acknowledgements", len(rows)), len(rows))
	defer end()
	for part := range slices.Chunk(rows, 500) {
		err := st.DB().Tx(b.ctx, func(tx *migrations.Tx) error {
			for _, r := range part {
				_, err := st.EnqueueTx(b.ctx, tx, tracker.Mail{Kind: tracker.MailAck, MailboxID: box.ID, TicketID: r.Ticket, MessageID: r.Message,
					ClientID: r.Client, ToAddress: r.Address, Ack: &tracker.AckDetail{EchoSubject: true, AskQuestions: true}})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		step(len(part))
	}
	return nil
}
