package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"helpdeskd/migrations"
)

// CommandLine is what became of one command.
type CommandLine struct {
	Line    string   `json:"line"`              // as it was written
	Done    string   `json:"done,omitempty"`    // key of the mailer's words, did.Done; "" where nothing was done
	Args    []string `json:"args,omitempty"`    // what these words name
	Problem string   `json:"problem,omitempty"` // why nothing was done, in words; "" for what is no command
	Nearest string   `json:"nearest,omitempty"` // the command that may have been meant
}

// CommandAnswer is what a technician is told of their mail with commands.
type CommandAnswer struct {
	Lines   []CommandLine `json:"lines"`
	Sent    []string      `json:"sent,omitempty"`    // to whom their words went, by name or address
	Asked   bool          `json:"asked,omitempty"`   // the client was asked whether it is solved, in our words
	Unsent  bool          `json:"unsent,omitempty"`  // there were words, and they went to nobody
	Unclear string        `json:"unclear,omitempty"` // why: UnclearWord and its like, or "" for Why
	At      string        `json:"at,omitempty"`      // the line that led to it
	Why     string        `json:"why,omitempty"`     // what else kept them from being sent, in words
	Help    bool          `json:"help,omitempty"`    // the whole list of commands is wanted
}

// Things is what commands need of the inventory. All of it happens in the
// transaction that is passed.
type Things interface {
	// LinkNamedTx links a ticket with the thing of that tag, hostname or
	// serial, and returns what to call it.
	LinkNamedTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, name string) (string, error)
	// RepairTx opens a work order for the thing that said begins with, or for
	// the only one of the ticket or its requester. It returns the order's name
	// and the thing's, "" for none.
	RepairTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, said string) (order, thing string, err error)
	// HeldNamed returns what a person has, as they are called, at most limit.
	HeldNamed(ctx context.Context, clientID int64, limit int) ([]NamedAsset, error)
}

// SetThings tells the store of the inventory; without it commands about
// things are refused. It is called before mail is decided.
func (s *Store) SetThings(t Things) { s.things = t }

// run is the state of obeying one mail.
type run struct {
	d      *decision
	actor  Actor
	by     *Account
	t      Ticket
	c      Commanded
	answer CommandAnswer
	done   int  // how many commands were executed
	ask    bool // the client is to be asked in our words, where the technician has none
}

// obeyTx runs the commands of a technician's mail for which all five
// conditions hold, keeps the mail, and passes its text on unless that is
// unclear. Each command is done or not for itself; all of it is part of the
// transaction that decides the mail, so that a crash repeats all or nothing.
func (s *Store) obeyTx(ctx context.Context, tx *migrations.Tx, d *decision, ticketID int64, c Commanded) error {
	d.ticket = ticketID
	d.fate(FateAppend, "")
	d.client = nil
	t, err := ticketWhere(ctx, tx, `t.id = ?`, ticketID)
	if err != nil {
		return err
	}
	r := &run{d: d, actor: d.account.Actor(), by: d.account, t: t, c: c}
	for _, cmd := range c.Commands {
		if err := s.obeyOneTx(ctx, tx, r, cmd); err != nil {
			return err
		}
	}
	if err := s.keepCommandedTx(ctx, tx, r); err != nil {
		return err
	}
	d.out.Commands = r.done
	return nil
}

