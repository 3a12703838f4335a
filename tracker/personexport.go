package tracker

import (
	"archive/zip"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// ExportPerson writes all that is known of the person with an address as a
// zip file: their profile, their tickets and those in which they took part, as
// text and as JSON, the raw mails that they wrote and that we sent to them,
// files, their things and the events about them; what technicians noted only
// where notes asks for it. Reply tokens are taken out, as with them anybody
// answers in another's name. It streams: nothing is gathered in memory. It is
// in the audit before the first byte leaves. told, where not nil, is called as
// it goes on.
func (s *Store) ExportPerson(ctx context.Context, actor Actor, address string, notes bool, w io.Writer, told func(done, all int)) error {
	p, err := s.erasingOf(ctx, s.db, address)
	if err != nil {
		return err
	}
	x := &personExport{Store: s, p: p, notes: notes, zip: zip.NewWriter(w), names: map[string]bool{}, raw: map[string]bool{}}
	kind := "exported"
	if p.ClientID == 0 {
		kind = "exported_address"
	}
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "client", SubjectID: p.ClientID, Kind: kind})
	})
	if err == nil {
		err = x.all(ctx, told)
	}
	if err != nil {
		return fmt.Errorf("export a person: %w", err)
	}
	return nil
}

type personExport struct {
	*Store
	p     Erasing
	notes bool
	zip   *zip.Writer
	names map[string]bool // that are taken
	raw   map[string]bool // digests that are in it already
}

// create begins a file, under another name where that is taken.
func (x *personExport) create(name string) (io.Writer, error) {
	ext := path.Ext(name)
	for n, of := 2, strings.TrimSuffix(name, ext); x.names[strings.ToLower(name)]; n++ {
		name = fmt.Sprintf("%s-%d%s", of, n, ext)
	}
	x.names[strings.ToLower(name)] = true
	w, err := x.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: x.Now()})
	if err != nil {
		return nil, fmt.Errorf("begin %s: %w", name, err)
	}
	return w, nil
}

