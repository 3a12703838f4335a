package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// batch is what the mails of one transaction look up together. maybe saves
// most mails the questions whose answer is no.
type batch struct {
	accounts map[string]*Account        // by address
	acks     bool                       // acknowledgements are switched on
	noAcks   map[int64]migrations.Stamp // by mailbox: mail that arrived earlier is not acknowledged

	formSenders []string                    // whom staff let name another as requester
	ids         map[string]bool             // of the ids and identities in this batch, those the database or the batch itself holds
	clients     map[string]*Client          // of the batch's authors and requesters, by address
	bouncedAt   map[string]migrations.Stamp // when mail to an address last came back for good
	bounced     map[string]bool             // addresses that mail does not reach
	acked       map[string]int              // acknowledgements of the last hour, by address
	gone        map[string]goneRow          // of these mails' hashes, those of erased ones
	late        map[string][]lateRow        // mails that were put off, by Message-ID
	notifies    bool                        // somebody wishes to be notified
	begun       int64                       // the last ticket number that was drawn before this transaction
	number      int64                       // the last ticket number that is drawn
	rules       []SenderRule                // whose mail opens no ticket
	sums        tally                       // of what was decided
	named       map[string]bool             // words of requests that were looked up, and whether each names an asset
	reports     *reports                    // the newest, once the first of these mails opened a ticket
}

// gather asks, once for all mails, which of their ids are known. From then on
// nobody else decides mail until the commit.
func (s *Store) gather(ctx context.Context, tx *migrations.Tx, items []Item) (*batch, error) {
	b := &batch{sums: tally{}, accounts: map[string]*Account{}, ids: map[string]bool{}, clients: map[string]*Client{}, bounced: map[string]bool{}, bouncedAt: map[string]migrations.Stamp{}, acked: map[string]int{}, late: map[string][]lateRow{}}
	var err error
	if b.begun, err = lockNumbersTx(ctx, tx); err != nil {
		return nil, err
	}
	b.number = b.begun
	var accounts []Account
	if err := tx.Select(ctx, &accounts, `SELECT `+accountColumns+` FROM account`); err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	for i := range accounts {
		b.accounts[strings.ToLower(accounts[i].Email)] = &accounts[i]
		b.notifies = b.notifies || accounts[i].Enabled && accounts[i].Notify != NotifyNone
	}
	on, err := s.setting(ctx, tx, SetAck)
	if err != nil {
		return nil, err
	}
	b.acks = on == "on"
	if b.noAcks, err = restoredBoxes(ctx, tx); err != nil {
		return nil, err
	}
	senders, err := s.setting(ctx, tx, SetSenders)
	if err != nil {
		return nil, err
	}
	b.formSenders = readSenders(senders)
	identities, ids := idsOf(items)
	var guids []string
	for i := range items {
		if x, ok := ReadThreadIndex(items[i].Mail.ThreadIndex); ok {
			guids = append(guids, x.GUID())
		}
	}
	for _, ask := range []struct {
		list  []string
		query string
	}{
		{identities, `SELECT identity FROM message WHERE identity IN (?) AND identity <> ''`},
		{ids, `SELECT ref FROM message_ref WHERE ref IN (?)`},
		{ids, `SELECT mail_id FROM outbox WHERE mail_id IN (?) AND mail_id <> ''`},
		{ids, `SELECT server_mail_id FROM outbox WHERE server_mail_id IN (?) AND server_mail_id <> ''`},
		{guids, `SELECT DISTINCT '` + conversationMark + `' || guid FROM conversation WHERE guid IN (?)`},
	} {
		if err := b.look(ctx, tx, ask.query, ask.list); err != nil {
			return nil, err
		}
	}
	if err := s.gatherLate(ctx, tx, b); err != nil {
		return nil, err
	}
	if err := gatherGone(ctx, tx, b, items); err != nil {
		return nil, err
	}
	if err := s.gatherRules(ctx, tx, b); err != nil {
		return nil, err
	}
	if err := s.gatherThings(ctx, tx, b, items); err != nil {
		return nil, err
	}
	return b, s.gatherPeople(ctx, tx, b, items)
}

