package oauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"helpdeskd/migrations"
)

// Grant is what a person's sign-in left: a refresh token, which gives access
// tokens for as long as it is used every few weeks and nobody revokes it.
type Grant struct {
	N        int64  // grows with each rotation
	Refresh  string // the refresh token: secret
	ClientID string // the application that it was given to
	Subject  string // who signed in, as the endpoint says; "" where it does not
	At       time.Time
}

// Format shows whose it is, and no more.
func (g Grant) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "grant %d of %s", g.N, g.Subject) }

// LogValue keeps slog from showing the refresh token.
func (g Grant) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(g)) }

// MarshalText keeps encoders from showing the refresh token.
func (g Grant) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(g)), nil }

// Keeper keeps one mailbox's grant, sealed, where every node finds it.
type Keeper interface {
	// Grant returns the newest grant. A NotFound error where there is none.
	Grant(ctx context.Context) (Grant, error)
	// Rotate puts a grant in place of the one numbered was, under the next
	// number: the new one is committed with, and never after, the end of the
	// former. A Conflict error where the newest is not was: then somebody else
	// stored one meanwhile, and that one stays.
	Rotate(ctx context.Context, was int64, g Grant) error
	// Fared notes how the last use of the grant numbered n went: "" when it gave
	// a token, else why it was refused for good, in words.
	Fared(ctx context.Context, n int64, refused string) error
	// Replace puts a person's new sign-in in place of whatever is there.
	Replace(ctx context.Context, g Grant) error
}

// mint asks for a token. The number is that of the grant it was asked with.
func (a *Account) mint(ctx context.Context, scopes []string) (got *oauth2.Token, grant int64, err error) {
	switch a.config.Flow {
	case FlowGoogle:
		got, err = a.googleToken(ctx, scopes)
	case FlowDevice:
		return a.refresh(ctx, scopes)
	default:
		got, err = a.clientToken(ctx, scopes)
	}
	return got, 0, err
}

func (a *Account) clientToken(ctx context.Context, scopes []string) (*oauth2.Token, error) {
	v := url.Values{"grant_type": {"client_credentials"}, "scope": {strings.Join(scopes, " ")}}
	if a.config.certified() {
		c, err := a.config.readCertificate() // it may have been renewed
		if err != nil {
			return nil, err
		}
		if time.Now().After(c.leaf.NotAfter) {
			return nil, &Error{Kind: CertExpired, Said: "it ended on " + c.leaf.NotAfter.Format(time.DateOnly)}
		}
		signed, err := c.assertion(a.config.ClientID, a.config.TokenURL, time.Now())
		if err != nil {
			return nil, err
		}
		v.Set("client_assertion_type", assertionType)
		v.Set("client_assertion", signed)
	}
	return a.ask.token(ctx, a.config.ClientID, a.config.ClientSecret, v)
}

// refresh exchanges the refresh token. Another node may have rotated it in
// the same moment: a refused one is given up only when it is the newest.
func (a *Account) refresh(ctx context.Context, scopes []string) (*oauth2.Token, int64, error) {
	a.grant.Lock()
	defer a.grant.Unlock()
	a.store(ctx)
	g, err := a.newest(ctx)
	for err == nil {
		v := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {g.Refresh}, "scope": {strings.Join(scopes, " ")}}
		got, refused := a.ask.token(ctx, a.config.ClientID, a.config.ClientSecret, v)
		if refused == nil {
			if got.RefreshToken != g.Refresh {
				a.unsaved = &Grant{N: g.N, Refresh: got.RefreshToken, ClientID: g.ClientID, Subject: g.Subject, At: g.At}
				a.store(ctx)
			}
			a.fared(ctx, g.N, nil)
			return got, g.N, nil
		}
		now, again := a.newest(ctx)
		if e := (*Error)(nil); !errors.As(refused, &e) || e.Kind != GrantEnded || again != nil || now.N == g.N {
			a.fared(ctx, g.N, refused)
			return nil, g.N, refused
		}
		a.log.Info("another node has rotated the refresh token: going on with that one")
		g = now
	}
	return nil, 0, err
}

// fared has it noted that the grant works, or has ended: before the tokens
// that it gave end too, and mail is not read any more.
func (a *Account) fared(ctx context.Context, n int64, refused error) {
	words := ""
	if refused != nil {
		e := (*Error)(nil)
		if !errors.As(refused, &e) || !slices.Contains([]Kind{GrantEnded, MFA, Conditional}, e.Kind) {
			return // the endpoint's trouble, or the app's: signing in again would not help
		}
		words, _ = Explain(e)
	}
	if err := a.keeper.Fared(ctx, n, words); err != nil {
		a.log.Warn("how the sign-in fared could not be noted", slog.Any("error", err))
	}
}

// newest returns the grant to use: the stored one, or what came after it and
// could not be stored yet.
func (a *Account) newest(ctx context.Context) (Grant, error) {
	g, err := a.keeper.Grant(ctx)
	if migrations.KindOf(err) == migrations.NotFound {
		return Grant{}, &Error{Kind: NotSignedIn}
	}
	if err != nil {
		return Grant{}, fmt.Errorf("read the mailbox's sign-in: %w", err)
	}
	if a.unsaved != nil && a.unsaved.N == g.N {
		g.Refresh = a.unsaved.Refresh
	}
	if g.ClientID != a.config.ClientID {
		return Grant{}, &Error{Kind: NotSignedIn, Said: "the stored sign-in is for another application"}
	}
	return g, nil
}

// store stores a rotated refresh token; what can not be stored now is at the
// next refresh, and is not lost while this process lives.
func (a *Account) store(ctx context.Context) {
	if a.unsaved == nil {
		return
	}
	err := a.keeper.Rotate(ctx, a.unsaved.N, *a.unsaved)
	if err != nil && migrations.KindOf(err) != migrations.Conflict { // a conflict: another node stored its own, which is as good
		a.log.Error("the new refresh token could not be stored yet", slog.Any("error", err))
		return
	}
	a.unsaved = nil
}

// SignedIn returns who signed in for the mailbox, and when; NotFound where
// nobody has.
func (a *Account) SignedIn(ctx context.Context) (subject string, at time.Time, err error) {
	if a.keeper == nil {
		return "", time.Time{}, migrations.NotFoundf("nobody signs in for this mailbox")
	}
	g, err := a.keeper.Grant(ctx)
	return g.Subject, g.At, err
}
