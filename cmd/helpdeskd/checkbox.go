package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/ingest"
	"helpdeskd/mailer"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
	"helpdeskd/tracker/remedy"
	"helpdeskd/web"
)

// arriveWithin is how long check waits for the mail of a round trip.
const arriveWithin = 90 * time.Second

// checkPlaceholders names values of the sample file that were left in place.
func checkPlaceholders(c *config.Config, tell func(finding)) {
	for _, b := range c.Mailboxes {
		values := [][2]string{{"address", b.Address}, {"oauth.token_url", b.OAuth.TokenURL}, {"oauth.client_id", b.OAuth.ClientID}, {"oauth.client_secret", b.OAuth.ClientSecret.Reveal()},
			{"imap.host", b.IMAP.Host}, {"smtp.host", b.SMTP.Host}, {"imap.password", b.IMAP.Password.Reveal()}, {"smtp.password", b.SMTP.Password.Reveal()}}
		for _, v := range values {
			if isPlaceholder(v[1]) {
				tell(finding{name: b.Name + ", " + v[0], said: "this is still the sample's value", do: "Write your own: see docs/microsoft365.md and deploy/helpdeskd.example.toml."})
			}
		}
	}
}

// isPlaceholder recognises the values of deploy/helpdeskd.example.toml.
func isPlaceholder(v string) bool {
	low := strings.ToLower(v)
	for _, domain := range []string{"example.com", "example.org", "example.net"} {
		if low == domain || strings.HasSuffix(low, "@"+domain) || strings.HasSuffix(low, "."+domain) {
			return true
		}
	}
	return strings.Contains(v, "YOUR-") || v == "THE-PASSWORD"
}

// checkMade tries the mailboxes that were made on the site, and with send
// sends each mailbox its test mail.
func checkMade(ctx context.Context, c *config.Config, send bool, tell func(finding)) {
	if missing(c.Database) {
		return
	}
	db, err := migrations.Connect(ctx, c.Database.Reveal())
	if err != nil {
		return // checkDatabase has said so
	}
	defer db.Close()
	if have, know, err := db.Version(ctx); err != nil || have != know {
		return
	}
	key, err := tracker.CheckKey(ctx, db, c.KeyFile)
	if err != nil {
		return
	}
	store := tracker.New(db, tracker.Options{Key: key})
	boxes := slices.Clone(c.Mailboxes)
	made, err := store.Connections(ctx)
	if err != nil {
		tell(finding{name: "mailboxes of the site", said: plain(err)})
		return
	}
	for _, m := range made {
		if !m.Enabled {
			continue
		}
		if m.Problem != "" {
			tell(finding{name: m.Name, said: m.Problem})
			continue
		}
		b, err := boxOf(m, c.DataDir)
		if err != nil {
			tell(finding{name: m.Name, said: plain(err)})
			continue
		}
		boxes = append(boxes, b)
		a, err := accountOf(b, store.Grants(m.Name), nil)
		if err != nil {
			tell(finding{name: m.Name + ", access token", said: plain(err)})
			continue
		}
		tryMailbox(ctx, b, a, placeOf(m), func(t web.TryStep) { tell(findingOf(m.Name, t)) })
	}
	if !send {
		return
	}
	for _, b := range boxes {
		checkRound(ctx, store, b, tell)
	}
}

