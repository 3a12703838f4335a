package tracker

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"helpdeskd/migrations"
)

// outbox returns the mails owed for a ticket, as "kind to address state".
func (d *desk) outbox(t *testing.T, ticketID int64) []string {
	t.Helper()
	var rows []OutboxRow
	if err := d.db.Select(t.Context(), &rows, outboxSelect+`WHERE o.ticket_id = ? ORDER BY o.id`, ticketID); err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, r := range rows {
		out = append(out, fmt.Sprintf("%s %s %s", r.Kind, r.ToAddress, r.State))
	}
	return out
}

// kinds returns the events of a ticket, as "kind was>became by actor".
func (d *desk) kinds(t *testing.T, ticketID int64) []string {
	t.Helper()
	var out []string
	for _, e := range must(d.EventsOf(t.Context(), "ticket", ticketID, 100))(t) {
		out = append([]string{fmt.Sprintf("%s %s>%s by %s", e.Kind, e.Was, e.Became, e.Actor)}, out...)
	}
	return out
}

func TestStagesAndTheirRules(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, by := t.Context(), d.tech.Actor()
		x := d.open(t, "Printer jams", "anna")
		_, err := d.SetStage(ctx, by, x.Number, StageChange{Stage: Completed}, x.Version)
		wantKind(t, err, migrations.Invalid)
		_, err = d.SetStage(ctx, by, x.Number, StageChange{Stage: Confirming, Fix: " \n "}, x.Version)
		wantKind(t, err, migrations.Invalid)
		_, err = d.SetStage(ctx, by, x.Number, StageChange{Stage: Dropped}, x.Version)
		wantKind(t, err, migrations.Invalid)
		_, err = d.SetStage(ctx, by, x.Number, StageChange{Stage: "done"}, x.Version)
		wantKind(t, err, migrations.Invalid)
		_, err = d.SetStage(ctx, by, 99, StageChange{Stage: InProgress}, AnyVersion)
		wantKind(t, err, migrations.NotFound)
		if got := must(d.TicketByNumber(ctx, x.Number))(t); got.Version != x.Version || got.Stage != Requested {
			t.Fatalf("refused changes left %+v", got)
		}
		d.clock.add(time.Minute)
		y := must(d.Take(ctx, by, x.Number, x.Version))(t)
		if y.Stage != InProgress || y.AssigneeID != d.tech.ID || y.AssigneeName != d.tech.Name || y.StageAt != d.stamp() {
			t.Fatalf("taken: %+v", y)
		}
		_, err = d.SetStage(ctx, by, x.Number, StageChange{Stage: Dropped, Reason: "x"}, x.Version)
		wantKind(t, err, migrations.Conflict)

		z := must(d.SetStage(ctx, by, x.Number, StageChange{Stage: Confirming, Fix: "Cleaned the rollers\r\n"}, y.Version))(t)
		if z.Stage != Confirming || z.Fix != "Cleaned the rollers" || z.FixedAt == 0 || z.News {
			t.Fatalf("confirming: %+v", z)
		}
		if got := fmt.Sprint(d.outbox(t, x.ID)); got != "[reply anna@office.example queued]" {
			t.Fatalf("asking the client queued %s", got)
		}
		c := must(d.Conversation(ctx, x.Number, 0))(t)
		if m := must(d.MessageByID(ctx, c.Last))(t); m.Direction != "out" || !strings.Contains(m.Body, "Cleaned the rollers") || !strings.HasPrefix(m.Body, "Hello Anna,") {
			t.Fatalf("the question is %+v", m)
		}
		z = must(d.SetStage(ctx, by, x.Number, StageChange{Stage: Completed}, z.Version))(t)
		if z.Stage != Completed || z.ClosedAt == 0 {
			t.Fatalf("completed: %+v", z)
		}
		z = must(d.SetStage(ctx, by, x.Number, StageChange{Stage: InProgress}, z.Version))(t)
		if z.Stage != InProgress || z.ClosedAt != 0 || z.Fix == "" {
			t.Fatalf("re-opened: %+v", z)
		}
		z = must(d.SetStage(ctx, by, x.Number, StageChange{Stage: Dropped, Reason: "asked\ntwice"}, z.Version))(t)
		if z.Stage != Dropped || z.DropReason != "asked\ntwice" || z.ClosedAt == 0 {
			t.Fatalf("dropped: %+v", z)
		}
		me := by.String()
		want := []string{"opened > by client:1", "assigned >" + me + " by " + me, "stage requested>in_progress by " + me, "fix > by " + me,
			"stage in_progress>confirming by " + me, "answered > by " + me, "stage confirming>completed by " + me, "reopened completed>in_progress by " + me, "stage in_progress>dropped by " + me}
		if got := d.kinds(t, x.ID); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("events\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestArchivedTicketsAreReadOnlyUntilReopened(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, by := t.Context(), d.tech.Actor()
		x := d.open(t, "Old", "anna")
		n := must(d.AddNote(ctx, by, x.Number, NoteNote, "before"))(t)
		d.put(t, x.Number, `stage = 'completed', fix = 'f', closed_at = 1, archived_at = 2`)
		for what, do := range map[string]func() error{
			"note":      func() error { _, err := d.AddNote(ctx, by, x.Number, NoteNote, "x"); return err },
			"edit note": func() error { _, err := d.EditNote(ctx, by, n.ID, "x", n.Version); return err },
			"reply":     func() error { _, err := d.Reply(ctx, by, x.Number, ReplyInput{Text: "x"}); return err },
			"fix":       func() error { _, err := d.RecordFix(ctx, by, x.Number, "x", AnyVersion); return err },
			"priority":  func() error { _, err := d.SetPriority(ctx, by, x.Number, 2, false, AnyVersion); return err },
			"subject":   func() error { _, err := d.SetSubject(ctx, by, x.Number, "x", AnyVersion); return err },
			"category":  func() error { _, err := d.SetCategory(ctx, by, x.Number, 1, AnyVersion); return err },
			"take":      func() error { _, err := d.Take(ctx, by, x.Number, AnyVersion); return err },
			"requester": func() error { _, err := d.SetRequester(ctx, by, x.Number, Address{}, AnyVersion); return err },
			"drop": func() error {
				_, err := d.SetStage(ctx, by, x.Number, StageChange{Stage: Dropped, Reason: "x"}, AnyVersion)
				return err
			},
		} {
			err := do()
			if migrations.KindOf(err) != migrations.Conflict || !strings.Contains(err.Error(), "archived") {
				t.Errorf("%s on an archived ticket: %v", what, err)
			}
		}
		y := must(d.SetStage(ctx, by, x.Number, StageChange{Stage: Requested}, AnyVersion))(t)
		if y.Archived() || y.ClosedAt != 0 || y.Stage != Requested {
			t.Fatalf("re-opened: %+v", y)
		}
	})
}

