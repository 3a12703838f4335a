package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"helpdeskd/migrations"
)

// Mail that was erased may come again: under another UID, after a restore, or
// because somebody moves it back. gone_mail knows it by hashes and nothing
// else: by its identity (see identity.go), by its bytes, by its Message-ID, and
// a form's answers by theirs.

func goneBytes(digest string) string { return "bytes:" + digest }

// goneID hashes a Message-ID, which may name its author's machine.
func goneID(mailID string) string { return "id:" + Digest([]byte("message-id\x00"+mailID)) }

func goneForm(key, from string) string {
	return "form:" + Digest([]byte("form\x00"+key+"\x00"+strings.ToLower(from)))
}

// goneRow is an erased mail.
type goneRow struct {
	Hash    string `db:"hash"`
	Content string `db:"content"`
	Own     bool   `db:"own"`
	// Of the ticket that was deleted with it, 0 for none.
	TicketID int64 `db:"ticket_id"`
	Number   int64 `db:"number"`
}

// goneMailTx notes the mails of the messages that condition chooses, which
// are about to be erased, and what we sent for them.
func (s *Store) goneMailTx(ctx context.Context, tx *migrations.Tx, uid, condition string, args ...any) error {
	var rows []struct {
		Direction string `db:"direction"`
		Identity  string `db:"identity"`
		Content   string `db:"content"`
		Digest    string `db:"digest"`
		MailID    string `db:"mail_id"`
		FormKey   string `db:"form_key"`
		From      string `db:"from_address"`
	}
	err := tx.Select(ctx, &rows, `SELECT direction, identity, content, digest, mail_id, form_key, from_address FROM message WHERE `+condition+` ORDER BY id`, args...)
	if err != nil {
		return fmt.Errorf("list the mails to be erased: %w", err)
	}
	for _, r := range rows {
		var all []goneRow
		if r.Identity != "" {
			all = append(all, goneRow{Hash: r.Identity, Content: r.Content})
		}
		if r.Digest != "" {
			all = append(all, goneRow{Hash: goneBytes(r.Digest)})
		}
		if r.MailID != "" {
			all = append(all, goneRow{Hash: goneID(r.MailID), Own: r.Direction == "out"})
		}
		if r.FormKey != "" {
			all = append(all, goneRow{Hash: goneForm(r.FormKey, r.From)})
		}
		if err := noteGoneTx(ctx, tx, uid, all...); err != nil {
			return err
		}
	}
	var sent []struct {
		MailID   string `db:"mail_id"`
		ServerID string `db:"server_mail_id"`
	}
	err = tx.Select(ctx, &sent, `SELECT mail_id, server_mail_id FROM outbox WHERE (mail_id <> '' OR server_mail_id <> '')
		AND message_id IN (SELECT id FROM message WHERE `+condition+`)`, args...)
	if err != nil {
		return fmt.Errorf("list the mails of ours to be erased: %w", err)
	}
	for _, o := range sent {
		for _, id := range []string{o.MailID, o.ServerID} {
			if id == "" {
				continue
			}
			if err := noteGoneTx(ctx, tx, uid, goneRow{Hash: goneID(id), Own: true}); err != nil {
				return err
			}
		}
	}
	var raws []string
	err = tx.Select(ctx, &raws, `SELECT i.digest FROM message JOIN inbox i ON i.id = message.inbox_id WHERE message.id IN (SELECT id FROM message WHERE `+condition+`)`, args...)
	if err != nil {
		return fmt.Errorf("list the raw mails to be erased: %w", err)
	}
	for _, digest := range raws {
		if err := noteGoneTx(ctx, tx, uid, goneRow{Hash: goneBytes(digest)}); err != nil {
			return err
		}
	}
	return nil
}

func noteGoneTx(ctx context.Context, tx *migrations.Tx, uid string, rows ...goneRow) error {
	for _, r := range rows {
		if r.Hash == goneBytes(Digest(nil)) { // what is left of one that was erased before
			continue
		}
		_, err := tx.Exec(ctx, `INSERT INTO gone_mail (hash, content, own, uid) VALUES (?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING`, r.Hash, r.Content, r.Own, uid)
		if err != nil {
			return fmt.Errorf("note an erased mail: %w", err)
		}
	}
	return nil
}