// checkRound sends a mailbox its test mail and waits for a running helpdeskd
// to take it.
func checkRound(ctx context.Context, store *tracker.Store, b config.Mailbox, tell func(finding)) {
	name := b.Name + ", test mail"
	bad := func(err error) { tell(finding{name: name, said: plain(err)}) }
	all, err := store.Mailboxes(ctx)
	if err != nil {
		bad(err)
		return
	}
	var box tracker.Mailbox
	for _, m := range all {
		if m.Name == b.Name {
			box = m
		}
	}
	if box.ID == 0 {
		tell(finding{name: name, said: "this mailbox has never been opened", do: "Start helpdeskd once, then run this again."})
		return
	}
	a, err := accountOf(b, store.Grants(b.Name), nil)
	if err != nil {
		bad(err)
		return
	}
	p, err := store.StartRound(ctx, tracker.Actor{}, box.ID)
	if err != nil {
		bad(err)
		return
	}
	answer, failed := mailer.SendProbe(ctx, smtpOf(b, a), p, time.Now())
	if failed != nil {
		tell(findingOf(b.Name, web.TryStep{Sending: true, Name: "test mail", Said: failed.Said, Do: failed.Advice, Detail: failed.Detail, Lines: remedy.For(failed.Case, remedy.Place{Mailbox: b.Address})}))
		return
	}
	tell(finding{name: name + ", accepted", ok: true, said: answer})
	if err := store.ProbeSent(ctx, p.ID, answer, ""); err != nil {
		bad(err)
		return
	}
	wait, stop := context.WithTimeout(ctx, arriveWithin)
	defer stop()
	for wait.Err() == nil {
		row, err := store.ProbeMail(ctx, p)
		if err == nil && row.State == "done" {
			said, err := arrived(ctx, store, row)
			if err != nil {
				bad(err)
				return
			}
			if err := store.EndProbe(ctx, tracker.Actor{}, p); err != nil {
				bad(err)
				return
			}
			tell(finding{name: name + ", arrived", ok: true, said: said})
			return
		}
		select {
		case <-wait.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
	folder, err := ingest.Look(ctx, mailboxOf(b, a), p.Nonce)
	switch {
	case err != nil:
		bad(err)
	case folder == "":
		tell(finding{name: name + ", arrived", said: "it is in no folder of the mailbox yet", do: "Look at quarantine and message trace of your mail service."})
	default:
		tell(finding{name: name + ", arrived", said: "it lies in the folder " + folder + ", and nothing has taken it", do: "See that helpdeskd runs, and that it reads this folder (" + b.Folder + ")."})
	}
}

// arrived says what became of a test mail.
func arrived(ctx context.Context, store *tracker.Store, row tracker.InboxRow) (string, error) {
	if row.TicketNumber != 0 {
		return "it became " + tracker.TicketName(row.TicketNumber) + ", which is dropped again", nil
	}
	did, err := store.ProbeRehearsal(ctx, row)
	switch {
	case err != nil:
		return "", err
	case did != nil && did.Fate == tracker.FateNew:
		return "shadow mode: it would open a ticket", nil
	case did != nil:
		return "shadow mode: its fate would be " + did.Fate, nil
	}
	return "it was kept: " + row.Fate + " " + row.Reason, nil
}

// checkHeaders says what became of the forged headers of a mail that was saved raw.
func checkHeaders(file string, tell func(finding)) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read the mail: %w", err)
	}
	h := ingest.ReadSavedHeaderTest(raw)
	tell(finding{name: "X-MS-Exchange-Organization-AuthAs", ok: !h.ForgedAuthAs(), said: orNone(h.AuthAs)})
	tell(finding{name: "Authentication-Results, topmost first", ok: !h.ForgedTop(), said: orNone(h.AuthResults)})
	id, _ := h.Stamped()
	verdicts := map[string][2]string{
		tracker.HeadersClean:    {"forged headers were taken away, and the server says what it found", "trust = \"exchange\", or trust = \"authserv-id\" with authserv_id = \"" + id + "\", may be set"},
		tracker.HeadersUnmarked: {"the mail came without what it was to be sent with", "Send the file as it is, from outside."},
		tracker.HeadersAuthAs:   {"dangerous: the forged Internal arrived", "Leave trust = \"none\". Look at Get-InboundConnector, TreatMessagesAsInternal."},
		tracker.HeadersForged:   {"dangerous: the forged verdict is topmost", "Leave trust = \"none\"; have the server remove Authentication-Results from outside (RFC 8601 section 5)."},
		tracker.HeadersNothing:  {"the server says nothing about senders itself", "Leave trust = \"none\"."},
		tracker.HeadersOther:    {"the server says \"" + id + "\" on top", "Send once more, forged in that name: helpdeskd check --forge ADDRESS --forge-as " + id},
	}
	v := verdicts[h.Verdict()]
	tell(finding{name: "verdict", ok: h.Verdict() == tracker.HeadersClean, said: v[0], do: v[1]})
	return nil
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, " | ")
}