// gatherThings finds which words of requests name an asset.
func (s *Store) gatherThings(ctx context.Context, tx *migrations.Tx, b *batch, items []Item) error {
	if s.assetsIn.Named == nil {
		return nil
	}
	var words []string
	for i := range items {
		if in := &items[i].Mail; in.Form == nil && in.Class == ClassHuman {
			words = append(words, in.reading().things()...)
		}
	}
	slices.Sort(words)
	words = slices.Compact(words)
	found, err := s.assetsIn.Named(ctx, tx, words)
	if err != nil {
		return fmt.Errorf("look for what requests name: %w", err)
	}
	b.named = map[string]bool{}
	for _, w := range words {
		b.named[w] = found[w]
	}
	return nil
}

// bouncePause is how long an address that bounced for good goes without
// acknowledgements: mailboxes are mended and mistyped bounces happen.
const bouncePause = 7 * 24 * time.Hour

// gatherPeople looks up the clients of every address that may turn out to be
// a requester, and how many acknowledgements they had.
func (s *Store) gatherPeople(ctx context.Context, tx *migrations.Tx, b *batch, items []Item) error {
	var addresses []string
	for i := range items {
		in := &items[i].Mail
		addresses = append(addresses, strings.ToLower(authorOf(in).Address))
		if in.Form != nil {
			addresses = append(addresses, strings.ToLower(in.Form.Requester.Address))
		}
		if in.Forwarded != nil {
			addresses = append(addresses, strings.ToLower(in.Forwarded.From.Address))
		}
	}
	var rows []struct {
		Client
		Address   string           `db:"address"`
		BouncedAt migrations.Stamp `db:"bounced_at"`
	}
	err := selectIn(ctx, tx, &rows, `SELECT c.id, c.name, c.department, c.phone, c.high_management, c.created_at, c.version, a.address, COALESCE(a.bounced_at, 0) AS bounced_at
		FROM client_address a JOIN client c ON c.id = a.client_id WHERE a.address IN (?)`, addresses)
	if err != nil {
		return fmt.Errorf("look up clients: %w", err)
	}
	since := migrations.At(s.Now().Add(-bouncePause))
	for i := range rows {
		b.clients[rows[i].Address] = &rows[i].Client
		b.bounced[rows[i].Address] = rows[i].BouncedAt > since
		if rows[i].BouncedAt != 0 {
			b.bouncedAt[rows[i].Address] = rows[i].BouncedAt
		}
	}
	var acked []struct {
		Address string `db:"to_address"`
		N       int    `db:"n"`
	}
	err = selectIn(ctx, tx, &acked, `SELECT to_address, count(*) AS n FROM outbox WHERE to_address IN (?) AND created_at > ? AND kind = 'ack' GROUP BY to_address`,
		addresses, migrations.At(s.Now().Add(-time.Hour)))
	if err != nil {
		return fmt.Errorf("count acknowledgements: %w", err)
	}
	for _, a := range acked {
		b.acked[a.Address] = a.N
	}
	return nil
}

// clientOf is clientByAddress for addresses that were gathered.
func (b *batch) clientOf(address string) *Client { return b.clients[strings.ToLower(address)] }

// idsOf returns the identities of mails, and every id that they carry or name.
func idsOf(items []Item) (identities, ids []string) {
	for i := range items {
		in := &items[i].Mail
		identities = append(identities, underAnyVerdict(identity(in))...)
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
			b.ids[strings.TrimSuffix(strings.TrimSuffix(id, verdictPass.mark()), verdictFail.mark())] = true // an identity
		}
		list = list[n:]
	}
	return nil
}

// maybe reports whether an id or identity can be known.
func (b *batch) maybe(id string) bool { return b.ids[clip(id, 998)] }

// add makes a decided mail's ids known to those that follow it.
func (b *batch) add(in *Inbound) {
	if x, ok := ReadThreadIndex(in.ThreadIndex); ok {
		b.ids[conversationMark+x.GUID()] = true
	}
	b.ids[identity(in)] = true
	for _, list := range [][]string{{in.MessageID, in.OriginalID}, in.InReplyTo, in.References} {
		for _, id := range list {
			if id != "" {
				b.ids[clip(id, 998)] = true
			}
		}
	}
}
