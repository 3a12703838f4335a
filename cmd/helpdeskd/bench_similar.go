//go:build linux

package main

import (
	"fmt"
	"slices"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// similarWant is within what time similar requests should be found.
const similarWant = 50 * time.Millisecond

// similar measures how long it takes to find what resembles requests: for
// tickets from all over the database, and for some with words that are
// everywhere, rare, or nowhere, written into the newest one's subject.
func (b *bench) similar() error {
	db, err := migrations.Connect(b.ctx, b.dsn.Reveal())
	if err != nil {
		return err
	}
	defer db.Close()
	st := tracker.New(db, tracker.Options{})
	var numbers []int64
	if err := db.Select(b.ctx, &numbers, `SELECT number FROM ticket WHERE number % 997 = 3 ORDER BY number LIMIT 100`); err != nil {
		return fmt.Errorf("choose tickets: %w", err)
	}
	var took []time.Duration
	found := 0
	ask := func(t *tracker.Ticket) (time.Duration, int, error) {
		begun := time.Now()
		list, err := st.Similar(b.ctx, t, tracker.SimilarTo{}, 5)
		return time.Since(begun), len(list), err
	}
	for _, n := range numbers {
		t, err := st.TicketByNumber(b.ctx, n)
		if err != nil {
			return err
		}
		d, k, err := ask(&t)
		if err != nil {
			return err
		}
		took, found = append(took, d), found+k
	}
	b.tell("similar requests of "+fmt.Sprint(len(numbers))+" tickets", took, found)
	if len(numbers) == 0 {
		return nil
	}
	t, err := st.TicketByNumber(b.ctx, numbers[len(numbers)-1])
	if err != nil {
		return err
	}
	for _, subject := range []string{"printer paper jam meeting certificate reference", "zebrafish quokka", "printer quokka"} {
		t.Subject, took, found = subject, nil, 0
		for range 20 {
			d, k, err := ask(&t)
			if err != nil {
				return err
			}
			took, found = append(took, d), found+k
		}
		b.tell("similar requests of one about "+subject, took, found)
	}
	return nil
}

// tell writes a figure of similar requests.
func (b *bench) tell(what string, took []time.Duration, found int) {
	if len(took) == 0 {
		return
	}
	slices.Sort(took)
	p95, met := quantile(took, 0.95), "asked"
	if p95 > similarWant {
		met = "MISSED"
	}
	figure(b.out, what, "p50 %5.1f ms, p95 %5.1f ms, at most %5.1f ms (%s: %d ms), %d found", ms(quantile(took, 0.5)), ms(p95), ms(took[len(took)-1]), met, similarWant.Milliseconds(), found)
}
