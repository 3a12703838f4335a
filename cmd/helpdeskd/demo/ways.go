package demo

import (
	"context"
	"time"

	"helpdeskd/tracker"
)

// ways returns what the IT department agreed on of how it works: templates,
// ready-made replies, signatures, targets, and what it asks people afterwards.
func (h *History) ways(now time.Time) []scene {
	var all []scene
	at := func(when time.Time, what string, do func(ctx context.Context) error) {
		all = append(all, scene{at: when, what: what, do: do})
	}
	spring := junsFirstDay(now).Add(3 * hour)
	for i, c := range []struct {
		by   string
		own  bool
		t, b string
	}{
		{mara, false, "Please restart first", "Hello {first_name},\n\ncould you switch {asset} off and on once, and tell me whether that helped? If it did not, I come by.\n\n"},
		{mara, false, "Fraudulent mail", "Hello {first_name},\n\nthank you for asking before clicking! The mail is not genuine: please delete it. I have blocked its sender for everybody."},
		{jun, false, "Password by telephone", "Hello {first_name},\n\nI shall call you at your extension for the new password: it never goes by mail. Have your staff number at hand, please."},
		{tobias, false, "Part is ordered", "Hello {first_name},\n\nthe part for {asset} is ordered and should be here in about a week. You hear from me under {ticket} as soon as it is in."},
		{jun, false, "Rappel par téléphone", "Bonjour {first_name},\n\nje vous appelle cet après-midi pour regarder cela ensemble."},
		{tobias, true, "Printer: first aid", "Hello {first_name},\n\nplease open and close the rear door once, and take tray 2 out and in. That settles nine jams of ten; I come for the tenth."},
		{jun, true, "I come by", "Hello {first_name},\n\nI am with you within the hour and bring a spare one."},
	} {
		at(spring.Add(time.Duration(i)*day), "write the reply "+c.t, func(ctx context.Context) error {
			by, reply := h.staff[c.by], tracker.Canned{Title: c.t, Body: c.b}
			if c.own {
				reply.AccountID = by.ID
			}
			_, err := h.Store.AddCanned(ctx, h.staff[c.by], reply)
			return err
		})
	}
	for i, s := range [][2]string{{mara, "Mara Lindqvist\nHead of IT, {company}\nextension 100"}, {tobias, "Tobias\nextension 101, or the sound of a printer"}, {jun, "Jun Castellanos\n{helpdesk}, extension 102"}} {
		at(spring.Add(time.Duration(10+i)*day), "sign as "+s[0], func(ctx context.Context) error {
			_, err := h.Store.UpdateAccount(ctx, h.accounts[s[0]], h.accounts[s[0]].AccountID, tracker.AccountChange{Signature: &s[1]}, tracker.AnyVersion)
			return err
		})
	}
	for i, t := range []struct {
		category, assignee string
		tracker.Template
	}{
		{"Accounts and access", jun, tracker.Template{Name: "New employee", Subject: "New employee: ", Level: 2,
			Body:     "1. Starting date and department from Human resources\n2. Account, groups of the department, mail signature\n3. Notebook, docking station and telephone from the store room\n4. Door card\n5. First day: half an hour at the desk",
			Children: "Prepare the notebook\nTelephone and extension\nDoor card"}},
		{"Computer", tobias, tracker.Template{Name: "Laptop exchange", Subject: "Laptop exchange: ", Level: 1,
			Body: "1. Copy the data, have the owner look at it\n2. Move the old one to the store room, the new one to the person\n3. Two weeks later: wipe the old one, retire it or keep it as a loan"}},
	} {
		at(spring.Add(time.Duration(14+i)*day), "make the template "+t.Name, func(ctx context.Context) error {
			t.CategoryID, t.AssigneeID = h.categories[t.category], h.accounts[t.assignee].AccountID
			_, err := h.Store.SaveTemplate(ctx, h.accounts[mara], t.Template)
			return err
		})
	}
	at(now.Add(-25*day), "ask how it was", func(ctx context.Context) error {
		return h.Store.SetSetting(ctx, h.accounts[mara], tracker.SetSatisfaction, "on")
	})
	at(now.Add(-33*hour), "have Jun work by mail", func(ctx context.Context) error {
		notify := tracker.NotifyAll
		_, err := h.Store.UpdateAccount(ctx, h.accounts[jun], h.accounts[jun].AccountID, tracker.AccountChange{Notify: &notify}, tracker.AnyVersion)
		return err
	})
	return all
}
