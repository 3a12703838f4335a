package web

import (
	"context"

	"helpdeskd/tracker"
)

// ticketPanel fills in one part of a ticket's page.
type ticketPanel func(ctx context.Context, v *ticketView, talk *tracker.Conversation) error

// panels are the parts of a ticket's page beside its conversation, each with a
// template of its own in parts/ticketside.html or a file beside it.
func (s *site) panels() []ticketPanel {
	return []ticketPanel{
		s.asksPanel,
		s.knownPanel,
		s.thingsPanel,
		s.burstPanel,
		s.historyPanel,
		s.beforePanel,
		s.similarPanel,
		s.unreachablePanel,
		s.recurringPanel,
		s.teamPanel,
		s.familyPanel,
		s.ratedPanel,
		s.pinsPanel,
		s.waitingPanel,
	}
}

func (s *site) asksPanel(ctx context.Context, v *ticketView, talk *tracker.Conversation) (err error) {
	v.Asks, err = s.mayAsk(ctx, talk)
	return err
}

func (s *site) thingsPanel(ctx context.Context, v *ticketView, _ *tracker.Conversation) (err error) {
	v.Things, err = s.ticketThings(ctx, &v.T)
	return err
}

func (s *site) unreachablePanel(ctx context.Context, v *ticketView, _ *tracker.Conversation) (err error) {
	var to []string
	for _, a := range v.Recipients {
		to = append(to, a.Address)
	}
	v.Unreachable, err = s.store.Unreachable(ctx, to)
	return err
}
