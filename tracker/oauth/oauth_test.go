package oauth_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker/oauth"
	"helpdeskd/tracker/oauth/oauthtest"
)

// keeper keeps a grant in memory, as a database would.
type keeper struct {
	mu    sync.Mutex
	g     oauth.Grant
	fails error
}

func (k *keeper) Grant(context.Context) (oauth.Grant, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.g.N == 0 {
		return k.g, migrations.NotFoundf("none")
	}
	return k.g, nil
}

func (k *keeper) Rotate(_ context.Context, was int64, g oauth.Grant) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fails != nil {
		return k.fails
	}
	if k.g.N != was {
		return &migrations.Error{Kind: migrations.Conflict, Message: "elsewhere"}
	}
	g.N = was + 1
	k.g = g
	return nil
}

func (k *keeper) Fared(context.Context, int64, string) error { return nil }

func (k *keeper) Replace(_ context.Context, g oauth.Grant) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	g.N = k.g.N + 1
	k.g = g
	return nil
}

func account(t *testing.T, c oauth.Config, k oauth.Keeper) *oauth.Account {
	t.Helper()
	a, err := oauth.New(c, oauth.Options{Keeper: k, Hasten: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited for: %s", what)
		}
	}
}

func kind(err error) oauth.Kind {
	var e *oauth.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

// TestOneRequestForMany: any number who ask at once cost one request, and the
// end of one who waits does not end the others' request.
func TestOneRequestForMany(t *testing.T) {
	id := oauthtest.New(t)
	hold, asked := make(chan struct{}), make(chan struct{})
	var once sync.Once
	id.Answer = func(http.ResponseWriter, *http.Request) bool { once.Do(func() { close(asked) }); <-hold; return false }
	a := account(t, id.Config(), nil)
	gone, leave := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { _, err := a.Mail().Token(gone); first <- err }()
	<-asked
	leave()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if got, err := a.Mail().Token(t.Context()); err != nil || got != "ACCESS-1" {
				t.Error(got, err)
			}
		})
	}
	close(hold)
	all.Wait()
	if n := id.Asked("client_credentials"); n != 1 {
		t.Fatalf("asked %d times", n)
	}
}

// TestOldTokenServesWhileTheEndpointIsDown, and is replaced before it ends.
func TestOldTokenServesWhileTheEndpointIsDown(t *testing.T) {
	t.Parallel()
	id := oauthtest.New(t)
	id.Expires = 4 * time.Second
	a := account(t, id.Config(), nil)
	first, err := a.Mail().Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id.Lock()
	id.Answer = oauthtest.Refuse(503, "", "")
	id.Unlock()
	until(t, "a failed renewal", func() bool {
		if got, err := a.Mail().Token(t.Context()); err != nil || got != first {
			t.Fatal(got, err)
		}
		return id.Asked("client_credentials") > 2
	})
	id.Lock()
	id.Answer = nil
	id.Unlock()
	until(t, "another token", func() bool {
		got, err := a.Mail().Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return got != first
	})
}

func TestKindsOfFailure(t *testing.T) {
	for _, c := range []struct {
		status     int
		code, text string
		want       oauth.Kind
	}{
		{401, "invalid_client", "AADSTS7000215: Invalid client secret provided.", oauth.SecretWrong},
		{401, "invalid_client", "AADSTS7000222: The provided client secret keys are expired.", oauth.SecretExpired},
		{401, "invalid_client", "AADSTS7000229: missing service principal in the tenant.", oauth.NoPrincipal},
		{401, "invalid_client", "AADSTS7000218: client_assertion or client_secret", oauth.Public},
		{400, "unauthorized_client", "AADSTS700016: Application was not found.", oauth.NoApp},
		{400, "invalid_request", "AADSTS90002: Tenant not found.", oauth.NoTenant},
		{400, "invalid_grant", "AADSTS65001: The user or administrator has not consented.", oauth.NoConsent},
		{400, "interaction_required", "AADSTS50076: multi-factor authentication", oauth.MFA},
		{400, "invalid_grant", "AADSTS53003: Access has been blocked by Conditional Access policies.", oauth.Conditional},
		{400, "invalid_scope", "AADSTS1002012: The provided value for scope is not valid.", oauth.Scope},
		{429, "", "", oauth.Busy}, {500, "", "", oauth.Busy}, {302, "", "", oauth.Garbled},
		{401, "unauthorized_client", "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.", oauth.Delegation},
		{400, "something_new", strings.Repeat("x\x00\x1b[31m", 5000) + oauthtest.Secret, oauth.Refused},
		{400, "something_new", "you sent " + oauthtest.Secret, oauth.Refused},
	} {
		id := oauthtest.New(t)
		id.Answer = oauthtest.Refuse(c.status, c.code, c.text)
		a := account(t, id.Config(), nil)
		_, err := a.Mail().Token(t.Context())
		if kind(err) != c.want {
			t.Errorf("%d %s %.40q: %v", c.status, c.code, c.text, err)
			continue
		}
		var e *oauth.Error
		errors.As(err, &e)
		what, do := oauth.Explain(e)
		if text := err.Error() + what + do; len(text) > 1500 || strings.ContainsAny(text, "\n\r\x00\x1b") || strings.Contains(text, oauthtest.Secret) || do == "" {
			t.Errorf("%q", text)
		}
	}
	// Nothing answers at all.
	c := oauthtest.New(t).Config()
	c.TokenURL = "http://127.0.0.1:1/token"
	if _, err := account(t, c, nil).Mail().Token(t.Context()); kind(err) != oauth.Unreachable {
		t.Error(err)
	}
}

