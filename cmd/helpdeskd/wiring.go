package main

import (
	"context"
	"fmt"
	"strconv"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/ingest"
	"helpdeskd/tracker"
	"helpdeskd/tracker/oauth"
)

// mailboxOf is the part of a mailbox's configuration that ingest needs.
func mailboxOf(b config.Mailbox, a *oauth.Account) ingest.MailboxConfig {
	c := ingest.MailboxConfig{
		Name: b.Name, Address: b.Address,
		Host: b.IMAP.Host, Port: b.IMAP.Port, Security: ingest.Security(b.IMAP.Security), Auth: ingest.Auth(b.IMAP.Auth),
		Username: b.IMAP.Username, Password: b.IMAP.Password.Reveal(), CAFile: b.IMAP.CAFile,
		Folder: b.Folder, Processed: b.Processed, LeaveInPlace: b.LeaveInPlace, Junk: b.Junk, Sent: b.Sent, Begin: b.Begin, Poll: b.Poll,
	}
	if a != nil {
		c.Tokens = a.Mail()
	}
	return c
}

// policyOf says how far a mailbox's mail is trusted. Exchange stamps AuthAs
// on mail from inside, and Authentication-Results without an authserv-id on
// mail from outside.
func policyOf(id int64, b config.Mailbox, ack config.Ack) tracker.Policy {
	return tracker.Policy{
		MailboxID: id, Address: b.Address, Aliases: b.Aliases, OwnDomains: b.OwnDomains,
		TrustAuthAs: b.Trust == "exchange", TrustAuthResults: b.Trust != "none", AuthservID: b.AuthservID,
		FormSenders: b.FormSenders, AckMaxAge: ack.MaxAge, NoAcks: !ack.Enabled || ack.MaxAge == 0,
	}
}

// openMailboxes makes the mailboxes of the configuration known to the store,
// with their policies, in the configuration's order.
func openMailboxes(ctx context.Context, store *tracker.Store, c *config.Config) ([]tracker.Mailbox, error) {
	var all []tracker.Mailbox
	var declared []tracker.Declared
	for _, b := range c.Mailboxes {
		declared = append(declared, tracker.Declared{Name: b.Name, Address: b.Address, Aliases: b.Aliases})
	}
	store.DeclareMailboxes(declared)
	for i, b := range c.Mailboxes {
		everything, since := b.BeginAt()
		m, err := store.OpenMailbox(ctx, b.Name, b.Address, tracker.Begin{Everything: everything, Since: since, Shadow: b.Shadow})
		if err != nil {
			return nil, err
		}
		store.SetPolicy(policyOf(m.ID, b, c.Ack))
		if i == 0 {
			store.SetAccountMailbox(m.ID)
		}
		all = append(all, m)
	}
	return all, nil
}

// applySettings writes what the configuration file decides into the settings
// that pages and mails read; what it leaves open stays as staff set it.
func applySettings(ctx context.Context, store *tracker.Store, c *config.Config) error {
	want := map[string]string{tracker.SetPublicURL: c.PublicURL}
	if c.Origin["ack.rate"] != "" {
		want[tracker.SetMailPerMin] = strconv.Itoa(c.Ack.Rate)
	}
	if c.Ack.FormLink != "" {
		want[tracker.SetFormLink] = c.Ack.FormLink
	}
	for name, value := range want {
		have, err := store.Setting(ctx, name)
		if err != nil {
			return err
		}
		if have == value {
			continue
		}
		if err := store.SetSetting(ctx, tracker.Actor{}, name, value); err != nil {
			return fmt.Errorf("apply the configuration: %w", err)
		}
	}
	return nil
}
