package web

import (
	"context"
	"strings"

	"helpdeskd/tracker"
)

// maxAsks is how many people are offered as the requester of a form.
const maxAsks = 4

// mayAsk returns who a form's mail may come from, where nobody is the ticket's
// requester or only the form's sender is: whom it names, the addresses in its
// answers, and people known by that name. A technician chooses with one press.
func (s *site) mayAsk(ctx context.Context, talk *tracker.Conversation) ([]tracker.Address, error) {
	t := &talk.Ticket
	if t.ArchivedAt != 0 {
		return nil, nil
	}
	var m *tracker.Message
	for _, e := range talk.Entries {
		if e.Message != nil && e.Message.Form != nil {
			m = e.Message
			break
		}
	}
	if m == nil || t.ClientAddress != "" && !strings.EqualFold(t.ClientAddress, m.FromAddress) {
		return nil, nil
	}
	var all []tracker.Address
	add := func(name, address string) {
		address = strings.ToLower(strings.TrimSpace(address))
		if !strings.Contains(address, "@") || strings.ContainsAny(address, " \n\t<>,;") || len(address) > 254 || len(all) >= maxAsks || strings.EqualFold(address, t.ClientAddress) || strings.EqualFold(address, m.FromAddress) && t.ClientAddress != "" {
			return
		}
		for _, a := range all {
			if a.Address == address {
				return
			}
		}
		all = append(all, tracker.Address{Name: clipRunes(name, 100), Address: address})
	}
	f := m.Form
	add(f.Requester.Name, f.Requester.Address)
	add(f.Requester.Name, f.Responder)
	for _, a := range f.Answers {
		if a.Meaning == "" || a.Meaning == tracker.MeansEmail {
			add(f.Requester.Name, a.Answer)
		}
	}
	if name := strings.TrimSpace(f.Requester.Name); name != "" && len(name) < 100 {
		known, _, err := s.store.Clients(ctx, name, "", maxAsks)
		if err != nil {
			return nil, err
		}
		for _, c := range known {
			if tracker.Fold(c.Name) == tracker.Fold(name) {
				add(c.Name, c.Address)
			}
		}
	}
	return all, nil
}
