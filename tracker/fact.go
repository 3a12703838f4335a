package tracker

import (
	"context"
	"fmt"
	"slices"

	"helpdeskd/migrations"
)

// FactItem is a line of a ticket's checklist or of its diagnosis.
type FactItem string

// The checklist: what a helpdesk must know to help.
const (
	FactWho    FactItem = "who"    // whom it concerns
	FactWhat   FactItem = "what"   // what happened
	FactDoing  FactItem = "doing"  // what was being done when it happened
	FactRepeat FactItem = "repeat" // whether it happens again
	FactWhen   FactItem = "when"   // since when
	FactEffect FactItem = "effect" // what can not be done now
	FactAsset  FactItem = "asset"  // where, and on which computer
)

// The diagnosis, a line each. What solved it is the ticket's Fix.
const (
	FactUnderstood FactItem = "understood" // with the client
	FactSeen       FactItem = "seen"       // in person
	FactElsewhere  FactItem = "elsewhere"  // happens on another computer, or for others
	FactError      FactItem = "error"      // the error message
	FactLogs       FactItem = "logs"       // what the logs say
	FactRuledOut   FactItem = "ruled_out"
	FactCause      FactItem = "cause"   // root cause
	FactPrevent    FactItem = "prevent" // what would prevent it
)

// Checklist returns the items of the checklist in their order.
func Checklist() []FactItem {
	return []FactItem{FactWho, FactWhat, FactDoing, FactRepeat, FactWhen, FactEffect, FactAsset}
}

// Diagnosis returns the lines of the diagnosis in their order; the fix stands
// between the last two.
func Diagnosis() []FactItem {
	return []FactItem{FactUnderstood, FactSeen, FactElsewhere, FactError, FactLogs, FactRuledOut, FactCause, FactPrevent}
}

// Valid reports whether there is such an item.
func (i FactItem) Valid() bool { return i.Asked() || slices.Contains(Diagnosis(), i) }

// Asked reports whether the item is one of the checklist.
func (i FactItem) Asked() bool { return slices.Contains(Checklist(), i) }

// Where a fact is from.
const (
	FromForm       = "form"       // an answer of the form that opened the ticket
	FromMail       = "mail"       // the words of the mail that opened it
	FromReply      = "reply"      // an answer to a question of ours
	FromRequester  = "requester"  // who wrote
	FromTechnician = "technician" // somebody wrote it down
)

// Fact is what is known of one item of a ticket. Without a Value it was
// emptied by hand, so that no rule fills it again.
type Fact struct {
	TicketID    int64            `db:"ticket_id" json:"-"`
	Item        FactItem         `db:"item" json:"item"`
	Value       string           `db:"value" json:"value"`
	Source      string           `db:"source" json:"source"`
	Guess       bool             `db:"guess" json:"guess,omitempty"` // by a rule that may err
	MessageID   int64            `db:"message_id" json:"-"`          // where it was said, 0 for nowhere
	AccountID   int64            `db:"account_id" json:"-"`          // who wrote it down
	AccountName string           `db:"account_name" json:"by,omitempty"`
	ThingID     int64            `db:"thing_id" json:"-"` // of FactAsset: which asset, of FactWho: which client; 0 for not known
	At          migrations.Stamp `db:"at" json:"-"`
	Version     int64            `db:"version" json:"-"`
}

const factSelect = `SELECT f.ticket_id, f.item, f.value, f.source, f.guess, COALESCE(f.message_id, 0) AS message_id, COALESCE(f.account_id, 0) AS account_id,
	COALESCE(a.name, '') AS account_name, f.thing_id, f.at, f.version FROM fact f LEFT JOIN account a ON a.id = f.account_id `

// Facts returns what is known of a ticket, by item; emptied ones too.
func (s *Store) Facts(ctx context.Context, ticketID int64) (map[FactItem]Fact, error) {
	return factMap(ctx, s.db, ticketID)
}

func factMap(ctx context.Context, q read, ticketID int64) (map[FactItem]Fact, error) {
	var list []Fact
	if err := q.Select(ctx, &list, factSelect+`WHERE f.ticket_id = ?`, ticketID); err != nil {
		return nil, fmt.Errorf("read what is known of ticket %d: %w", ticketID, err)
	}
	known := map[FactItem]Fact{}
	for _, f := range list {
		known[f.Item] = f
	}
	return known, nil
}

// factsOf returns what is written down of a ticket in the order of the items;
// what technicians noted only where diagnosis asks for it.
func factsOf(ctx context.Context, q read, ticketID int64, diagnosis bool) ([]Fact, error) {
	known, err := factMap(ctx, q, ticketID)
	if err != nil {
		return nil, err
	}
	items := Checklist()
	if diagnosis {
		items = append(items, Diagnosis()...)
	}
	var list []Fact
	for _, i := range items {
		if f, ok := known[i]; ok && f.Value != "" {
			list = append(list, f)
		}
	}
	return list, nil
}
