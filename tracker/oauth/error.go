package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Kind is why there is no token: one kind for each thing that a person would
// do about it. Translations go by it.
type Kind string

// The kinds, with the codes of Entra ID that they stand for. Sources:
// Microsoft's list of AADSTS error codes, RFC 6749 section 5.2, RFC 8628
// section 3.5, Google's page on OAuth for server to server applications.
const (
	Internal    Kind = "internal"      // our own database, or a file
	Unreachable Kind = "unreachable"   // no connection, or no answer in time
	Busy        Kind = "busy"          // 429, 5xx, AADSTS90033, 50196: it asks to be left alone
	Garbled     Kind = "garbled"       // an answer that is none: a proxy's page, a redirect
	TooOften    Kind = "too_often"     // our own limit on sign-ins
	NotSignedIn Kind = "not_signed_in" // device: nobody has signed in yet, or for another app

	SecretWrong   Kind = "secret_wrong"   // AADSTS7000215
	SecretExpired Kind = "secret_expired" // AADSTS7000222
	CertUnknown   Kind = "cert_unknown"   // AADSTS700027: not the certificate of the registration
	CertExpired   Kind = "cert_expired"   // ours has ended
	Clock         Kind = "clock"          // AADSTS700024, 500133: the clocks differ
	NoApp         Kind = "no_app"         // AADSTS700016: wrong client id, or tenant
	NoTenant      Kind = "no_tenant"      // AADSTS90002, 900023
	NoPrincipal   Kind = "no_principal"   // AADSTS7000229, 500011: the app is not in this tenant
	AppDisabled   Kind = "app_disabled"   // AADSTS7000112, 500014, 50105
	NoConsent     Kind = "no_consent"     // AADSTS65001, 90094, 650051 to 650057
	Scope         Kind = "scope"          // AADSTS1002012, 70011, 28002
	Public        Kind = "public_client"  // AADSTS7000218: public client flows are not allowed
	Conditional   Kind = "conditional"    // AADSTS53000 to 53004, 50158, 530034, 530035
	MFA           Kind = "mfa"            // AADSTS50072, 50074, 50076, 50078, 50079
	UserDisabled  Kind = "user_disabled"  // AADSTS50057, 50053, 50034, 50020
	GrantEnded    Kind = "grant_ended"    // invalid_grant, AADSTS700082, 70008, 50173: sign in again
	Declined      Kind = "declined"       // device: the person said no, AADSTS65004
	CodeExpired   Kind = "code_expired"   // device: nobody entered the code in time, AADSTS70020
	Delegation    Kind = "delegation"     // Google: domain-wide delegation or its scope is missing
	NoSubject     Kind = "no_subject"     // Google: there is no such mailbox
	GoogleKey     Kind = "google_key"     // Google: the key was deleted
	Refused       Kind = "refused"        // anything else that it refuses

	pending  Kind = "pending"   // device: not yet
	slowDown Kind = "slow_down" // device: not so often
)

// Error is why there is no token. It holds no secret, and its texts are short
// and of one line.
type Error struct {
	Kind     Kind
	Code     string        // AADSTS7000215, or RFC 6749's invalid_client; "" where there is none
	Status   int           // of HTTP; 0 where there was no answer
	Said     string        // the endpoint's own words
	Endpoint string        // its URL
	Wait     time.Duration // until it is asked again
	Err      error         // the cause, where it was not the endpoint's
}

