package oauth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"helpdeskd/migrations"
)

// Device is a sign-in by device code that has begun (RFC 8628): a person opens
// URL on any device, enters UserCode, and signs in there. It is of use to the
// process that began it alone, and never prints the code that is exchanged.
type Device struct {
	UserCode string    // to be shown large: ABCD-EFGH
	URL      string    // to be opened: https://microsoft.com/devicelogin
	Complete string    // the same with the code in it, for a QR code; "" where the endpoint gives none
	Expires  time.Time // after which the code is of no more use, usually 15 minutes
	mu       sync.Mutex
	code     string
	interval time.Duration
	next     time.Time // not asked before
	trouble  int
}

// Format shows the code for the person, and not the other.
func (d *Device) Format(f fmt.State, _ rune) { fmt.Fprint(f, "device sign-in "+d.UserCode) }

// MarshalText keeps encoders from showing the code that is exchanged.
func (d *Device) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(d)), nil }

// Interval is how long to wait between calls of PollDevice. It grows when the
// endpoint asks for that.
func (d *Device) Interval() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return max(time.Until(d.next), time.Second/10)
}

// StartDevice begins a sign-in by device code. Show the person UserCode and
// URL, and call AwaitDevice, or PollDevice every Interval. Beginning anew
// makes no earlier one void.
//
// At Microsoft the app registration must allow public client flows
// (Authentication, Advanced settings), and have the delegated permissions
// IMAP.AccessAsUser.All and SMTP.Send of Office 365 Exchange Online, or
// Mail.Send of Microsoft Graph, or both, with consent. The person signs in as
// the mailbox itself or, for a shared mailbox, as somebody with full access to
// it. Google offers no device sign-in for mail.
func (a *Account) StartDevice(ctx context.Context) (*Device, error) {
	if a.config.Flow != FlowDevice {
		return nil, migrations.Invalidf("mailbox %s does not sign in by device code: set flow = \"device\"", a.config.Mailbox)
	}
	c := oauth2.Config{ClientID: a.config.ClientID, Scopes: a.config.Scopes,
		Endpoint: oauth2.Endpoint{DeviceAuthURL: a.config.DeviceURL, TokenURL: a.config.TokenURL, AuthStyle: oauth2.AuthStyleInParams}}
	got, err := c.DeviceAuth(a.ask.with(ctx))
	if err != nil {
		var answer *oauth2.RetrieveError
		if errors.As(err, &answer) { // its text is not read there
			answer.ErrorCode, answer.ErrorDescription = readRefusal(answer.Body)
		}
		e := asError(a.ask.failure(err))
		e.Endpoint = a.config.DeviceURL
		return nil, e
	}
	page, err := url.Parse(got.VerificationURI)
	if got.DeviceCode == "" || got.UserCode == "" || err != nil || !secure(page) {
		return nil, &Error{Kind: Garbled, Endpoint: a.config.DeviceURL, Said: "no code, or no page to enter it"}
	}
	d := &Device{UserCode: clean(got.UserCode, nil), URL: clean(got.VerificationURI, nil), code: got.DeviceCode, Expires: got.Expiry}
	if u, err := url.Parse(got.VerificationURIComplete); err == nil && u.Host != "" && secure(u) {
		d.Complete = clean(got.VerificationURIComplete, nil)
	}
	if now := time.Now(); d.Expires.IsZero() || d.Expires.After(now.Add(longestWait)) {
		d.Expires = now.Add(15 * time.Minute)
	}
	d.interval = time.Duration(got.Interval) * time.Second
	if d.interval <= 0 || d.interval > time.Minute {
		d.interval = 5 * time.Second // RFC 8628 section 3.2
	}
	d.next = time.Now().Add(a.soon(d.interval))
	return d, nil
}

// PollDevice asks once whether the person has signed in. Done is true when
// they have: the grant is stored, everything that uses this Account goes on at
// once, other processes within seconds, and subject says as whom, where the
// endpoint told. It is false, without an error, while they have not, also
// where the call came too early or the endpoint has trouble. An *Error of kind
// Declined, CodeExpired or another ends the attempt.
func (a *Account) PollDevice(ctx context.Context, d *Device) (done bool, subject string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if now.After(d.Expires) {
		return false, "", &Error{Kind: CodeExpired, Endpoint: a.config.TokenURL}
	}
	if now.Before(d.next) {
		return false, "", nil
	}
	v := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {d.code}}
	// The code works once: the answer is waited for even when nobody waits for us.
	got, err := a.ask.token(context.WithoutCancel(ctx), a.config.ClientID, a.config.ClientSecret, v)
	wait := d.interval
	if err != nil {
		e := asError(err)
		switch {
		case e.Kind == slowDown:
			d.interval += 5 * time.Second // RFC 8628 section 3.5
			wait = d.interval
		case e.Kind == pending:
			d.trouble = 0
		case e.Passing():
			d.trouble++
			wait = max(d.interval, grow(d.interval, time.Minute, d.trouble), min(e.Wait, longestWait))
		default:
			return false, "", e
		}
		d.next = time.Now().Add(a.soon(wait))
		return false, "", nil
	}
	if got.RefreshToken == "" {
		return false, "", &Error{Kind: Scope, Endpoint: a.config.TokenURL, Said: "the answer has no refresh token: the scope offline_access is missing"}
	}
	subject = subjectOf(got)
	g := Grant{Refresh: got.RefreshToken, ClientID: a.config.ClientID, Subject: subject, At: now}
	a.grant.Lock()
	err = a.keeper.Replace(context.WithoutCancel(ctx), g)
	a.unsaved = nil
	a.grant.Unlock()
	if err != nil {
		return false, "", fmt.Errorf("store the mailbox's sign-in: %w", err)
	}
	a.mail.forget()
	a.graph.forget()
	return true, subject, nil
}

// AwaitDevice waits until the person has signed in, and returns as whom. It
// ends with the context, with the code, and with a refusal.
func (a *Account) AwaitDevice(ctx context.Context, d *Device) (subject string, err error) {
	for {
		t := time.NewTimer(d.Interval())
		select {
		case <-ctx.Done():
			t.Stop()
			return "", ctx.Err()
		case <-t.C:
		}
		done, subject, err := a.PollDevice(ctx, d)
		if done || err != nil {
			return subject, err
		}
	}
}

// subjectOf reads who signed in from the ID token. It came from the endpoint
// itself within TLS, so that its signature need not be checked (OpenID Connect
// Core section 3.1.3.7), and it is only shown.
func subjectOf(t *oauth2.Token) string {
	raw, _ := t.Extra("id_token").(string)
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return ""
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	var v struct {
		Name  string `json:"preferred_username"`
		Email string `json:"email"`
	}
	if err != nil || json.Unmarshal(body, &v) != nil {
		return ""
	}
	if v.Name == "" {
		v.Name = v.Email
	}
	return clean(v.Name, nil)
}
