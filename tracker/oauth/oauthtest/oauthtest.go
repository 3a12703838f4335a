// Package oauthtest is a made-up identity provider for tests: a token endpoint
// that issues, ends and revokes tokens in the test's process, and the endpoint
// at which a mail server asks whether one is good (RFC 7662).
//
// It speaks client credentials (secret, or a certificate's signed statement),
// device code, refresh tokens that rotate, and a Google service account's
// statement. Everything is on loopback.
package oauthtest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdeskd/tracker/oauth"
)

// What the made-up application is called, and its secret.
const (
	ClientID = "11111111-2222-3333-4444-555555555555"
	Secret   = "made-up~secret.value"
)

// Server is the provider. Its fields may be changed under Lock.
type Server struct {
	*httptest.Server
	sync.Mutex
	User    string         // whose tokens these are, as the introspection says
	Expires time.Duration  // of new tokens, as the answer says
	Ends    time.Duration  // when they really end; Expires where zero
	Key     *rsa.PublicKey // of the certificate or service account whose statements are taken
	// Answer may answer a request for a token itself, and says whether it did.
	Answer func(w http.ResponseWriter, r *http.Request) bool
	// Rotate says whether a refresh token is exchanged for a new one and ends.
	Rotate bool
	// Allow says what a device code's person has done: "" for nothing yet,
	// "yes", or an error such as authorization_declined.
	Allow string
	// Interval is how often a device may ask, in seconds.
	Interval int

	n       int
	asked   map[string]int
	good    map[string]token
	refresh map[string]bool
	devices map[string]bool
	claims  map[string]any
}

type token struct {
	scope string
	ends  time.Time
}

