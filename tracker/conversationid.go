package tracker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"helpdeskd/migrations"
)

// topicKey names the topic of a subject without keeping its words.
func topicKey(subject string) string {
	sum := sha256.Sum256([]byte(ReadSubject(subject).Topic()))
	return hex.EncodeToString(sum[:16])
}

// converseTx records that a ticket's mail belongs to an Outlook conversation
// under a subject. A mail without a Thread-Index belongs to none.
func (s *Store) converseTx(ctx context.Context, tx *migrations.Tx, ticketID int64, threadIndex, subject string) error {
	x, ok := ReadThreadIndex(threadIndex)
	if !ok {
		return nil
	}
	err := tx.Later(ctx, `INSERT INTO conversation (guid, ticket_id, topic)`, `ON CONFLICT (guid, ticket_id, topic) DO NOTHING`, x.GUID(), ticketID, topicKey(subject))
	if err != nil {
		return fmt.Errorf("record conversation: %w", err)
	}
	return nil
}

// matchByConversation: a Thread-Index of a conversation that we know, from a
// participant, for mails whose references were lost on the way. It weighs as
// much as the tag: GUIDs stand in every mail and can be copied. Who takes an
// old mail, writes another subject over it and asks for something new has the
// same GUID and another topic: that is a new ticket. Automatic answers word
// their subject anew and belong to what they answer.
func (s *Store) matchByConversation(ctx context.Context, tx *migrations.Tx, d *decision) (match, error) {
	x, ok := ReadThreadIndex(d.in.ThreadIndex)
	if !ok || d.client == nil && d.account == nil || !d.batch.maybe(conversationMark+x.GUID()) {
		return match{}, nil
	}
	if err := tx.Flush(ctx); err != nil { // an earlier mail of this batch may have begun it
		return match{}, err
	}
	sameTopic, args := ` AND c.topic = ?`, []any{x.GUID(), topicKey(d.in.Subject)}
	if d.in.Class == ClassAutoReply {
		sameTopic, args = ``, args[:1]
	}
	find := func(also string, more ...any) (int64, error) {
		var id int64
		err := tx.Get(ctx, &id, `SELECT COALESCE(d.merged_into_id, d.id) FROM conversation c JOIN ticket d ON d.id = c.ticket_id WHERE c.guid = ?`+sameTopic+also+` ORDER BY c.ticket_id DESC LIMIT 1`, append(args[:len(args):len(args)], more...)...)
		if migrations.KindOf(err) == migrations.NotFound {
			return 0, nil
		}
		if err != nil {
			return 0, fmt.Errorf("look up conversation: %w", err)
		}
		return id, nil
	}
	if d.client != nil {
		id, err := find(` AND (EXISTS (SELECT 1 FROM ticket t WHERE t.id = c.ticket_id AND t.client_id = ?)
			OR EXISTS (SELECT 1 FROM participant p WHERE p.ticket_id = c.ticket_id AND p.client_id = ?))`, d.client.ID, d.client.ID)
		if err != nil || id != 0 {
			return match{ticket: id}, err
		}
	}
	if d.account == nil {
		return match{}, nil
	}
	id, err := find(``)
	if err != nil || id == 0 {
		return match{}, err
	}
	return match{ticket: id, held: "it is a technician's, but carries no reply token of theirs"}, nil
}

// conversationMark keeps GUIDs apart from the ids that a batch knows.
const conversationMark = "conversation:"