func (x *personExport) json(name string, v any) error {
	w, err := x.create(name)
	if err != nil {
		return err
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func (x *personExport) blob(ctx context.Context, name, digest string) error {
	if digest == "" || digest == Digest(nil) || x.raw[digest] {
		return nil
	}
	x.raw[digest] = true
	b, err := x.OpenBlob(ctx, digest)
	if migrations.KindOf(err) == migrations.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	defer b.Close()
	w, err := x.create(name)
	if err == nil {
		err = writeWithoutTokens(w, b.Bytes())
	}
	return err
}

// liveToken finds the reply tokens in Message-IDs and addresses of ours, also
// where an address is encoded or its line broken. Base64 has none of the signs
// that end it, so no file is changed.
var liveToken = regexp.MustCompile(`(?i)(?:\bhd\.|\+|%2B|=2B)([a-z2-7](?:(?:=\r?\n)?[a-z2-7]){25})(?:=\r?\n)?(?:@|%40|=40)`)

const noToken = "token-removed"

func writeWithoutTokens(w io.Writer, b []byte) error {
	b = pageLink.ReplaceAll(b, []byte("${1}"+noToken))
	for {
		at := liveToken.FindSubmatchIndex(b)
		if at == nil {
			_, err := w.Write(b)
			return err
		}
		if _, err := w.Write(b[:at[2]]); err != nil {
			return err
		}
		if _, err := io.WriteString(w, noToken); err != nil {
			return err
		}
		b = b[at[3]:]
	}
}

func withoutTokens(s string) string {
	var b strings.Builder
	_ = writeWithoutTokens(&b, []byte(s)) // a Builder never fails
	return b.String()
}

func (x *personExport) all(ctx context.Context, told func(done, all int)) error {
	own, others, err := x.ticketsOf(ctx, x.db, x.p)
	if err != nil {
		return err
	}
	loose, err := x.looseMessages(ctx, x.p)
	if err != nil {
		return err
	}
	steps, done := len(own)+len(others)+len(loose)+4, 0
	step := func(err error) error {
		if done++; err == nil && told != nil {
			told(done, steps)
		}
		return err
	}
	if err := step(x.profile(ctx)); err != nil {
		return err
	}
	for _, id := range own {
		if err := step(x.ticket(ctx, "tickets/", id)); err != nil {
			return err
		}
	}
	for _, id := range others {
		if err := step(x.ticket(ctx, "took part in/", id)); err != nil {
			return err
		}
	}
	for _, id := range loose {
		if err := step(x.loose(ctx, id)); err != nil {
			return err
		}
	}
	for _, do := range []func(context.Context) error{x.mails, x.events} {
		if err := step(do(ctx)); err != nil {
			return err
		}
	}
	for _, a := range x.alsoPerson {
		if a.Export == nil {
			continue
		}
		if err := a.Export(ctx, x.p, func(name string) (io.Writer, error) { return x.create("things/" + name) }); err != nil {
			return err
		}
	}
	if err := x.zip.Close(); err != nil {
		return fmt.Errorf("end the file: %w", err)
	}
	return step(nil)
}

func moment(at migrations.Stamp) string {
	if at == 0 {
		return ""
	}
	return at.Time().UTC().Format(time.RFC3339)
}

func (x *personExport) profile(ctx context.Context) error {
	type address struct {
		Address string `json:"address"`
		Bounced string `json:"bounced_at,omitempty"`
	}
	about := struct {
		Name       string    `json:"name,omitempty"`
		Department string    `json:"department,omitempty"`
		Phone      string    `json:"phone,omitempty"`
		High       bool      `json:"high_management,omitempty"`
		Known      string    `json:"known_since,omitempty"`
		Names      []string  `json:"names_written,omitempty"`
		Addresses  []address `json:"addresses"`
		Exported   string    `json:"exported_at"`
	}{Names: x.p.Names, Exported: x.Now().Format(time.RFC3339)}
	if x.p.ClientID != 0 {
		c, err := x.ClientByID(ctx, x.p.ClientID)
		if err != nil {
			return err
		}
		about.Name, about.Department, about.Phone, about.High, about.Known = c.Name, c.Department, c.Phone, c.HighManagement, moment(c.CreatedAt)
		list, err := clientAddresses(ctx, x.db, x.p.ClientID)
		if err != nil {
			return err
		}
		for _, a := range list {
			about.Addresses = append(about.Addresses, address{a.Address, moment(a.BouncedAt)})
		}
	} else {
		for _, a := range x.p.Addresses {
			about.Addresses = append(about.Addresses, address{Address: a})
		}
	}
	if err := x.json("person.json", about); err != nil {
		return err
	}
	w, err := x.create("README.txt")
	if err == nil {
		_, err = io.WriteString(w, "All that this helpdesk holds about one person.\n\nperson.json: name, addresses, department.\ntickets/: what they asked for, as text (.txt) and for programs (.json), with the mails that they wrote (.eml, without the marks that let one answer) and files.\n"+
			"took part in/: other people's tickets in which they wrote or were told.\nother mail/: mail of theirs that no ticket has, and ours to them.\nthings/: what they hold and held, and repairs for them.\n"+
			"events.json: what they did and what was done about them.\n")
	}
	if err != nil {
		return err
	}
	if !x.notes {
		return nil
	}
	notes, err := x.notesNaming(ctx, x.p)
	if err != nil {
		return err
	}
	type note struct{ Ticket, At, Text string }
	var all []note
	for _, n := range notes {
		all = append(all, note{TicketName(n.Number), moment(n.At), n.Body})
	}
	return x.json("notes.json", all)
}

// exportedRating is how content the person was: 1 not, 2 so-so, 3 content.
type exportedRating struct {
	At      string `json:"at"`
	Score   int64  `json:"score"`
	Comment string `json:"comment,omitempty"`
}

type exportedMessage struct {
	At          string   `json:"at"`
	Direction   string   `json:"direction"`
	State       string   `json:"state"`
	From        string   `json:"from"`
	To          string   `json:"to,omitempty"`
	Cc          string   `json:"cc,omitempty"`
	Subject     string   `json:"subject"`
	Text        string   `json:"text"`
	Quoted      string   `json:"quoted,omitempty"`
	Form        *Form    `json:"form,omitempty"`
	Attachments []string `json:"attachments,omitempty"`
}

// messages writes a ticket's messages, mails and files, and returns them.
func (x *personExport) messages(ctx context.Context, dir, condition string, args ...any) (all []exportedMessage, err error) {
	for after := int64(0); ; {
		list, err := x.messagesWhere(ctx, messageColumns(`m.body`, `m.quoted`, `FALSE`)+`WHERE m.id > ? AND `+condition+` ORDER BY m.id LIMIT 50`, append([]any{after}, args...)...)
		if err != nil || len(list) == 0 {
			return all, err
		}
		for _, m := range list {
			after = m.ID
			e := exportedMessage{At: moment(m.At), Direction: m.Direction, State: m.State, From: strings.TrimSpace(m.FromName + " <" + m.FromAddress + ">"), To: m.ToLine, Cc: m.CcLine,
				Subject: m.Subject, Text: withoutTokens(m.Body), Quoted: withoutTokens(m.Quoted), Form: m.Form}
			for _, a := range m.Attachments {
				if a.Role != RoleFile && a.Role != RoleInline {
					continue
				}
				name := dir + cleanFileName(a.Name)
				if err := x.part(ctx, name, a); err != nil {
					return nil, err
				}
				e.Attachments = append(e.Attachments, a.Name)
			}
			if x.wrote(m) {
				if err := x.blob(ctx, fmt.Sprintf("%smail-%d.eml", dir, m.ID), m.Digest); err != nil {
					return nil, err
				}
			}
			all = append(all, e)
		}
	}
}

// wrote reports whether a message came from the person.
func (x *personExport) wrote(m Message) bool {
	return m.Direction == "in" && (x.p.ClientID != 0 && m.ClientID == x.p.ClientID || slices.Contains(x.p.Addresses, strings.ToLower(m.FromAddress)))
}

func (x *personExport) part(ctx context.Context, name string, a Attachment) error {
	b, err := x.OpenBlob(ctx, a.Digest)
	if migrations.KindOf(err) == migrations.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	defer b.Close()
	w, err := x.create(name)
	if err == nil {
		_, err = io.Copy(w, OpenPart(b, a.Part()))
	}
	return err
}

func (x *personExport) ticket(ctx context.Context, under string, id int64) error {
	t, err := x.TicketByID(ctx, id)
	if migrations.KindOf(err) == migrations.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	dir := under + t.Name() + "/"
	messages, err := x.messages(ctx, dir, `m.ticket_id = ?`, id)
	if err != nil {
		return err
	}
	facts, err := factsOf(ctx, x.db, id, x.notes)
	if err != nil {
		return err
	}
	var notes []Note
	if x.notes {
		if err := x.db.Select(ctx, &notes, noteSelect+`WHERE n.ticket_id = ? ORDER BY n.id`, id); err != nil {
			return fmt.Errorf("read notes: %w", err)
		}
	}
	type exportedNote struct{ At, Kind, By, Text string }
	out := struct {
		Ticket   string            `json:"ticket"`
		Subject  string            `json:"subject"`
		Stage    Stage             `json:"stage"`
		Opened   string            `json:"opened_at"`
		Closed   string            `json:"closed_at,omitempty"`
		Category string            `json:"category,omitempty"`
		Fix      string            `json:"fix,omitempty"`
		Summary  string            `json:"summary,omitempty"`
		Known    []Fact            `json:"known,omitempty"`
		Dropped  string            `json:"drop_reason,omitempty"`
		Messages []exportedMessage `json:"messages"`
		Notes    []exportedNote    `json:"notes,omitempty"`
		Rated    *exportedRating   `json:"how_it_was,omitempty"`
	}{t.Name(), t.Subject, t.Stage, moment(t.OpenedAt), moment(t.ClosedAt), t.CategoryName, t.Fix, t.Summary, facts, t.DropReason, messages, nil, nil}
	if said, err := rating(ctx, x.db, id, x.p.ClientID); err != nil {
		return err
	} else if said != nil {
		out.Rated = &exportedRating{moment(said.At), said.Score, said.Comment}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\n%s, opened %s, closed %s\n", t.Name(), t.Subject, t.Stage, out.Opened, out.Closed)
	for _, m := range messages {
		fmt.Fprintf(&b, "\n== %s  %s\n%s\n\n%s\n", m.At, m.From, m.Subject, m.Text)
		if m.Form != nil {
			for _, a := range m.Form.Answers {
				fmt.Fprintf(&b, "%s: %s\n", a.Question, a.Answer)
			}
		}
		for _, a := range m.Attachments {
			fmt.Fprintf(&b, "[file: %s]\n", a)
		}
		if m.Quoted != "" {
			fmt.Fprintf(&b, "\n%s\n", m.Quoted)
		}
	}
	for _, n := range notes {
		out.Notes = append(out.Notes, exportedNote{moment(n.At), string(n.Kind), n.AccountName, n.Body})
		fmt.Fprintf(&b, "\n-- note, %s  %s\n%s\n", moment(n.At), n.AccountName, n.Body)
	}
	if t.Fix != "" {
		fmt.Fprintf(&b, "\nFix: %s\n", t.Fix)
	}
	if t.Summary != "" {
		fmt.Fprintf(&b, "\nSummary: %s\n", t.Summary)
	}
	for _, f := range facts {
		fmt.Fprintf(&b, "\nKnown, %s: %s\n", f.Item, f.Value)
	}
	if err := x.json(dir+t.Name()+".json", out); err != nil {
		return err
	}
	w, err := x.create(dir + t.Name() + ".txt")
	if err == nil {
		_, err = io.WriteString(w, b.String())
	}
	return err
}

func (x *personExport) loose(ctx context.Context, id int64) error {
	dir := fmt.Sprintf("other mail/held-%d/", id)
	messages, err := x.messages(ctx, dir, `m.id = ?`, id)
	if err != nil {
		return err
	}
	return x.json(dir+"message.json", messages)
}

// mails writes what of theirs is in the inbox beside the tickets, and what we sent them.
func (x *personExport) mails(ctx context.Context) error {
	sender, args := x.p.in(`LOWER(sender)`)
	var taken []struct {
		ID     int64  `db:"id"`
		Digest string `db:"digest"`
	}
	if err := x.db.Select(ctx, &taken, `SELECT id, digest FROM inbox WHERE erased_at IS NULL AND `+sender+` ORDER BY id`, args...); err != nil {
		return fmt.Errorf("list their mails: %w", err)
	}
	for _, m := range taken {
		if err := x.blob(ctx, fmt.Sprintf("other mail/taken-%d.eml", m.ID), m.Digest); err != nil {
			return err
		}
	}
	to, args := x.p.in(`to_address`)
	var sent []struct {
		ID      int64            `db:"id"`
		Kind    string           `db:"kind"`
		State   string           `db:"state"`
		To      string           `db:"to_address"`
		Digest  string           `db:"digest"`
		Created migrations.Stamp `db:"created_at"`
		SentAt  migrations.Stamp `db:"sent_at"`
	}
	err := x.db.Select(ctx, &sent, `SELECT id, kind, state, to_address, digest, created_at, COALESCE(sent_at, 0) AS sent_at FROM outbox
		WHERE kind NOT IN ('account', 'code') AND (client_id = ? OR `+to+`) ORDER BY id`, append([]any{x.p.ClientID}, args...)...)
	if err != nil {
		return fmt.Errorf("list mails to them: %w", err)
	}
	type mail struct{ File, Kind, State, To, Created, Sent string }
	var all []mail
	for _, m := range sent {
		name := fmt.Sprintf("other mail/to-them-%d.eml", m.ID)
		if err := x.blob(ctx, name, m.Digest); err != nil {
			return err
		}
		if m.Digest == "" {
			name = ""
		}
		all = append(all, mail{name, m.Kind, m.State, m.To, moment(m.Created), moment(m.SentAt)})
	}
	return x.json("other mail/to-them.json", all)
}

func (x *personExport) events(ctx context.Context) error {
	if x.p.ClientID == 0 {
		return nil
	}
	// Events name who they were before two of them were found to be one.
	var ids []int64
	if err := x.db.Select(ctx, &ids, `SELECT id FROM client WHERE id = ? OR merged_into_id = ? ORDER BY id`, x.p.ClientID, x.p.ClientID); err != nil {
		return fmt.Errorf("list whom they were: %w", err)
	}
	var rows []EventRow
	for _, id := range ids {
		ref := clientRef(id)
		err := x.db.Select(ctx, &rows, `SELECT `+eventColumns+` FROM event WHERE actor = ? AND actor <> 'system' OR subject = 'client' AND subject_id = ? OR was = ? OR became = ? ORDER BY id`, ref, id, ref, ref)
		if err != nil {
			return fmt.Errorf("list events: %w", err)
		}
	}
	slices.SortStableFunc(rows, func(a, b EventRow) int { return cmp.Compare(a.ID, b.ID) })
	type event struct{ At, Who, About, What, Was, Became string }
	all := make([]event, 0, len(rows))
	for _, e := range rows {
		all = append(all, event{moment(e.At), e.Actor, fmt.Sprintf("%s:%d", e.Subject, e.SubjectID), e.Kind, e.Was, e.Became})
	}
	return x.json("events.json", all)
}