// New starts a provider that the test ends.
func New(t testing.TB) *Server {
	s := &Server{Expires: time.Hour, Rotate: true, Interval: 5, User: "helpdesk@acme.example", asked: map[string]int{}, good: map[string]token{}, refresh: map[string]bool{}, devices: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth2/v2.0/token", s.token)
	mux.HandleFunc("POST /oauth2/v2.0/devicecode", s.device)
	mux.HandleFunc("/introspect", s.introspect)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// TokenURL is the token endpoint.
func (s *Server) TokenURL() string { return s.URL + "/oauth2/v2.0/token" }

// Introspect is where a mail server asks about a token.
func (s *Server) Introspect() string { return s.URL + "/introspect" }

// Config is how a mailbox gets its tokens here, with the client's secret.
func (s *Server) Config() oauth.Config {
	return oauth.Config{Mailbox: "desk", Address: s.User, TokenURL: s.TokenURL(), ClientID: ClientID, ClientSecret: Secret}
}

// Account is a mailbox's account at this provider that waits little.
func (s *Server) Account(t testing.TB, c oauth.Config) *oauth.Account {
	t.Helper()
	a, err := oauth.New(c, oauth.Options{Hasten: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Asked is how often a kind of grant was asked for: client_credentials,
// refresh_token, or the last part of a longer name.
func (s *Server) Asked(grant string) int {
	s.Lock()
	defer s.Unlock()
	return s.asked[grant]
}

// Revoke has no token that was issued until now be good any more.
func (s *Server) Revoke() {
	s.Lock()
	defer s.Unlock()
	clear(s.good)
}

// RevokeGrants has no refresh token be good any more.
func (s *Server) RevokeGrants() {
	s.Lock()
	defer s.Unlock()
	clear(s.refresh)
}

// Good reports whether a token is good now, and for which scope.
func (s *Server) Good(value string) (scope string, ok bool) {
	s.Lock()
	defer s.Unlock()
	t, ok := s.good[value]
	return t.scope, ok && time.Now().Before(t.ends)
}

// Claims are those of the last signed statement that was taken.
func (s *Server) Claims() map[string]any {
	s.Lock()
	defer s.Unlock()
	return s.claims
}

// Refuse makes an Answer that refuses.
func Refuse(status int, code, text string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		refuse(w, status, code, text)
		return true
	}
}

func refuse(w http.ResponseWriter, status int, code, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"error": code, "error_description": text + "\r\nTrace ID: 0\r\nCorrelation ID: 1"})
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.Lock()
	defer s.Unlock()
	grant := r.FormValue("grant_type")
	s.asked[grant[strings.LastIndexByte(grant, ':')+1:]]++
	if s.Answer != nil && s.Answer(w, r) {
		return
	}
	if !strings.HasSuffix(grant, "jwt-bearer") && r.FormValue("client_id") != ClientID {
		refuse(w, 400, "unauthorized_client", "AADSTS700016: Application with identifier was not found in the directory.")
		return
	}
	answer := map[string]any{"token_type": "Bearer", "expires_in": int(s.Expires.Seconds())}
	switch {
	case grant == "client_credentials" && r.FormValue("client_assertion") != "":
		if !s.signed(r.FormValue("client_assertion")) || s.claims["iss"] != ClientID || s.claims["aud"] != s.TokenURL() {
			refuse(w, 401, "invalid_client", "AADSTS700027: Client assertion failed signature validation.")
			return
		}
	case grant == "client_credentials":
		if r.FormValue("client_secret") != Secret {
			refuse(w, 401, "invalid_client", "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.")
			return
		}
	case grant == "refresh_token":
		if !s.refresh[r.FormValue("refresh_token")] {
			refuse(w, 400, "invalid_grant", "AADSTS700082: The refresh token has expired due to inactivity.")
			return
		}
		if s.Rotate {
			delete(s.refresh, r.FormValue("refresh_token"))
			answer["refresh_token"] = s.newRefresh()
		}
	case strings.HasSuffix(grant, "device_code"):
		code := r.FormValue("device_code")
		switch {
		case !s.devices[code]:
			refuse(w, 400, "bad_verification_code", "AADSTS70019: the code is not known or has expired.")
			return
		case s.Allow == "":
			refuse(w, 400, "authorization_pending", "AADSTS70016: pending")
			return
		case s.Allow != "yes":
			refuse(w, 400, s.Allow, s.Allow)
			return
		}
		delete(s.devices, code)
		answer["refresh_token"] = s.newRefresh()
		claims := base64.RawURLEncoding.EncodeToString([]byte(`{"preferred_username":"` + s.User + `"}`))
		answer["id_token"] = "e30." + claims + ".c2ln"
	case strings.HasSuffix(grant, "jwt-bearer"):
		if !s.signed(r.FormValue("assertion")) || s.claims["aud"] != s.TokenURL() {
			refuse(w, 400, "invalid_grant", "Invalid JWT Signature.")
			return
		}
		if s.claims["sub"] != s.User {
			refuse(w, 400, "invalid_grant", "Invalid email or User ID")
			return
		}
	default:
		refuse(w, 400, "unsupported_grant_type", "AADSTS70003: not supported")
		return
	}
	s.n++
	value := fmt.Sprintf("ACCESS-%d", s.n)
	ends := s.Ends
	if ends == 0 {
		ends = s.Expires
	}
	s.good[value] = token{scope: r.FormValue("scope"), ends: time.Now().Add(ends)}
	answer["access_token"] = value
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer)
}

func (s *Server) newRefresh() string {
	s.n++
	value := fmt.Sprintf("REFRESH-%d", s.n)
	s.refresh[value] = true
	return value
}

// signed checks a statement's signature, by PS256 or RS256, and keeps its claims.
func (s *Server) signed(statement string) bool {
	parts := strings.Split(statement, ".")
	if len(parts) != 3 || s.Key == nil {
		return false
	}
	head, _ := base64.RawURLEncoding.DecodeString(parts[0])
	claims, _ := base64.RawURLEncoding.DecodeString(parts[1])
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return false
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if strings.Contains(string(head), "PS256") {
		err = rsa.VerifyPSS(s.Key, crypto.SHA256, sum[:], sig, nil)
	} else {
		err = rsa.VerifyPKCS1v15(s.Key, crypto.SHA256, sum[:], sig)
	}
	s.claims = map[string]any{}
	return err == nil && json.Unmarshal(claims, &s.claims) == nil
}

func (s *Server) device(w http.ResponseWriter, r *http.Request) {
	s.Lock()
	defer s.Unlock()
	s.asked["devicecode"]++
	if r.FormValue("client_id") != ClientID {
		refuse(w, 400, "unauthorized_client", "AADSTS700016: Application with identifier was not found in the directory.")
		return
	}
	s.n++
	code := fmt.Sprintf("DEVICE-%d", s.n)
	s.devices[code] = true
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"device_code": code, "user_code": "ABCD-EFGH", "verification_uri": "https://microsoft.example/devicelogin", "expires_in": 900, "interval": s.Interval})
}

func (s *Server) introspect(w http.ResponseWriter, r *http.Request) {
	s.Lock()
	defer s.Unlock()
	s.asked["introspect"]++
	value := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if r.FormValue("token") != "" {
		value = r.FormValue("token")
	}
	t, ok := s.good[value]
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"active": ok && time.Now().Before(t.ends), "user": s.User})
}