// obeyOneTx runs one command, or says why not.
func (s *Store) obeyOneTx(ctx context.Context, tx *migrations.Tx, r *run, cmd Command) error {
	said := CommandLine{Line: cmd.Line}
	defer func() { r.answer.Lines = append(r.answer.Lines, said) }()
	switch {
	case r.c.Unclear == UnclearMasked:
		said.Problem = "Nothing of this mail was done: a line in it only looks like a command."
		return s.refusedTx(ctx, tx, r, "masked")
	case cmd.Name == "" && commandRefused[cmd.Word]:
		said.Problem = "This is never done by mail. Sign in and do it on the site, where you have the right to."
		return s.refusedTx(ctx, tx, r, cmd.Word)
	case cmd.Name == "":
		said.Nearest, _ = nearestCommand(cmd.Word)
		return s.refusedTx(ctx, tx, r, "unknown")
	case r.t.Archived() && !forArchived[cmd.Name]:
		said.Problem = migrations.SafeMessage(errArchived(&r.t))
		return nil
	case r.c.Unclear != "" && r.c.Text != "" && tellsClient[cmd.Name]:
		said.Problem = "Left undone, since your words to the client were not sent."
		return nil
	}
	var key string
	var args []string
	err := tx.Try(ctx, func() (err error) {
		was := r.t
		key, args, err = commandActs[cmd.Name](ctx, s, tx, r, cmd.Arg)
		if err != nil {
			r.t = was
		}
		return err
	})
	switch migrations.KindOf(err) {
	case migrations.Invalid, migrations.Conflict, migrations.NotFound, migrations.Denied:
		if said.Problem = migrations.SafeMessage(err); said.Problem != "" {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("obey #%s: %w", cmd.Name, err)
	}
	if key != "" && !slices.Contains(CommandsDone(), key) {
		return fmt.Errorf("obey #%s: there are no words for %q", cmd.Name, key)
	}
	if key == "" { // what concerns the mail, not the ticket
		return nil
	}
	said.Done, said.Args = key, args
	r.done++
	return nil
}

// forArchived are the commands that an archived ticket obeys: it can only be
// re-opened.
var forArchived = map[string]bool{"stage": true, "reopen": true, "help": true, "reply": true}

// tellsClient are the commands by which a ticket counts as answered: they wait
// where the answer could not be sent.
var tellsClient = map[string]bool{"done": true, "confirm": true, "drop": true, "stage": true}

// refusedTx records that a command was not obeyed. What was written stands in
// the mail; an event holds none of it but a word of our own list.
func (s *Store) refusedTx(ctx context.Context, tx *migrations.Tx, r *run, what string) error {
	return s.RecordTx(ctx, tx, Event{Actor: r.actor, Subject: "ticket", SubjectID: r.t.ID, Kind: "command_refused", Became: what})
}

// keepCommandedTx stores the mail: its text as an answer that goes out, or all
// of it as kept, which nobody outside ever sees; and tells the technician.
func (s *Store) keepCommandedTx(ctx context.Context, tx *migrations.Tx, r *run) error {
	d, send := r.d, r.c.Text != "" && r.c.Unclear == ""
	in := *d.in
	whole := *d.in
	switch {
	case send:
		in.Reply = r.c.Text
	case r.c.Note != "" && r.c.Unclear == "":
		in.Reply = commandLines(r.c.Commands) // the note has the rest
	}
	d.in = &in
	defer func() { d.in = &whole }()
	state := "kept"
	if send {
		state = "shown"
	}
	id, err := s.messageTx(ctx, tx, d, r.t.ID, state, "")
	if err != nil {
		return err
	}
	if send {
		err := tx.Try(ctx, func() error { return s.sendMessageTx(ctx, tx, r.actor, r.t.ID, id) })
		if migrations.KindOf(err) == migrations.Invalid {
			send, r.answer.Why = false, migrations.SafeMessage(err)
			if _, err := tx.Exec(ctx, `UPDATE message SET state = 'kept', body = ? WHERE id = ?`, whole.Reply, id); err != nil {
				return fmt.Errorf("keep message %d: %w", id, err)
			}
		} else if err != nil {
			return err
		}
	}
	switch {
	case send:
		err := tx.Select(ctx, &r.answer.Sent, `SELECT CASE WHEN to_name = '' THEN to_address ELSE to_name END FROM outbox WHERE message_id = ? AND kind = 'reply' ORDER BY id LIMIT 20`, id)
		if err != nil {
			return fmt.Errorf("list whom message %d went to: %w", id, err)
		}
	case r.c.Text != "":
		r.answer.Unsent, r.answer.Unclear, r.answer.At = true, r.c.Unclear, r.c.Line
		if err := s.RecordTx(ctx, tx, Event{Actor: r.actor, Subject: "ticket", SubjectID: r.t.ID, Kind: "kept_mail"}); err != nil {
			return err
		}
	}
	if !send && r.ask {
		if _, err := s.askTx(ctx, tx, r.actor, &r.t, false); err != nil {
			return err
		}
		r.answer.Asked = true
	}
	if _, err := tx.Exec(ctx, `UPDATE ticket SET version = version + 1, updated_at = ? WHERE id = ?`, s.stamp(), r.t.ID); err != nil {
		return fmt.Errorf("mark %s: %w", r.t.Name(), err)
	}
	mailbox := d.work.MailboxID
	if mailbox == 0 {
		mailbox = r.t.MailboxID
	}
	announced := int64(0)
	if r.answer.Unsent { // so that it can be sent again from the mail itself
		announced = id
	}
	_, err = s.EnqueueTx(ctx, tx, Mail{Kind: MailCommands, MailboxID: mailbox, TicketID: r.t.ID, MessageID: announced, AccountID: r.by.ID, ToAddress: r.by.Email, ToName: r.by.Name, Commands: &r.answer})
	return err
}

// commandLines returns commands as they were written, a line each.
func commandLines(list []Command) string {
	lines := make([]string, len(list))
	for i, c := range list {
		lines[i] = c.Line
		if c.Name == "note" {
			lines[i] = "#" + c.Word
		}
	}
	return strings.Join(lines, "\n")
}
