package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/ingest"
	"helpdeskd/mailer"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
	"helpdeskd/tracker/oauth"
	"helpdeskd/tracker/remedy"
	"helpdeskd/web"
)

// connector tries mailboxes for the page that connects them.
type connector struct {
	store   *tracker.Store
	dataDir string
	log     *slog.Logger
}

// open returns how a mailbox made on the site is reached.
func (k connector) open(c tracker.Connection) (config.Mailbox, *oauth.Account, error) {
	b, err := boxOf(c, k.dataDir)
	if err != nil {
		return b, nil, err
	}
	a, err := accountOf(b, k.store.Grants(c.Name), k.log)
	return b, a, err
}

// Try implements web.Connector.
func (k connector) Try(ctx context.Context, c tracker.Connection, tell func(web.TryStep)) {
	b, a, err := k.open(c)
	if err != nil {
		tell(web.TryStep{Name: "settings", Said: plain(err)})
		return
	}
	tryMailbox(ctx, b, a, placeOf(c), tell)
}

// placeOf is what the lines to copy are filled in with.
func placeOf(c tracker.Connection) remedy.Place {
	return remedy.Place{Kind: c.Kind, Mailbox: c.Address, Tenant: c.Tenant, ClientID: c.ClientID, ObjectID: c.ObjectID, Graph: c.Send == tracker.SendGraph, Device: c.Grant == tracker.GrantDevice}
}

// tryMailbox tries reading and sending of a mailbox: the same steps for the
// page and for the command.
func tryMailbox(ctx context.Context, b config.Mailbox, a *oauth.Account, at remedy.Place, tell func(web.TryStep)) {
	fine := true
	ingest.Check(ctx, mailboxOf(b, a), func(s ingest.Step) {
		if s.ObjectID != "" && at.ObjectID == "" {
			at.ObjectID = s.ObjectID
		}
		t := web.TryStep{Name: s.Name, OK: s.OK, Said: s.Message, Do: s.Do, ObjectID: s.ObjectID}
		if !s.OK {
			fine, t.Lines = false, remedy.For(s.Case, at)
		}
		tell(t)
	})
	if fine && !maySend(ctx, b, a, tell) {
		return
	}
	mailer.Check(ctx, smtpOf(b, a), func(s mailer.Step) {
		t := web.TryStep{Sending: true, Name: strings.ToLower(s.Name), OK: s.OK, Said: s.Said, Do: s.Advice, Detail: s.Detail}
		if !s.OK {
			t.Lines = remedy.For(s.Case, at)
		}
		tell(t)
	})
}

// maySend looks into an app's token for the permission to send by SMTP, since
// a server that misses it only says that the sign-in failed.
func maySend(ctx context.Context, b config.Mailbox, a *oauth.Account, tell func(web.TryStep)) bool {
	if a == nil || b.SMTP.Auth != "xoauth2" {
		return true
	}
	token, err := a.Mail().Token(ctx)
	if err != nil || !remedy.ReadToken(token).Lacks(remedy.SendPermission) {
		return true // the check itself says what is wrong
	}
	what, do := remedy.NoPermission.Explain(remedy.About{Missing: remedy.SendPermission})
	tell(web.TryStep{Sending: true, Name: "permission", Said: what + ".", Do: do})
	return false
}

// Send implements web.Connector.
func (k connector) Send(ctx context.Context, c tracker.Connection, p tracker.Probe) (string, *web.TryStep) {
	b, a, err := k.open(c)
	if err != nil {
		return "", &web.TryStep{Sending: true, Name: "settings", Said: plain(err)}
	}
	answer, failed := mailer.SendProbe(ctx, smtpOf(b, a), p, time.Now())
	if failed == nil {
		return answer, nil
	}
	return "", &web.TryStep{Sending: true, Name: failed.Name, Said: failed.Said, Do: failed.Advice, Detail: failed.Detail, Lines: remedy.For(failed.Case, placeOf(c))}
}

// Look implements web.Connector.
func (k connector) Look(ctx context.Context, c tracker.Connection, p tracker.Probe) (string, error) {
	b, a, err := k.open(c)
	if err != nil {
		return "", err
	}
	return ingest.Look(ctx, mailboxOf(b, a), p.Nonce)
}

// SignIn implements web.Connector.
func (k connector) SignIn(ctx context.Context, c tracker.Connection) (web.SignIn, error) {
	_, a, err := k.open(c)
	if err != nil {
		return web.SignIn{}, err
	}
	if a == nil {
		return web.SignIn{}, migrations.Invalidf("This mailbox does not sign in by code.")
	}
	d, err := a.StartDevice(ctx)
	var refused *oauth.Error
	if errors.As(err, &refused) {
		what, do := oauth.Explain(refused)
		return web.SignIn{}, migrations.Invalidf("%s. %s", what, do)
	}
	if err != nil {
		return web.SignIn{}, err
	}
	return web.SignIn{Code: d.UserCode, URL: d.URL, Until: d.Expires, Await: func(ctx context.Context) (string, error) { return a.AwaitDevice(ctx, d) }}, nil
}

// Headers implements web.Connector.
func (connector) Headers(raw []byte, p tracker.Probe) tracker.HeaderTest {
	return ingest.ReadHeaderTest(raw, p)
}
