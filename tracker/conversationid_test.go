package tracker

import (
	"testing"
	"time"
)

func inThread(index, subject string) func(*Inbound) {
	return func(in *Inbound) { in.ThreadIndex, in.Subject = index, subject }
}

// TestOutlookConversationThreads: an answer whose references were lost is
// found by its Thread-Index, from whoever takes part, under the same topic.
func TestOutlookConversationThreads(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		index := NewThreadIndex(d.now, [16]byte{9, 8, 7})
		again := index.Answered(d.now.Add(time.Hour), 3).String()
		d.want(d.receive(d.mail(inThread(index.String(), "The printer is on fire"))), FateNew, "HD-1", 1)
		d.want(d.receive(d.mail(inThread(again, "AW: [EXT] The printer  is on fire"))), FateAppend, "HD-1", 0)
		// A stranger gains nothing, and neither does somebody who was copied in.
		d.want(d.receive(d.mail(from("bob@client.example"), inThread(again, "Re: The printer is on fire"))), FateNew, "HD-2", 1)
		// Their own answer belongs to their own ticket.
		d.want(d.receive(d.mail(from("bob@client.example"), inThread(again, "Re: The printer is on fire"))), FateAppend, "HD-2", 0)
		d.want(d.receive(d.mail(inThread(again, "The printer is on fire"))), FateAppend, "HD-1", 0)
		// An old mail with another subject over it asks for something new.
		d.want(d.receive(d.mail(inThread(again, "A new screen, please"))), FateNew, "HD-3", 1)
		d.want(d.receive(d.mail(inThread(index.Answered(d.now, 1).Answered(d.now, 2).String(), "Re: A new screen, please"))), FateAppend, "HD-3", 0)
		d.want(d.receive(d.mail(inThread(again, "Re: The printer is on fire"))), FateAppend, "HD-1", 0)
		// An out of office words its subject anew: it belongs to the newest of theirs.
		d.want(d.receive(d.mail(inThread(again, "Automatic reply: away"), func(in *Inbound) { in.Class = ClassAutoReply })), FateAppend, "HD-3", 0)
		// What is no index names nothing.
		d.want(d.receive(d.mail(inThread("", "The printer is on fire"))), FateNew, "HD-4", 1)
		d.want(d.receive(d.mail(inThread("AQHc", "The printer is on fire"))), FateNew, "HD-5", 0)
		// Failing our server's checks, it is held there.
		d.want(d.receive(d.mail(inThread(again, "Re: The printer is on fire"), func(in *Inbound) {
			in.AuthAs, in.AuthResults = "", []string{"dmarc=fail header.from=aldermere.example"}
		})), FatePending, "HD-1", 0)
		// Stronger signs go first.
		d.want(d.receive(d.mail(inThread(again, "Re: The printer is on fire"), func(in *Inbound) { in.SubjectTags = []int64{3} })), FateAppend, "HD-3", 0)
	})
}

// TestOurMailsAreConversations: what we send begins or extends a
// conversation, and an answer to it with nothing else is found.
func TestOurMailsAreConversations(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tech := d.technician("tomas@aldermere.example")
		d.want(d.receive(d.mail(inThread("", "No sound"))), FateNew, "HD-1", 1)
		l, err := d.Acquire(d.ctx, "outbox")
		d.ok(err)
		defer l.Release(d.ctx)
		due := func(kind string) OutboxItem {
			items, err := d.DueOutbox(d.ctx, l, 100)
			d.ok(err)
			for _, it := range items {
				if it.Kind == kind && it.Digest == "" {
					return it
				}
			}
			t.Fatalf("no %s is due", kind)
			return OutboxItem{}
		}
		send := func(it OutboxItem, index ThreadIndex, subject string) {
			token, _ := NewToken()
			d.ok(d.Rendered(d.ctx, l, it.ID, Rendered{Bytes: []byte(token), MailID: tokenID(token), Token: token, Thread: index.String(), Subject: subject}))
			d.ok(d.Sending(d.ctx, l, it.ID))
			d.ok(d.Sent(d.ctx, l, it.ID, "250 OK <rewritten@server.example>", "rewritten@server.example"))
		}
		ack := due(MailAck)
		if ack.ThreadIndex != "" {
			t.Fatalf("the acknowledgement answers %q", ack.ThreadIndex)
		}
		ours := NewThreadIndex(d.now, [16]byte{1, 1, 2})
		send(ack, ours, "We have your request")
		d.want(d.receive(d.mail(inThread(ours.Answered(d.now, 1).String(), "RE: We have your request"))), FateAppend, "HD-1", 0)
		d.want(d.receive(d.mail(from("bob@client.example"), inThread(ours.Answered(d.now, 1).String(), "RE: We have your request"))), FateNew, "HD-2", 1)
		d.want(d.receive(d.mail(answers("rewritten@server.example"))), FateAppend, "HD-1", 0)

		// Their last mail has no index: the answer goes on where ours began.
		_, err = d.Reply(d.ctx, tech.Actor(), 1, ReplyInput{Text: "Turn it up."})
		d.ok(err)
		if it := due(MailReply); it.ThreadIndex != ours.String() || it.ThreadTopic != "The printer is on fire" {
			t.Errorf("the answer extends %q under %q", it.ThreadIndex, it.ThreadTopic)
		} else {
			send(it, ours.Answered(d.now, 4), "Re: No sound [HD-1]")
		}
		// It has one: that is extended, under its own topic.
		theirs := ours.Answered(d.now, 4).Answered(d.now, 5)
		d.want(d.receive(d.mail(inThread(theirs.String(), "RE: No sound"), func(in *Inbound) { in.ThreadTopic = "No sound at all" })), FateAppend, "HD-1", 0)
		_, err = d.Reply(d.ctx, tech.Actor(), 1, ReplyInput{Text: "And now?"})
		d.ok(err)
		if it := due(MailReply); it.ThreadIndex != theirs.String() || it.ThreadTopic != "No sound at all" {
			t.Errorf("the second answer extends %q under %q", it.ThreadIndex, it.ThreadTopic)
		}
	})
}
