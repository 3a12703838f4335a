package tracker

import (
	"strings"
	"testing"
	"time"
)

// dueTo returns the newest mail that is due to somebody, as the mailer gets it.
func (d *mailDesk) dueTo(address string) (it OutboxItem) {
	d.t.Helper()
	for _, i := range must(d.DueOutbox(d.ctx, nil, 100))(d.t) {
		if i.ToAddress == address && i.ID > it.ID {
			it = i
		}
	}
	if it.ID == 0 {
		d.t.Fatalf("nothing is due to %s", address)
	}
	return it
}

// Whose ticket was joined with another's read nothing of each other: neither
// quoted in mails, nor as the subject of what they are sent and shown.
func TestJoinedTicketsKeepPeopleApart(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example")
		d.setting(SetRemindDays, "3")
		d.pair()
		anna := d.ticketOf(1)
		must(d.Reply(d.ctx, tomas.Actor(), 1, ReplyInput{Text: "Which printer?", Wait: true}))(t)
		must(d.Reply(d.ctx, tomas.Actor(), 2, ReplyInput{Text: "Your safe's number is 4711."}))(t)
		d.send()
		must(d.MergeTelling(d.ctx, tomas.Actor(), Merging{From: 2, Into: 1, Version: AnyVersion, Tell: "We go on there."}))(t)

		told := d.dueTo("ben@aldermere.example")
		if told.Quoted == nil || told.Quoted.FromAddress != "ben@aldermere.example" || told.TicketSubject != "Smoke" || told.ThreadTopic != "Smoke" {
			t.Errorf("ben is told below %+v, subject %q, topic %q", told.Quoted, told.TicketSubject, told.ThreadTopic)
		}
		d.send()
		must(d.Reply(d.ctx, tomas.Actor(), 1, ReplyInput{Text: "We have looked at both."}))(t)
		for who, subject := range map[string]string{"anna@aldermere.example": anna.Subject, "ben@aldermere.example": "Smoke"} {
			it := d.dueTo(who)
			if it.Quoted == nil || it.Quoted.FromAddress != who || it.TicketSubject != subject || it.ThreadTopic != subject {
				t.Errorf("%s is answered below %+v, subject %q, topic %q", who, it.Quoted, it.TicketSubject, it.ThreadTopic)
			}
		}
		d.send()
		drafts := must(d.DraftReply(d.ctx, tomas.Actor(), 1, ReplyInput{Text: "More."}))(t)
		for _, it := range drafts {
			if it.Quoted == nil || it.Quoted.FromAddress != it.ToAddress || (it.TicketSubject == "Smoke") != strings.HasPrefix(it.ToAddress, "ben@") {
				t.Errorf("drafted for %s: below %+v, subject %q", it.ToAddress, it.Quoted, it.TicketSubject)
			}
		}

		var ben int64
		d.ok(d.db.Get(d.ctx, &ben, `SELECT client_id FROM client_address WHERE address = 'ben@aldermere.example'`))
		p := must(d.ClientPage(d.ctx, Guest{ClientID: ben, TicketID: anna.ID}))(t)
		if p.Ticket.Subject != "Smoke" {
			t.Errorf("ben's page is called %q", p.Ticket.Subject)
		}
		for _, x := range must(d.ClientTickets(d.ctx, ben))(t) {
			if x.Subject != "Smoke" {
				t.Errorf("ben's list has %q", x.Subject)
			}
		}
		if p := must(d.ClientPage(d.ctx, Guest{ClientID: anna.ClientID, TicketID: anna.ID}))(t); p.Ticket.Subject != anna.Subject {
			t.Errorf("anna's page is called %q", p.Ticket.Subject)
		}
	})
}

// A reminder repeats what its reader was asked, never what another was told.
func TestRemindersRepeatWhatTheirReaderWasAsked(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example")
		d.setting(SetRemindDays, "3")
		d.pair()
		must(d.Reply(d.ctx, tomas.Actor(), 1, ReplyInput{Text: "Which printer?", Wait: true}))(t)
		must(d.Reply(d.ctx, tomas.Actor(), 2, ReplyInput{Text: "Your safe's number is 4711."}))(t)
		d.send()
		must(d.Merge(d.ctx, tomas.Actor(), 2, 1, AnyVersion))(t)
		d.now = d.now.Add(3*day + time.Hour)
		d.reminded(1)
		if it := d.dueTo("anna@aldermere.example"); it.Kind != MailRemind || it.Message == nil || it.Message.Body != "Which printer?" {
			t.Errorf("reminded with %+v", it.Message)
		}
	})
}

// Who came by a merge answers nothing that only the requester was asked.
func TestOnlyWhoWasAskedAnswers(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example")
		_, _, token := d.pair()
		must(d.Ask(d.ctx, tomas.Actor(), 1, AskInput{Kind: QuestionAsk, Items: []FactItem{FactRepeat}, Text: "1. Does it happen again?"}))(t)
		d.send()
		must(d.Merge(d.ctx, tomas.Actor(), 2, 1, AnyVersion))(t)
		d.want(d.receive(d.mail(from(benAt), says("Bring me a chair"), answers(tokenID(token)))), FateAppend, "HD-1", 0)
		if f := d.knows(1)[FactRepeat]; f.Value != "" {
			t.Errorf("ben answered for anna: %q", f.Value)
		}
		d.want(d.receive(d.mail(says("Every time that I print"), func(in *Inbound) { in.SubjectTags = []int64{1} })), FateAppend, "HD-1", 0)
		if f := d.knows(1)[FactRepeat]; f.Value != "Every time that I print" {
			t.Errorf("anna answered, and it is %q", f.Value)
		}
	})
}
