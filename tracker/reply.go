package tracker

import (
	"context"
	"fmt"
	"path"
	"strings"

	"helpdeskd/migrations"
)

// Upload is a file that goes with a reply. Its content was put before, with
// PutBlob, which returns Digest and Size.
type Upload struct {
	Name, ContentType string
	Digest            string
	Size              int64 // bytes
}

// ReplyInput is what a technician answers.
type ReplyInput struct {
	Text      string
	Files     []Upload
	ThenStage Stage   // where the ticket goes with it; "" leaves it
	Wait      bool    // the ticket then waits for its client
	Fix       string  // what solved it, where ThenStage needs that and it is not recorded yet
	Children  bool    // everybody of its open children gets it too, on their own ticket
	Seen      int64   // the last message that the technician saw; 0 checks nothing
	Once      string  // random key of the form: the same answer sent again is one answer
	Without   []int64 // participants who do not get this one, by the client's id
	Canned    []int64 // replies of which it was made
	TakeBack  bool    // its author can take it back for as long as the setting says; else it goes at once

	copies *[]answerCopy // collects the messages that go to children
}

// maxFiles and maxFileBytes bound what one reply carries; mail servers refuse more.
const (
	maxFiles     = 50
	maxFileBytes = 20 << 20
)

// Reply answers the requester and every participant by mail, one each, and
// returns the id of the message. It is Conflict when somebody wrote on the
// ticket after the message Seen, or it is archived; then nothing is sent.
func (s *Store) Reply(ctx context.Context, actor Actor, number int64, in ReplyInput) (int64, error) {
	var id int64
	on, answer := s.addToTicket, s.replyTx
	if in.Children {
		on, answer = s.addToFamily, s.replyFamilyTx
	}
	_, err := on(ctx, "answer", number, func(tx *migrations.Tx, t *Ticket) (err error) {
		if id, err = s.writtenTx(ctx, tx, "message", actor, t, in.Once, in.Text); err != nil || id != 0 {
			return err
		}
		if err := checkSeen(ctx, tx, t, in.Seen); err != nil {
			return err
		}
		if err := checkGaps(in.Text); err != nil {
			return err
		}
		was := stateOf(t)
		in.copies, was.Without = &was.Copies, in.Without
		if id, err = answer(ctx, tx, actor, t, in); err != nil {
			return err
		}
		if err := s.usedCannedTx(ctx, tx, actor, in.Canned); err != nil {
			return err
		}
		if in.Wait && in.ThenStage == "" && t.Stage == Requested {
			in.ThenStage = InProgress // who asks has begun
		}
		if in.ThenStage != "" {
			if err := s.setStageTx(ctx, tx, actor, t, StageChange{Stage: in.ThenStage, Fix: in.Fix, Reason: clip(in.Text, maxReason)}); err != nil {
				return err
			}
		}
		if in.Wait {
			if err := s.setWaitingTx(ctx, tx, actor, t, Waiting{On: WaitingClient}); err != nil {
				return err
			}
		}
		return s.offerBackTx(ctx, tx, actor, id, "reply", was, t)
	})
	return id, err
}

// checkSeen refuses an answer by somebody who has not seen the last message.
func checkSeen(ctx context.Context, tx *migrations.Tx, t *Ticket, seen int64) error {
	if seen == 0 {
		return nil
	}
	newer, err := exists(ctx, tx, `SELECT 1 FROM message WHERE ticket_id = ? AND id > ? AND state = 'shown' LIMIT 1`, t.ID, seen)
	if err != nil {
		return err
	}
	if newer {
		return migrations.Conflictf("Somebody wrote on %s meanwhile. Your answer was not sent: please read the new message first.", t.Name())
	}
	return nil
}

// MessagesAfter returns what was written on a ticket after a message, at most
// ten, for who is asked whether to send an answer all the same.
func (s *Store) MessagesAfter(ctx context.Context, ticketID, seen int64) ([]Message, error) {
	return s.messagesWhere(ctx, shownMessages()+`WHERE m.ticket_id = ? AND m.id > ? AND m.state = 'shown' ORDER BY m.id LIMIT 10`, ticketID, seen)
}

// replyTx stores a technician's words as a message of the ticket and queues
// it for everybody who takes part.
func (s *Store) replyTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, in ReplyInput) (int64, error) {
	text, err := checkBody(in.Text, "the answer")
	if err != nil {
		return 0, err
	}
	by, err := accountWhere(ctx, tx, `id = ?`, actor.AccountID)
	if err != nil {
		return 0, err
	}
	if !May(by, WorkTickets) {
		return 0, migrations.Deniedf("%s may not answer tickets.", by.Name)
	}
	id, err := tx.Insert(ctx, `INSERT INTO message (ticket_id, direction, state, account_id, from_name, from_address, subject, body, once, at)
		VALUES (?, 'out', 'shown', ?, ?, ?, ?, ?, ?, ?) RETURNING id`, t.ID, by.ID, by.Name, by.Email, t.Subject, text, in.Once, s.stamp())
	if err != nil {
		return 0, fmt.Errorf("store answer: %w", err)
	}
	if err := s.uploadsTx(ctx, tx, id, in.Files); err != nil {
		return 0, err
	}
	way := sendWay{Without: in.Without}
	if in.TakeBack {
		if way.After, err = s.takeBackTime(ctx, tx); err != nil {
			return 0, err
		}
	}
	if err := s.sendAnswerTx(ctx, tx, actor, t.ID, id, way); err != nil {
		return 0, err
	}
	now, err := ticketWhere(ctx, tx, `t.id = ?`, t.ID)
	*t = now
	return id, err
}

func (s *Store) uploadsTx(ctx context.Context, tx *migrations.Tx, messageID int64, files []Upload) error {
	var total int64
	for _, f := range files {
		total += f.Size
	}
	if len(files) > maxFiles || total > maxFileBytes {
		return migrations.Invalidf("These files are too many for one mail: please send up to %d of together %d MB.", maxFiles, maxFileBytes>>20)
	}
	for _, f := range files {
		p := Part{Role: RoleFile, Name: fileName(f.Name), ContentType: f.ContentType, Length: f.Size, Size: f.Size}
		if p.ContentType == "" || len(p.ContentType) > 200 {
			p.ContentType = "application/octet-stream"
		}
		if err := s.attachTx(ctx, tx, messageID, f.Digest, []Part{p}); err != nil {
			return err
		}
	}
	return nil
}

// fileName returns the name of an uploaded file without any path.
func fileName(name string) string {
	name = oneLine(path.Base(strings.ReplaceAll(name, `\`, "/")))
	if name == "" || name == "." || name == "/" {
		return "file"
	}
	return clip(name, 200)
}

// askTx asks the client by mail whether a ticket that goes to confirming is
// solved, in words of our own since the technician wrote none. The question
// itself stands in every mail of a ticket in confirming: the mailer adds it.
func (s *Store) askTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, takeBack bool) (int64, error) {
	hello := "Hello"
	if n := nameUnless(t.ClientName, t.ClientAddress); n != "" {
		hello += " " + n
	}
	text := fmt.Sprintf("%s,\n\nthis is what we did:\n\n%s", hello, t.Fix)
	return s.replyTx(ctx, tx, actor, t, ReplyInput{Text: clip(text, maxBody), TakeBack: takeBack})
}
