package oauth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"helpdeskd/migrations"
)

// mostAnswer is how much of an answer is read: tokens are a few KiB.
const mostAnswer = 256 << 10

// asker asks one token endpoint.
type asker struct {
	endpoint string
	client   *http.Client
}

func newAsker(c Config) (*asker, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	t.DisableKeepAlives = true // once an hour
	if c.CA != "" || c.CAFile != "" {
		pool, err := c.authorities()
		if err != nil {
			return nil, err
		}
		t.TLSClientConfig.RootCAs = pool
	}
	// A redirect would carry the secret to somewhere else: it is an answer like any other.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &asker{endpoint: c.TokenURL, client: &http.Client{Transport: bounded{t}, Timeout: askWithin, CheckRedirect: stay}}, nil
}

func (c Config) authorities() (*x509.CertPool, error) {
	pem, file := []byte(c.CA), "given"
	if c.CA == "" {
		var err error
		file = c.CAFile
		if pem, err = os.ReadFile(file); err != nil {
			return nil, &migrations.Error{Kind: migrations.Invalid, Message: fmt.Sprintf("the CA file %s can not be read: correct the path or its permissions", file), Err: err}
		}
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, migrations.Invalidf("the CA file %s holds no PEM certificate", file)
	}
	return pool, nil
}

// bounded reads no more of an answer than it may have, and asks only where
// secrets may go.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if !secure(r.URL) {
		return nil, errors.New("the endpoint is not protected by TLS")
	}
	answer, err := b.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(answer.Body, mostAnswer), answer.Body}
	return answer, nil
}

// token sends one request for a token. The parameters hold grant_type and
// whatever goes with it; what they and secret hold is kept out of errors.
func (k *asker) token(ctx context.Context, clientID, secret string, v url.Values) (*oauth2.Token, error) {
	c := clientcredentials.Config{ClientID: clientID, ClientSecret: secret, TokenURL: k.endpoint, AuthStyle: oauth2.AuthStyleInParams, EndpointParams: v}
	got, err := c.Token(k.with(ctx))
	if err != nil {
		return nil, k.failure(err, secret, v.Get("client_assertion"), v.Get("refresh_token"), v.Get("device_code"))
	}
	return got, nil
}

// with has the oauth2 package use our client.
func (k *asker) with(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, k.client)
}

// failure makes an *Error of what the oauth2 package says. That one's own
// error holds the whole answer, and is not wrapped: it may repeat secrets.
func (k *asker) failure(err error, secrets ...string) error {
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) {
		kind := Unreachable
		if strings.Contains(err.Error(), "oauth2:") { // the answer came, and is none
			kind = Garbled
		}
		return &Error{Kind: kind, Endpoint: k.endpoint, Said: clean(err.Error(), secrets), Err: network(err)}
	}
	e := &Error{Endpoint: k.endpoint, Code: clean(answer.ErrorCode, secrets)}
	said := answer.ErrorDescription
	if answer.ErrorCode == "" { // the jwt package does not read it
		e.Code, said = readRefusal(answer.Body)
		e.Code = clean(e.Code, secrets)
	}
	if answer.Response != nil {
		e.Status = answer.Response.StatusCode
		e.Wait = retryAfter(answer.Response.Header)
	}
	e.Kind = kindOf(e.Status, e.Code, said)
	if n := aadsts.FindString(said); n != "" {
		e.Code = n
	}
	e.Said = clean(said, secrets)
	return e
}

// network keeps the cause of a failed connection, without the URL around it.
func network(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return nil
}

// retryAfter reads how long the endpoint wants to be left alone (RFC 9110
// section 10.2.3), 0 where it does not say.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if n, err := strconv.Atoi(v); err == nil && n > 0 {
		return min(time.Duration(n)*time.Second, longestWait)
	}
	if at, err := http.ParseTime(v); err == nil {
		return min(max(time.Until(at), 0), longestWait)
	}
	return 0
}
