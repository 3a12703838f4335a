package tracker

import (
	"context"
	"fmt"
	"strings"

	"helpdeskd/migrations"
)

// batch is what the mails of one transaction look up together. maybe saves
// most mails the questions whose answer is no.
type batch struct {
	accounts map[string]*Account // by address
	acks     bool                // acknowledgements are switched on
	ids      map[string]bool     // of the ids and identities in this batch, those the database or the batch itself holds
}

// gather asks, once for all mails, which of their ids are known.
func (s *Store) gather(ctx context.Context, tx *migrations.Tx, items []Item) (*batch, error) {
	b := &batch{accounts: map[string]*Account{}, ids: map[string]bool{}}
	var accounts []Account
	if err := tx.Select(ctx, &accounts, `SELECT `+accountColumns+` FROM account`); err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	for i := range accounts {
		b.accounts[strings.ToLower(accounts[i].Email)] = &accounts[i]
	}
	on, err := s.setting(ctx, tx, SetAck)
	if err != nil {
		return nil, err
	}
	b.acks = on == "on"
	identities, ids := idsOf(items)
	for _, ask := range []struct {
		list  []string
		query string
	}{
		{identities, `SELECT identity FROM message WHERE identity IN (?) AND identity <> ''`},
		{ids, `SELECT ref FROM message_ref WHERE ref IN (?)`},
		{ids, `SELECT mail_id FROM outbox WHERE mail_id IN (?) AND mail_id <> ''`},
		{ids, `SELECT server_mail_id FROM outbox WHERE server_mail_id IN (?) AND server_mail_id <> ''`},
	} {
		if err := b.look(ctx, tx, ask.query, ask.list); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// idsOf returns the identities of mails, and every id that they carry or name.
func idsOf(items []Item) (identities, ids []string) {
	for i := range items {
		in := &items[i].Mail
		identities = append(identities, identity(in))
		for _, list := range [][]string{{in.MessageID, in.OriginalID}, in.InReplyTo, in.References} {
			for _, id := range list {
				if id != "" {
					ids = append(ids, clip(id, 998))
				}
			}
		}
	}
	return identities, ids
}

// look marks those of a list that the query finds, at most 5,000 at a time.
func (b *batch) look(ctx context.Context, tx *migrations.Tx, query string, list []string) error {
	for len(list) > 0 {
		n := min(len(list), 5000)
		var found []string
		if err := selectIn(ctx, tx, &found, query, list[:n]); err != nil {
			return fmt.Errorf("look up known ids: %w", err)
		}
		for _, id := range found {
			b.ids[id] = true
		}
		list = list[n:]
	}
	return nil
}

// maybe reports whether an id or identity can be known.
func (b *batch) maybe(id string) bool { return b.ids[clip(id, 998)] }

// add makes a decided mail's ids known to those that follow it.
func (b *batch) add(in *Inbound) {
	b.ids[identity(in)] = true
	for _, list := range [][]string{{in.MessageID, in.OriginalID}, in.InReplyTo, in.References} {
		for _, id := range list {
			if id != "" {
				b.ids[clip(id, 998)] = true
			}
		}
	}
}