func TestTriageAndEdits(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, by := t.Context(), d.tech.Actor()
		x := d.open(t, "Everything is down", "anna")
		for _, bad := range []struct {
			level int64
			star  bool
		}{{0, false}, {4, false}, {2, true}} {
			_, err := d.SetPriority(ctx, by, x.Number, bad.level, bad.star, x.Version)
			wantKind(t, err, migrations.Invalid)
		}
		y := must(d.SetPriority(ctx, by, x.Number, 3, true, x.Version))(t)
		if y.Level != 3 || !y.Star || y.TriagedAt != d.stamp() || y.Version == x.Version {
			t.Fatalf("triaged: %+v", y)
		}
		triaged := y.TriagedAt
		d.clock.add(time.Hour)
		y = must(d.SetPriority(ctx, by, x.Number, 1, false, y.Version))(t)
		if y.TriagedAt != triaged {
			t.Fatal("triaged_at must stay that of the first triage")
		}
		_, err := d.SetSubject(ctx, by, x.Number, "Stale", x.Version)
		wantKind(t, err, migrations.Conflict)
		y = must(d.SetSubject(ctx, by, x.Number, " New\nsubject ", y.Version))(t)
		if y.Subject != "New subject" {
			t.Fatalf("subject %q", y.Subject)
		}
		_, err = d.SetSubject(ctx, by, x.Number, " ", y.Version)
		wantKind(t, err, migrations.Invalid)
		cat := must(d.Categories(ctx, false))(t)[1]
		y = must(d.SetCategory(ctx, by, x.Number, cat.ID, y.Version))(t)
		if y.CategoryName != cat.Name {
			t.Fatalf("category %q", y.CategoryName)
		}
		_, err = d.SetCategory(ctx, by, x.Number, 999, y.Version)
		wantKind(t, err, migrations.Invalid)
		_, err = d.Assign(ctx, by, x.Number, d.manager.ID, y.Version)
		wantKind(t, err, migrations.Invalid)
		y = must(d.Assign(ctx, by, x.Number, d.admin.ID, y.Version))(t)
		if y.AssigneeName != d.admin.Name || y.Stage != Requested {
			t.Fatalf("assigned: %+v", y)
		}
		if got := fmt.Sprint(d.outbox(t, x.ID)); got != "[notify ines@desk.example queued]" {
			t.Fatalf("who is given a ticket is told: %s", got)
		}
		y = must(d.Assign(ctx, by, x.Number, 0, y.Version))(t)
		y = must(d.Assign(ctx, by, x.Number, d.tech.ID, y.Version))(t)
		if got := len(d.outbox(t, x.ID)); got != 1 || y.AssigneeID != d.tech.ID {
			t.Fatalf("nobody is told of what they did themselves: %d mails", got)
		}
		before := y.Version
		n := must(d.AddNote(ctx, by, x.Number, NotePhone, "Called.\x00\r\nNo answer."))(t)
		if n.Body != "Called.\nNo answer." || n.Kind != NotePhone || n.AccountName != d.tech.Name {
			t.Fatalf("note %+v", n)
		}
		if y = must(d.TicketByNumber(ctx, x.Number))(t); y.Version != before {
			t.Fatal("a note must not make another's edit stale")
		}
		_, err = d.AddNote(ctx, by, x.Number, NoteSystem, "x")
		wantKind(t, err, migrations.Invalid)
		_, err = d.AddNote(ctx, by, x.Number, NoteNote, " ")
		wantKind(t, err, migrations.Invalid)
		_, err = d.EditNote(ctx, d.admin.Actor(), n.ID, "x", n.Version)
		wantKind(t, err, migrations.Denied)
		m := must(d.EditNote(ctx, by, n.ID, "Called twice.", n.Version))(t)
		_, err = d.EditNote(ctx, by, n.ID, "Stale", n.Version)
		wantKind(t, err, migrations.Conflict)
		if m.Body != "Called twice." {
			t.Fatalf("edited %+v", m)
		}
		y = must(d.RecordFix(ctx, by, x.Number, "Switched off and on", y.Version))(t)
		if y.Fix != "Switched off and on" || y.Stage != Requested {
			t.Fatalf("fixed: %+v", y)
		}
	})
}

