package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/ingest"
	"helpdeskd/inventory"
	"helpdeskd/tracker"
)

// exTempFail is EX_TEMPFAIL of sysexits.h: the MTA must keep the mail and try again.
const exTempFail = 75

// decideWithin is how long the command waits to tell what became of a mail
// that is already safe. A lease whose holder died is taken over well before.
const decideWithin = time.Minute

type ingestCmd struct {
	Mailbox string   `help:"Which mailbox the mails are for; the only one where there is only one." placeholder:"NAME"`
	Files   []string `arg:"" optional:"" help:"Mails, each in its file; - (or nothing) is stdin." name:"file"`
}

// ingested is one line of the command's output.
type ingested struct {
	File     string        `json:"file"`
	Fate     string        `json:"fate"`
	Ticket   string        `json:"ticket"`
	Acks     int           `json:"acks"`
	Commands int           `json:"commands"`
	Class    tracker.Class `json:"class"`
	Reason   string        `json:"reason,omitempty"`
}

// Run takes the mails. Whatever keeps one from being safely kept is a
// temporary failure for the MTA, a wrong configuration too.
func (c ingestCmd) Run(s *session) error {
	if err := c.run(s); err != nil {
		return &exitError{code: exTempFail, err: err}
	}
	return nil
}

func (c ingestCmd) run(s *session) error {
	conf, err := s.configuration()
	if err != nil {
		return err
	}
	i, err := c.which(conf)
	if err != nil {
		return err
	}
	warn := *conf
	warn.Log.Level = "warn"
	log := s.logger(&warn) // an MTA bounces what a pipe says
	// A node of its own: the daemon on this machine may hold the lease.
	store, err := s.openBriefly(s.ctx, conf, tracker.Options{Log: log})
	if err != nil {
		return err
	}
	defer store.DB().Close()
	inventory.New(store) // technicians' commands name its things
	boxes, err := openMailboxes(s.ctx, store, conf)
	if err != nil {
		return err
	}
	pipe := ingest.OpenPipe(s.ctx, store, boxes[i].ID, reading(store, policyOf(boxes[i].ID, conf.Mailboxes[i], conf.Ack), log, nil, nil))
	defer pipe.Close()
	files := c.Files
	if len(files) == 0 {
		files = []string{"-"}
	}
	failed := false
	for _, file := range files {
		if err := c.take(s, pipe, file); err != nil {
			failed = true
			fmt.Fprintf(s.err, "helpdeskd ingest: %s was not kept: %s\n", file, plain(err))
		}
	}
	if failed {
		return errQuiet
	}
	return nil
}

// which returns the place of the mailbox that the mails are for.
func (c ingestCmd) which(conf *config.Config) (int, error) {
	if len(conf.Mailboxes) == 0 {
		return 0, errors.New("the configuration has no mailbox: add one, since every mail belongs to one")
	}
	if c.Mailbox == "" {
		if len(conf.Mailboxes) > 1 {
			return 0, errors.New("there are several mailboxes: say which with --mailbox NAME")
		}
		return 0, nil
	}
	for i, b := range conf.Mailboxes {
		if b.Name == c.Mailbox {
			return i, nil
		}
	}
	return 0, fmt.Errorf("the configuration has no mailbox %q", c.Mailbox)
}

// take keeps one mail and tells what became of it. The error says that it
// was not kept; a mail that is kept and not decided yet is no error.
func (c ingestCmd) take(s *session, pipe *ingest.Pipe, file string) error {
	r := s.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return fmt.Errorf("open it: %w", errors.Unwrap(err))
		}
		defer f.Close()
		r = f
	}
	id, err := pipe.Keep(s.ctx, r)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(s.ctx, decideWithin)
	defer stop()
	o, err := pipe.Outcome(ctx, id)
	if err != nil {
		fmt.Fprintf(s.err, "helpdeskd ingest: %s is safely kept, and will be decided later: %v\n", file, err)
	}
	return printLine(s.out, ingested{File: file, Fate: o.Fate, Ticket: o.Ticket, Acks: o.Acks, Commands: o.Commands, Class: o.Class, Reason: o.Reason})
}

func printLine(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
