package main

import (
	"context"
	"log/slog"
	"net/url"
	"strings"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
	"helpdeskd/tracker/oauth"
)

// accountOf is where a mailbox's access tokens come from, one for all that
// signs in for it; nil where nothing does by token. A mailbox made on the site
// and one of the configuration file keep their sign-in alike.
func accountOf(b config.Mailbox, keeper oauth.Keeper, log *slog.Logger) (*oauth.Account, error) {
	if !b.ByToken() {
		return nil, nil
	}
	o := b.OAuth
	c := oauth.Config{
		Mailbox: b.Name, Address: b.Address, Flow: oauth.Flow(o.Flow), TokenURL: o.TokenURL, DeviceURL: o.DeviceURL,
		ClientID: o.ClientID, ClientSecret: o.ClientSecret.Reveal(), Scopes: strings.Fields(o.Scope),
		Certificate: o.Certificate.Reveal(), CertFile: o.CertificateFile, KeyFile: o.CertificateKeyFile,
		GoogleKey: o.GoogleKey.Reveal(), GoogleFile: o.GoogleKeyFile, CAFile: b.IMAP.CAFile,
	}
	if c.CAFile == "" {
		c.CAFile = b.SMTP.CAFile
	}
	if u, err := url.Parse(b.SMTP.GraphURL); err == nil && u.Host != "" { // a national cloud has scopes of its own
		scope := u.Scheme + "://" + u.Host + "/.default"
		if c.Flow == oauth.FlowDevice {
			scope = u.Scheme + "://" + u.Host + "/Mail.Send"
		}
		c.GraphScopes = []string{scope}
	}
	return oauth.New(c, oauth.Options{Keeper: keeper, Log: log})
}

// grantsFor is where check finds a mailbox's sign-in: in the database, where
// there is one that can be opened.
func grantsFor(ctx context.Context, c *config.Config, b config.Mailbox) (keeper oauth.Keeper, done func()) {
	none := func() {}
	if b.OAuth.Flow != string(oauth.FlowDevice) || missing(c.Database) {
		return noGrants{}, none
	}
	db, err := migrations.Connect(ctx, c.Database.Reveal())
	if err != nil {
		return noGrants{err}, none
	}
	key, err := tracker.CheckKey(ctx, db, c.KeyFile)
	if err != nil {
		db.Close()
		return noGrants{err}, none
	}
	return tracker.New(db, tracker.Options{Key: key}).Grants(b.Name), func() { db.Close() }
}

// noGrants keeps nothing: nobody has signed in, or it can not be read why.
type noGrants struct{ err error }

// Grant implements oauth.Keeper.
func (n noGrants) Grant(context.Context) (oauth.Grant, error) {
	if n.err != nil {
		return oauth.Grant{}, n.err
	}
	return oauth.Grant{}, migrations.NotFoundf("nobody has signed in yet")
}

// Rotate implements oauth.Keeper.
func (n noGrants) Rotate(context.Context, int64, oauth.Grant) error { return n.err }

// Fared implements oauth.Keeper.
func (n noGrants) Fared(context.Context, int64, string) error { return n.err }

// Replace implements oauth.Keeper.
func (n noGrants) Replace(context.Context, oauth.Grant) error { return n.err }