// TestRefusalsAreNotHammered: with the waits as they are, many who ask after a
// refusal cost one request; and the number of sign-ins is limited.
func TestRefusalsAreNotHammered(t *testing.T) {
	id := oauthtest.New(t)
	id.Answer = oauthtest.Refuse(401, "invalid_client", "AADSTS7000215: no")
	a, err := oauth.New(id.Config(), oauth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	limited := 0
	for range 30 {
		_, err := a.Mail().Token(t.Context())
		switch kind(err) {
		case oauth.TooOften:
			limited++
		case oauth.SecretWrong:
		default:
			t.Fatal(err)
		}
	}
	if n := id.Asked("client_credentials"); n != 1 || limited < 15 {
		t.Fatalf("asked %d times, %d sign-ins limited", n, limited)
	}
}

func certificate(t *testing.T, ends time.Time) (text string, key *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "helpdeskd"}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	text = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	return text, key
}

func TestCertificateAndServiceAccount(t *testing.T) {
	id := oauthtest.New(t)
	ends := time.Now().Add(time.Hour)
	text, key := certificate(t, ends)
	id.Key = &key.PublicKey
	c := id.Config()
	c.ClientSecret, c.Certificate = "", text
	a := account(t, c, nil)
	if _, err := a.Mail().Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	if at, err := c.CertificateEnds(); err != nil || at.Unix() != ends.Unix() {
		t.Errorf("%v %v", at, err)
	}
	if cl := id.Claims(); cl["sub"] != oauthtest.ClientID || cl["jti"] == "" {
		t.Errorf("%v", cl)
	}
	other, _ := certificate(t, ends)
	c.Certificate = other
	if _, err := account(t, c, nil).Mail().Token(t.Context()); kind(err) != oauth.CertUnknown {
		t.Error(err)
	}
	old, _ := certificate(t, time.Now().Add(-time.Hour))
	c.Certificate = old
	asked := id.Asked("client_credentials")
	if _, err := account(t, c, nil).Mail().Token(t.Context()); kind(err) != oauth.CertExpired || id.Asked("client_credentials") != asked {
		t.Error(err)
	}
	// A service account's key is the same kind of key.
	g, _ := json.Marshal(map[string]string{"type": "service_account", "client_email": "desk@project.iam.example", "private_key_id": "k1",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})), "token_uri": id.TokenURL()})
	gc := oauth.Config{Mailbox: "desk", Address: id.User, Flow: oauth.FlowGoogle, GoogleKey: string(g)}
	if _, err := account(t, gc, nil).Mail().Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	if cl := id.Claims(); cl["sub"] != id.User || cl["scope"] != oauth.GoogleScope {
		t.Errorf("%v", cl)
	}
	gc.Address = "nobody@acme.example"
	if _, err := account(t, gc, nil).Mail().Token(t.Context()); kind(err) != oauth.NoSubject {
		t.Error(err)
	}
}

func device(id *oauthtest.Server) oauth.Config {
	c := id.Config()
	c.Flow, c.ClientSecret = oauth.FlowDevice, ""
	return c
}

