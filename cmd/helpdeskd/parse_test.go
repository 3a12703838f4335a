package main

import (
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// TestStaffTeachTheParser: senders and questions that staff add count at once.
func TestStaffTeachTheParser(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		store := tracker.New(db, tracker.Options{})
		parse := parser(store, tracker.Policy{Address: "helpdesk@corp.example"})
		raw := []byte(strings.ReplaceAll("From: Forms <forms@corp.example>\nTo: helpdesk@corp.example\nSubject: Nová žádost\nMessage-ID: <1@corp.example>\nContent-Type: text/plain; charset=utf-8\n\nVaše pošta: anna@corp.example\nCo se stalo: Tiskárna netiskne.\n", "\n", "\r\n"))
		if in := parse(raw); in.Form != nil {
			t.Fatalf("a stranger's mail is read as a form: %+v", in.Form)
		}
		if err := store.AddFormSender(t.Context(), tracker.Actor{}, "forms@corp.example"); err != nil {
			t.Fatal(err)
		}
		if in := parse(raw); in.Form != nil && in.Form.Requester.Address != "" { // nothing in it is understood yet
			t.Fatalf("by its sender it is %+v", in.Form)
		}
		for label, means := range map[string]tracker.Meaning{"Vaše pošta": tracker.MeansEmail, "CO SE STALO?": tracker.MeansProblem} {
			if err := store.AddFormLabel(t.Context(), tracker.Actor{}, tracker.FormLabel{Label: label, Means: means}); err != nil {
				t.Fatal(err)
			}
		}
		in := parse(raw)
		if in.Form == nil || in.Form.Requester.Address != "anna@corp.example" || in.Form.Answers[1].Meaning != tracker.MeansProblem {
			t.Fatalf("with its questions known it is %+v", in.Form)
		}
	})
}
