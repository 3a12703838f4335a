package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"helpdeskd/inventory"
	"helpdeskd/tracker"
)

type exportCmd struct {
	Person string `required:"" placeholder:"ADDRESS" help:"Whose: one of their mail addresses."`
	File   string `arg:"" help:"The zip file to write, or - for stdout."`
	Notes  bool   `help:"Also what technicians noted."`
	Force  bool   `help:"Replace the file where there is one."`
}

// Run writes all that is known of a person into a zip file.
func (c exportCmd) Run(s *session) error {
	store, done, err := s.storeOfThings()
	if err != nil {
		return err
	}
	defer done()
	bar := s.progress("exporting")
	defer bar.end()
	if c.File == "-" {
		return store.ExportPerson(s.ctx, tracker.Actor{}, c.Person, c.Notes, s.out, bar.of())
	}
	if _, err := os.Stat(c.File); err == nil && !c.Force {
		return fmt.Errorf("%s is there already: give --force to replace it", c.File)
	}
	// Whole or not at all.
	f, err := os.CreateTemp(filepath.Dir(c.File), ".export-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	out := bufio.NewWriterSize(f, 1<<20)
	if err = store.ExportPerson(s.ctx, tracker.Actor{}, c.Person, c.Notes, out, bar.of()); err == nil {
		err = errors.Join(out.Flush(), f.Sync())
	}
	if err == nil {
		err = os.Rename(f.Name(), c.File)
	}
	bar.end()
	if err != nil {
		return s.interrupted(err, "nothing was written")
	}
	fmt.Fprintf(s.out, "all that is known of %s is in %s\n", c.Person, c.File)
	return nil
}

type eraseCmd struct {
	Address     string `arg:"" help:"One of the person's mail addresses."`
	KeepTickets bool   `help:"Keep their tickets' stages, dates and fixes, without their words and name. Otherwise the tickets are deleted."`
	Yes         bool   `help:"Do not ask."`
}

// Run shows what would go, asks, and erases a person everywhere.
func (c eraseCmd) Run(s *session) error {
	store, done, err := s.storeOfThings()
	if err != nil {
		return err
	}
	defer done()
	g, err := store.ErasePreview(s.ctx, c.Address)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s, known as %s\n", g.Name, strings.Join(g.Addresses, ", "))
	what := "deleted"
	if c.KeepTickets {
		what = "kept without their words"
	}
	for _, line := range []struct {
		n    int
		text string
	}{{g.Tickets, "tickets that they asked for: " + what}, {g.Others, "tickets of others in which they took part: kept without them"}, {g.Messages, "messages that they wrote"}, {g.Mails, "mails as they came"},
		{g.Files, "files in them"}, {g.Sent, "mails to them"}, {g.Unsent, "mails to them that have not left, and never will"}, {g.Held, "mails that wait for a decision"}} {
		fmt.Fprintf(s.out, "%8d  %s\n", line.n, line.text)
	}
	for _, a := range g.Also {
		fmt.Fprintf(s.out, "%8d  %s: kept, naming nobody\n", a.N, strings.ReplaceAll(a.What, "_", " "))
	}
	for _, n := range g.Notes {
		fmt.Fprintf(s.out, "please read the note on %s, which perhaps names them: %.80q\n", tracker.TicketName(n.Number), n.Body)
	}
	if g.Refused != "" {
		return errors.New(g.Refused)
	}
	if !c.Yes {
		fmt.Fprint(s.err, "This can not be undone. Type the address to go on: ")
		line, err := bufio.NewReader(s.in).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if !strings.EqualFold(strings.TrimSpace(line), strings.TrimSpace(c.Address)) {
			return errors.New("nothing was erased")
		}
	}
	bar := s.progress("erasing")
	defer bar.end()
	if err := store.Erase(s.ctx, tracker.Actor{}, tracker.Erasure{Address: c.Address, Keep: c.KeepTickets}, bar.of()); err != nil {
		return s.interrupted(err, "what is left is erased by helpdeskd when it runs")
	}
	bar.end()
	fmt.Fprintln(s.out, "erased. Their mails may still lie in the mailbox's folders, and in backups: see docs/admin.md, Keeping and erasing")
	return nil
}

// storeOfThings opens the store with all that belongs to people.
func (s *session) storeOfThings() (*tracker.Store, func(), error) {
	c, err := s.configuration()
	if err != nil {
		return nil, nil, err
	}
	store, err := s.open(s.ctx, c, tracker.Options{Log: s.logger(c)})
	if err != nil {
		return nil, nil, err
	}
	inventory.New(store)
	return store, func() { store.DB().Close() }, nil
}

// of shows how much of a whole is done.
func (p *progress) of() func(done, all int) {
	shown := 0
	return func(done, all int) {
		p.total(int64(all) << 18) // a step is shown at once
		p.step(int64(done-shown) << 18)
		shown = done
	}
}