func TestDeviceSignIn(t *testing.T) {
	id := oauthtest.New(t)
	k := &keeper{}
	a := account(t, device(id), k)
	if _, err := a.Mail().Token(t.Context()); kind(err) != oauth.NotSignedIn {
		t.Fatal(err)
	}
	d, err := a.StartDevice(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s := fmt.Sprintf("%v %+v %#v", d, d, d); strings.Contains(s, "DEVICE-") {
		t.Errorf("%s", s)
	}
	type result struct {
		subject string
		err     error
	}
	done := make(chan result, 1)
	go func() { s, err := a.AwaitDevice(t.Context(), d); done <- result{s, err} }()
	until(t, "polls", func() bool { return id.Asked("device_code") > 1 })
	// The endpoint's trouble does not end the wait, nor does being told to slow down.
	for _, answer := range []func(http.ResponseWriter, *http.Request) bool{oauthtest.Refuse(503, "", ""), oauthtest.Refuse(400, "slow_down", "")} {
		id.Lock()
		id.Answer = answer
		id.Unlock()
		n := id.Asked("device_code")
		until(t, "more polls", func() bool { return id.Asked("device_code") > n+1 })
	}
	id.Lock()
	id.Answer, id.Allow = nil, "yes"
	id.Unlock()
	if r := <-done; r.err != nil || r.subject != id.User {
		t.Fatalf("%+v", r)
	}
	token, err := a.Mail().Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if scope, ok := id.Good(token); !ok || !strings.Contains(scope, "SMTP.Send") {
		t.Errorf("%q", scope)
	}
	for answer, want := range map[string]oauth.Kind{"authorization_declined": oauth.Declined, "access_denied": oauth.Declined, "expired_token": oauth.CodeExpired} {
		id.Lock()
		id.Allow = answer
		id.Unlock()
		d, err := a.StartDevice(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.AwaitDevice(t.Context(), d); kind(err) != want {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

// TestTwoNodesRotate: what one node rotates the other goes on with, a failed
// store loses nothing, and a revoked sign-in is told, until somebody signs in.
func TestTwoNodesRotate(t *testing.T) {
	t.Parallel()
	id := oauthtest.New(t)
	id.Allow = "yes"
	id.Expires = time.Second
	k := &keeper{}
	one, two := account(t, device(id), k), account(t, device(id), k)
	d, err := one.StartDevice(t.Context())
	if err == nil {
		_, err = one.AwaitDevice(t.Context(), d)
	}
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for _, a := range []*oauth.Account{one, two} {
		for _, s := range []oauth.Source{a.Mail(), a.Graph()} {
			all.Go(func() {
				until(t, "many refreshes", func() bool {
					if _, err := s.Token(t.Context()); err != nil && kind(err) != oauth.Garbled {
						t.Error(err)
						return true
					}
					return id.Asked("refresh_token") > 8
				})
			})
		}
	}
	all.Wait()
	k.mu.Lock()
	k.fails = errors.New("disk full")
	k.mu.Unlock()
	n := id.Asked("refresh_token")
	until(t, "refreshes that are not stored", func() bool {
		if _, err := one.Mail().Token(t.Context()); err != nil {
			t.Fatal(err)
		}
		return id.Asked("refresh_token") > n+1
	})
	k.mu.Lock()
	k.fails = nil
	k.mu.Unlock()
	n = id.Asked("refresh_token")
	until(t, "a refresh that is stored", func() bool {
		if _, err := one.Mail().Token(t.Context()); err != nil {
			t.Fatal(err)
		}
		return id.Asked("refresh_token") > n+1
	})
	until(t, "the other node", func() bool { _, err := two.Mail().Token(t.Context()); return err == nil })
	id.RevokeGrants()
	until(t, "the end of the sign-in", func() bool { _, err := two.Mail().Token(t.Context()); return kind(err) == oauth.GrantEnded })
	d, err = one.StartDevice(t.Context())
	if err == nil {
		_, err = one.AwaitDevice(t.Context(), d)
	}
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the other node again", func() bool { _, err := two.Mail().Token(t.Context()); return err == nil })
}

func TestNothingSecretPrints(t *testing.T) {
	id := oauthtest.New(t)
	c := id.Config()
	a := account(t, c, nil)
	token, err := a.Mail().Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g := oauth.Grant{Refresh: "REFRESH-0"}
	js, _ := json.Marshal([]any{c, g})
	text := fmt.Sprintf("%v %+v %#v %v %+v %#v %+v %s", c, c, c, a, g, g, struct{ C oauth.Config }{c}, js)
	for _, s := range []string{oauthtest.Secret, token, g.Refresh} {
		if strings.Contains(text, s) {
			t.Errorf("%s is in %s", s, text)
		}
	}
	for _, bad := range []string{"http://login.example/token", "https://user:pw@login.example/token", "", "ftp://x"} {
		c.TokenURL = bad
		if _, err := oauth.New(c, oauth.Options{}); migrations.KindOf(err) != migrations.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
