package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/ingest"
	"helpdeskd/tracker"
)

type parseCmd struct {
	JSON  bool     `help:"One JSON object a line."`
	Files []string `arg:"" help:"Mails, each in its file; - is stdin." name:"file"`
}

// Run shows what is understood of each mail, in the order given. A file that
// can not be read still gives its line of JSON, and fails the command at the end.
func (c parseCmd) Run(s *session) error {
	out := bufio.NewWriter(s.out)
	failed := 0
	for _, file := range c.Files {
		raw, err := s.read(file)
		if err != nil {
			failed++
			fmt.Fprintf(s.err, "helpdeskd parse: %v\n", err)
			if !c.JSON {
				continue // a line that says "malformed" would speak of a mail that nobody saw
			}
		}
		d := ingest.Describe(file, ingest.Parse(raw, ingest.Options{}))
		if err := c.print(out, d); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	if failed > 0 {
		return errQuiet
	}
	return nil
}

func (c parseCmd) print(w io.Writer, d ingest.Description) error {
	if c.JSON {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(d); err != nil {
			return fmt.Errorf("write what is understood of %s: %w", d.File, err)
		}
		return nil
	}
	fmt.Fprintf(w, "%s\n  class    %s%s\n", d.File, d.Class, inBrackets(d.ClassReason))
	if d.From != nil {
		fmt.Fprintf(w, "  from     %s <%s>\n", d.From.Name, d.From.Address)
	}
	fmt.Fprintf(w, "  subject  %s\n", d.Subject)
	if d.Form != nil {
		fmt.Fprintf(w, "  form     %s, of %s <%s>\n", d.Form.Source, d.Form.Requester.Name, d.Form.Requester.Email)
		for _, a := range d.Form.Answers {
			fmt.Fprintf(w, "    %s: %s\n", a.Question, a.Answer)
		}
	}
	for _, a := range d.Attachments {
		fmt.Fprintf(w, "  file     %s (%s, %d bytes)\n", a.Name, a.ContentType, a.Size)
	}
	for _, x := range d.Notes {
		fmt.Fprintf(w, "  note     %s\n", x)
	}
	for _, x := range d.Defects {
		fmt.Fprintf(w, "  damage   %s\n", x)
	}
	_, err := fmt.Fprintf(w, "  words\n    %s\n\n", strings.ReplaceAll(strings.TrimSpace(d.Reply), "\n", "\n    "))
	return err
}

func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

// read returns a whole mail.
func (s *session) read(file string) ([]byte, error) {
	if file == "-" {
		b, err := io.ReadAll(s.in)
		if err != nil {
			return nil, fmt.Errorf("read stdin: %w", err)
		}
		return b, nil
	}
	b, err := os.ReadFile(file)
	var p *os.PathError
	if errors.As(err, &p) {
		return nil, fmt.Errorf("%s can not be read: %w", file, p.Err)
	}
	return b, err
}

// readOptions returns how a mailbox's mails are read: by its policy, and by the
// form senders and labels that staff added, as they are now.
func readOptions(store *tracker.Store, p tracker.Policy) func() ingest.Options {
	o := ingest.Options{Own: append([]string{p.Address}, p.Aliases...), FormSenders: p.FormSenders}
	var last atomic.Pointer[tracker.FormReading] // for when the database is away
	return func() ingest.Options {
		o := o
		r, err := store.FormReading(context.Background())
		if err == nil {
			last.Store(&r)
		} else if known := last.Load(); known != nil {
			r = *known
		}
		o.FormSenders = append(slices.Clip(o.FormSenders), r.Senders...)
		o.Labels = r.Labels
		return o
	}
}

// parser reads a mailbox's mails in this process.
func parser(store *tracker.Store, p tracker.Policy) func(raw []byte) tracker.Inbound {
	options := readOptions(store, p)
	return func(raw []byte) tracker.Inbound { return ingest.Parse(raw, options()) }
}

// reading is how a worker reads a mailbox's mails: here, and what broke here in
// a process of its own. stuck may be nil.
func reading(store *tracker.Store, p tracker.Policy, log *slog.Logger, stuck *ingest.Stuck, meters *ingest.Meters) ingest.PollerOptions {
	return ingest.PollerOptions{Log: log, Parse: parser(store, p), Apart: ingest.NewIsolated(readOptions(store, p)), Stuck: stuck, Meters: meters}
}

// formReader reads a mail for the page about forms as it would be read in any
// of the mailboxes.
type formReader struct{ boxes func() []config.Mailbox }

// ReadForm implements web.FormReader.
func (f formReader) ReadForm(raw []byte, taught tracker.FormReading) tracker.Inbound {
	o := ingest.Options{FormSenders: slices.Clone(taught.Senders), Labels: taught.Labels}
	for _, b := range f.boxes() {
		o.Own = append(append(o.Own, b.Address), b.Aliases...)
		o.FormSenders = append(o.FormSenders, b.FormSenders...)
	}
	return ingest.Parse(raw, o)
}