// goneHashes returns by what an arriving mail may be known as an erased one.
func goneHashes(w Work, in *Inbound) []string {
	all := append(underAnyVerdict(identity(in)), goneBytes(w.Digest))
	if in.MessageID != "" {
		all = append(all, goneID(in.MessageID))
	}
	if in.OriginalID != "" {
		all = append(all, goneID(in.OriginalID))
	}
	if key := formKey(in.Form); key != "" && in.Form.SubmittedAt != "" {
		all = append(all, goneForm(key, authorOf(in).Address))
	}
	return all
}

const goneSelect = `SELECT g.hash, g.content, g.own, COALESCE(t.ticket_id, 0) AS ticket_id, COALESCE(t.number, 0) AS number
	FROM gone_mail g LEFT JOIN tombstone t ON t.uid = g.uid `

func gatherGone(ctx context.Context, tx *migrations.Tx, b *batch, items []Item) error {
	b.gone = map[string]goneRow{}
	var hashes []string
	for i := range items {
		hashes = append(hashes, goneHashes(items[i].Work, &items[i].Mail)...)
	}
	for part := range slices.Chunk(hashes, 500) {
		var rows []goneRow
		if err := selectIn(ctx, tx, &rows, goneSelect+`WHERE g.hash IN (?)`, part); err != nil {
			return fmt.Errorf("look for erased mail: %w", err)
		}
		for _, r := range rows {
			b.gone[r.Hash] = r
		}
	}
	return nil
}

// settleGone recognises a further copy of a mail that was erased, as
// settleCopy does one that we have: it is a duplicate, and nothing of it is
// kept. An answer to such a mail is none: it is new, and welcome.
func (s *Store) settleGone(_ context.Context, _ *migrations.Tx, d *decision) error {
	if len(d.batch.gone) == 0 {
		return nil
	}
	settle := func(g goneRow, fate, reason string) error {
		// Whoever names an id of ours loses nothing by it.
		d.gone = !g.Own || d.policy.isOurs(d.author.Address)
		if d.ticket = g.TicketID; g.Number != 0 {
			d.out.Ticket = TicketName(g.Number)
			reason = "ticket deleted"
		}
		d.fate(fate, reason)
		return nil
	}
	for _, id := range []string{d.in.MessageID, d.in.OriginalID} {
		if id == "" {
			continue
		}
		if g, ok := d.batch.gone[goneID(id)]; ok && g.Own {
			d.out.Class = ClassOwn
			return settle(g, FateNone, "our own mail came back")
		}
	}
	if g, ok := d.batch.gone[goneBytes(d.work.Digest)]; ok {
		return settle(g, FateDuplicate, "erased before")
	}
	id := identity(d.in)
	for _, marked := range underAnyVerdict(id) {
		g, ok := d.batch.gone[marked]
		if !ok {
			continue
		}
		alike := marked == id+d.verdict.mark()
		if alike || g.Content == d.in.ContentDigest && !strings.HasSuffix(marked, verdictFail.mark()) {
			return settle(g, FateDuplicate, "erased before")
		}
	}
	if key := formKey(d.in.Form); key != "" {
		if g, ok := d.batch.gone[goneForm(key, d.author.Address)]; ok && d.verdict != verdictFail {
			return settle(g, FateDuplicate, "erased before")
		}
	}
	return nil
}

// forgetMailTx leaves of a mail that was taken only its line in the ledger.
func (s *Store) forgetMailTx(ctx context.Context, tx *migrations.Tx, w Work) error {
	if _, err := tx.Exec(ctx, `UPDATE inbox SET sender = '', subject = '', mail_id = '' WHERE id = ?`, w.InboxID); err != nil {
		return fmt.Errorf("forget mail %d: %w", w.InboxID, err)
	}
	if err := s.emptiedTx(ctx, tx, `id = ?`, w.InboxID); err != nil {
		return err
	}
	return s.dropBlobsTx(ctx, tx, []string{w.Digest})
}