// Error is for the log.
func (e *Error) Error() string {
	s := "no access token: " + string(e.Kind)
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	if e.Said != "" {
		s += ": " + e.Said
	} else if e.Status != 0 {
		s += fmt.Sprintf(": HTTP %d", e.Status)
	}
	if e.Err != nil && e.Said == "" {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Passing reports whether it may go away by itself.
func (e *Error) Passing() bool {
	return slices.Contains([]Kind{Internal, Unreachable, Busy, Garbled, TooOften}, e.Kind)
}

var aadsts = regexp.MustCompile(`AADSTS\d{4,8}`)

// codes are Entra's numbers of errors.
var codes = map[string]Kind{
	"7000215": SecretWrong, "7000222": SecretExpired,
	"700027": CertUnknown, "7000213": CertUnknown, "7000214": CertUnknown,
	"700024": Clock, "500133": Clock,
	"700016": NoApp, "900023": NoTenant, "90002": NoTenant, "90013": NoTenant,
	"7000229": NoPrincipal, "500011": NoPrincipal,
	"7000112": AppDisabled, "500014": AppDisabled, "50105": AppDisabled,
	"65001": NoConsent, "90094": NoConsent, "90095": NoConsent, "65005": NoConsent,
	"650051": NoConsent, "650052": NoConsent, "650053": NoConsent, "650054": NoConsent, "650056": NoConsent, "650057": NoConsent,
	"1002012": Scope, "70011": Scope, "28002": Scope, "28003": Scope,
	"7000218": Public,
	"53000":   Conditional, "53001": Conditional, "53002": Conditional, "53003": Conditional, "53004": Conditional,
	"530003": Conditional, "530031": Conditional, "530032": Conditional, "530034": Conditional, "530035": Conditional, "50158": Conditional, "50005": Conditional,
	"50072": MFA, "50074": MFA, "50076": MFA, "50078": MFA, "50079": MFA,
	"50057": UserDisabled, "50053": UserDisabled, "50034": UserDisabled, "50020": UserDisabled, "50055": UserDisabled,
	"700082": GrantEnded, "70008": GrantEnded, "50173": GrantEnded, "50132": GrantEnded, "50133": GrantEnded, "70043": GrantEnded, "700084": GrantEnded, "70000": GrantEnded, "54005": GrantEnded,
	"65004": Declined, "70020": CodeExpired, "70019": CodeExpired, "70016": pending,
	"90033": Busy, "90055": Busy, "50196": Busy, "90006": Busy, "90012": Busy,
}

// kindOf sorts an answer of the endpoint.
func kindOf(status int, code, said string) Kind {
	if n := aadsts.FindString(said); n != "" {
		if k, ok := codes[strings.TrimPrefix(n, "AADSTS")]; ok {
			return k
		}
	}
	switch {
	case status == 429 || status >= 500:
		return Busy
	case status >= 300 && status < 400:
		return Garbled
	}
	low := strings.ToLower(said)
	has := func(s string) bool { return strings.Contains(low, s) }
	switch code {
	case "authorization_pending":
		return pending
	case "slow_down":
		return slowDown
	case "authorization_declined", "access_denied":
		return Declined
	case "expired_token", "code_expired":
		return CodeExpired
	case "temporarily_unavailable", "server_error":
		return Busy
	case "invalid_scope":
		return Scope
	case "unauthorized_client":
		if has("retrieve access tokens using this method") || has("not authorized for any of the scopes") {
			return Delegation
		}
		return NoApp
	case "invalid_client":
		return SecretWrong
	case "interaction_required":
		return MFA
	case "consent_required":
		return NoConsent
	case "invalid_grant":
		switch {
		case has("jwt signature"), has("account not found"):
			return GoogleKey
		case has("short-lived"), has("reasonable timeframe"):
			return Clock
		case has("invalid email or user"):
			return NoSubject
		}
		return GrantEnded
	case "":
		if status == 404 || status == 405 || status == 200 {
			return Garbled
		}
	}
	return Refused
}

// readRefusal reads RFC 6749 section 5.2's error from an answer.
func readRefusal(body []byte) (code, said string) {
	var v struct {
		Error       any    `json:"error"` // Google also sends an object
		Description string `json:"error_description"`
	}
	if json.Unmarshal(body, &v) != nil {
		return "", ""
	}
	code, _ = v.Error.(string)
	return code, v.Description
}

// clean makes an endpoint's words fit to be shown and logged: one line, short,
// no control characters, and no secret of ours, should it repeat one.
func clean(s string, secrets []string) string {
	for _, secret := range secrets {
		if len(secret) >= 4 {
			s = strings.ReplaceAll(s, secret, "(secret)")
		}
	}
	// Microsoft's trace ids follow on lines of their own: the first line says what is wrong.
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}

// mistakes are errors of a configuration.
type mistakes []error

func (m mistakes) join() error { return errors.Join(m...) }