func TestReplyReachesEverybodyOnce(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, by := t.Context(), d.tech.Actor()
		x := d.open(t, "Keyboard", "anna")
		must(d.AddParticipant(ctx, by, x.Number, Address{Name: "Bert", Address: "Bert@office.example"}))(t)
		must(d.AddParticipant(ctx, by, x.Number, Address{Address: "bert@office.example"}))(t)
		must(d.AddParticipant(ctx, by, x.Number, Address{Address: "anna@office.example"}))(t)
		digest, size, err := d.PutBlob(ctx, strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		c := must(d.Conversation(ctx, x.Number, 0))(t)
		id := must(d.Reply(ctx, by, x.Number, ReplyInput{
			Text: "Try this one.\r\n", Seen: c.Last, ThenStage: InProgress,
			Files: []Upload{{Name: `C:\tmp\guide.txt`, ContentType: "text/plain", Digest: digest, Size: size}},
		}))(t)
		if got := fmt.Sprint(d.outbox(t, x.ID)); got != "[reply anna@office.example queued reply bert@office.example queued]" {
			t.Fatalf("queued %s", got)
		}
		m := must(d.MessageByID(ctx, id))(t)
		if m.Direction != "out" || m.State != "shown" || m.Body != "Try this one." || m.AccountID != d.tech.ID || len(m.Mails) != 2 || len(m.Files()) != 1 {
			t.Fatalf("message %+v", m)
		}
		f := m.Files()[0]
		if f.Name != "guide.txt" || f.Size != 5 {
			t.Fatalf("file %+v", f)
		}
		a, of, err := d.AttachmentByUID(ctx, d.tech, f.UID)
		if err != nil || a.ID != f.ID || of.TicketID != x.ID {
			t.Fatalf("by its link: %+v %v", a, err)
		}
		_, _, err = d.AttachmentByUID(ctx, d.manager, f.UID)
		wantKind(t, err, migrations.Denied)
		_, _, err = d.AttachmentByUID(ctx, d.tech, "nothing")
		wantKind(t, err, migrations.NotFound)
		y := must(d.TicketByNumber(ctx, x.Number))(t)
		if y.News || y.Stage != InProgress {
			t.Fatalf("answered: %+v", y)
		}
		// Somebody wrote meanwhile: nothing leaves.
		_, err = d.Reply(ctx, by, x.Number, ReplyInput{Text: "Late", Seen: c.Last})
		wantKind(t, err, migrations.Conflict)
		_, err = d.Reply(ctx, by, x.Number, ReplyInput{Text: " "})
		wantKind(t, err, migrations.Invalid)
		_, err = d.Reply(ctx, by, x.Number, ReplyInput{Text: "Done?", ThenStage: Confirming})
		wantKind(t, err, migrations.Invalid)
		_, err = d.Reply(ctx, d.manager.Actor(), x.Number, ReplyInput{Text: "Hi"})
		wantKind(t, err, migrations.Denied)
		if got := len(d.outbox(t, x.ID)); got != 2 {
			t.Fatalf("a refused answer left %d mails", got)
		}
		must(d.Reply(ctx, by, x.Number, ReplyInput{Text: "Done?", ThenStage: Confirming, Fix: "A new keyboard"}))(t)
		if y = must(d.TicketByNumber(ctx, x.Number))(t); y.Stage != Confirming || y.Fix != "A new keyboard" || len(d.outbox(t, x.ID)) != 4 {
			t.Fatalf("asked: %+v, %v", y, d.outbox(t, x.ID))
		}
		must(d.RemoveParticipant(ctx, by, x.Number, c.Participants[0].ClientID))(t)
		if c = must(d.Conversation(ctx, x.Number, 0))(t); len(c.Participants) != 0 {
			t.Fatalf("participants %+v", c.Participants)
		}
	})
}

