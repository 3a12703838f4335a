package oauth

import (
	"fmt"
	"slices"
	"time"

	"helpdeskd/migrations"
)

// words are what happened and the one thing to do next, by kind, for people.
var words = map[Kind][2]string{
	Internal:      {"The mailbox's sign-in could not be read or stored here", "The log has the details; it is tried again by itself."},
	Unreachable:   {"The token endpoint can not be reached", "Check its address, this machine's network and its DNS; it is tried again by itself."},
	Busy:          {"The token endpoint has trouble of its own", "Nothing to do: it is tried again by itself."},
	Garbled:       {"The token endpoint gave an answer that is none", "Check the token endpoint's address, and that no proxy on the way answers in its place."},
	TooOften:      {"There were too many sign-ins in a short time", "It is tried again by itself. If it stays, see why connections to the mail server end so soon."},
	NotSignedIn:   {"Nobody has signed in for this mailbox yet", "Sign in once: run helpdeskd connect with the mailbox's name, or use the page Connect a mailbox."},
	SecretWrong:   {"The token endpoint refuses the client secret", "Correct the client id and the client secret: the secret's value, not its id."},
	SecretExpired: {"The client secret has expired", "Make a new client secret in the app registration, under Certificates & secrets, and put its value into the configuration."},
	CertUnknown:   {"The token endpoint does not know our certificate", "Upload the certificate in the app registration, under Certificates & secrets: exactly the one that the configuration names."},
	CertExpired:   {"The application's certificate has expired", "Make a new one, upload it in the app registration, and put its files where the configuration names them."},
	Clock:         {"The clock of this machine and that of the token endpoint differ", "Set the clock, best by NTP: systemctl enable --now systemd-timesyncd"},
	NoApp:         {"The token endpoint does not know the application in this tenant", "Correct the client id, and the tenant in the token endpoint."},
	NoTenant:      {"The token endpoint does not know the tenant", "Correct the tenant in the token endpoint: the Directory (tenant) ID of the app registration's overview."},
	NoPrincipal:   {"The application has no service principal in this tenant", "Open the app registration in this tenant and grant admin consent there: that makes the enterprise application."},
	AppDisabled:   {"The application is disabled, or not assigned to this user", "Under Enterprise applications, Properties, enable it for users to sign in."},
	NoConsent:     {"The application lacks a permission, or an administrator's consent to it", "In the app registration add the API permissions and press Grant admin consent."},
	Scope:         {"The token endpoint refuses the scope", "Correct the scope: " + MicrosoftScope + " for Microsoft 365 with a client secret or certificate; leave it out to use the usual one."},
	Public:        {"The application does not allow public client flows", "In the app registration, under Authentication, Advanced settings, set Allow public client flows to Yes."},
	Conditional:   {"A conditional access policy or the security defaults block this sign-in", "Exclude the application or the account from the policy that the sign-in log names."},
	MFA:           {"The account must sign in with a second factor", "Sign in again with it: run helpdeskd connect with the mailbox's name."},
	UserDisabled:  {"The account that signed in is disabled, locked, or not of this tenant", "Enable it, or sign in with another one: run helpdeskd connect with the mailbox's name."},
	GrantEnded:    {"The mailbox's sign-in has ended: it was revoked, its password was changed, or it was not used for too long", "Sign in again: run helpdeskd connect with the mailbox's name."},
	Declined:      {"The sign-in was declined", "Begin again, and accept the permissions that are asked for."},
	CodeExpired:   {"Nobody entered the code in time", "Begin again."},
	Delegation:    {"The service account may not act for this mailbox", "In the Google Admin console, under Security, API controls, Domain-wide delegation, add the service account's client id with the scope " + GoogleScope},
	NoSubject:     {"Google knows no such mailbox", "Correct the mailbox's address: it must be a user of the domain."},
	GoogleKey:     {"Google does not know the service account's key", "Make a new key in the Google Cloud console and put its file where the configuration names it."},
	Refused:       {"The token endpoint refuses the application", "Check the token endpoint, the client id and the scope."},
}

// Explain says what happened and what to do next, in plain English. What ends
// with the endpoint's own code and words, where it had any.
func Explain(e *Error) (what, do string) {
	w, ok := words[e.Kind]
	if !ok {
		w = words[Refused]
	}
	what, do = w[0], w[1]
	if m := migrations.SafeMessage(e.Err); m != "" {
		return m, "Correct the configuration."
	}
	said := e.Said
	switch {
	case said == "" && e.Code != "":
		said = e.Code
	case said == "" && e.Status != 0:
		said = fmt.Sprintf("HTTP %d", e.Status)
	}
	if said != "" {
		what += ": " + said
	}
	if e.Kind == Unreachable && e.Endpoint != "" {
		what += " (" + e.Endpoint + ")"
	}
	if e.Kind == TooOften {
		do = fmt.Sprintf("It is tried again in %s. If it stays, see why connections to the mail server end so soon.", e.Wait.Round(time.Second))
	}
	return what, do
}

// Kinds returns every kind that callers meet, for catalogues of words.
func Kinds() []Kind {
	var all []Kind
	for k := range words {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}