func TestRequesterCanBeCorrected(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, by := t.Context(), d.tech.Actor()
		x := d.open(t, "From the form", "forms")
		err := d.db.Tx(ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO reply_token (hash, ticket_id, client_id, outbox_id, created_at) VALUES ('h', ?, ?, 1, 1)`, x.ID, x.ClientID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		y := must(d.SetRequester(ctx, by, x.Number, Address{Name: "Carla", Address: "Carla@office.example"}, x.Version))(t)
		if y.ClientName != "Carla" || y.ClientAddress != "carla@office.example" {
			t.Fatalf("requester %+v", y)
		}
		var left int
		if err := d.db.Get(ctx, &left, `SELECT count(*) FROM reply_token WHERE revoked_at IS NULL`); err != nil || left != 0 {
			t.Fatalf("%d tokens of the wrong person are left, %v", left, err)
		}
		_, err = d.SetRequester(ctx, by, x.Number, Address{Address: "nobody"}, y.Version)
		wantKind(t, err, migrations.Invalid)
		y = must(d.SetRequester(ctx, by, x.Number, Address{}, y.Version))(t)
		if y.ClientID != 0 || y.ClientAddress != "" {
			t.Fatalf("unknown requester: %+v", y)
		}
		_, err = d.Reply(ctx, by, x.Number, ReplyInput{Text: "Hello?"})
		wantKind(t, err, migrations.Invalid)
		if c := must(d.Conversation(ctx, x.Number, 0))(t); c.Client != nil || len(c.Entries) == 0 {
			t.Fatalf("conversation of nobody: %+v", c)
		}
	})
}

func TestTicketsOpenedByHand(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, by := t.Context(), d.tech.Actor()
		x := must(d.OpenTicket(ctx, by, NewTicket{
			Subject: "Beamer in room 4", Text: "Bert called: no picture.", Via: NotePhone, Requester: Address{Name: "Bert", Address: "bert@office.example"},
			Level: 2, CategoryID: 8, AssigneeID: d.tech.ID,
		}))(t)
		if x.Level != 2 || x.TriagedAt == 0 || x.CategoryID != 8 || x.AssigneeID != d.tech.ID || x.ClientName != "Bert" || x.News || x.MailboxID != d.mailbox.ID {
			t.Fatalf("opened %+v", x)
		}
		c := must(d.Conversation(ctx, x.Number, 0))(t)
		notes := 0
		for _, e := range c.Entries {
			if e.Note != nil && e.Note.Kind == NotePhone {
				notes++
			}
		}
		if notes != 1 || len(d.outbox(t, x.ID)) != 0 {
			t.Fatalf("%d notes, mails %v", notes, d.outbox(t, x.ID))
		}
		must(d.Reply(ctx, by, x.Number, ReplyInput{Text: "I am coming."}))(t)
		for _, bad := range []NewTicket{{Subject: " "}, {Subject: "x", Level: 4}, {Subject: "x", CategoryID: 99}, {Subject: "x", AssigneeID: d.manager.ID}, {Subject: "x", Requester: Address{Address: "@"}}} {
			_, err := d.OpenTicket(ctx, by, bad)
			wantKind(t, err, migrations.Invalid)
		}
		list, _, err := d.Tickets(ctx, TicketFilter{}, "", 10)
		if err != nil || len(list) != 1 {
			t.Fatalf("refused tickets were opened: %v %v", numbers(list), err)
		}
	})
}

func TestOfEditsMadeAtOnceOneWins(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		x := d.open(t, "Contended", "anna")
		var won, lost atomic.Int32
		var g errgroup.Group
		for i := range 8 {
			g.Go(func() error {
				_, err := d.SetPriority(ctx, d.tech.Actor(), x.Number, int64(1+i%3), false, x.Version)
				switch {
				case err == nil:
					won.Add(1)
				case migrations.KindOf(err) == migrations.Conflict:
					lost.Add(1)
				default:
					return err
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		if won.Load() != 1 || lost.Load() != 7 {
			t.Fatalf("%d won, %d were refused", won.Load(), lost.Load())
		}
		if y := must(d.TicketByNumber(ctx, x.Number))(t); y.Version != x.Version+1 {
			t.Fatalf("version %d after %d", y.Version, x.Version)
		}
	})
}

func TestLongMessagesAreCutOnPagesOnly(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		x := d.open(t, "Log file", "anna")
		long := strings.Repeat("é", shownBody+1)
		err := d.db.Tx(ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE message SET body = ? WHERE ticket_id = ?`, long, x.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		c := must(d.Conversation(ctx, x.Number, 0))(t)
		m := c.Entries[0].Message
		if m == nil || !m.Cut || m.Body != long[:2*shownBody] {
			t.Fatalf("shown: cut %v, %d bytes", m.Cut, len(m.Body))
		}
		if whole := must(d.MessageByID(ctx, m.ID))(t); whole.Cut || whole.Body != long {
			t.Fatalf("whole: cut %v, %d bytes", whole.Cut, len(whole.Body))
		}
	})
}

func TestLongConversationsArePaged(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		x := d.open(t, "Endless", "anna")
		err := d.db.Tx(ctx, func(tx *migrations.Tx) error {
			for i := range maxEntries + 50 {
				d.clock.add(time.Second)
				if _, err := tx.Exec(ctx, `INSERT INTO note (ticket_id, kind, body, at) VALUES (?, 'note', ?, ?)`, x.ID, fmt.Sprint(i), d.stamp()); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		last := must(d.Conversation(ctx, x.Number, 0))(t)
		if len(last.Entries) != maxEntries || !last.Earlier || last.Entries[maxEntries-1].Note.Body != fmt.Sprint(maxEntries+49) {
			t.Fatalf("%d entries, earlier %v", len(last.Entries), last.Earlier)
		}
		first := must(d.Conversation(ctx, x.Number, last.Entries[0].At))(t)
		if first.Earlier || len(first.Entries) != 52 || first.Entries[0].Message == nil || first.Entries[51].Note.Body != "49" {
			t.Fatalf("%d earlier entries, earlier %v", len(first.Entries), first.Earlier)
		}
	})
}
