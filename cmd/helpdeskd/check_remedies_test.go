package main

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helpdeskd/ingest/imaptest"
	"helpdeskd/tracker/oauth/oauthtest"
)

// remedyRig is a mailbox whose servers and token endpoint are scripted: what
// each says to a command decides how its connection fails.
type remedyRig struct {
	caps, login, selected, list string // of IMAP: capabilities, answers, folders of LIST
	greeting                    string
	ehlo                        []string // of SMTP
	auth, from                  string
	roles                       []string // in the token; nil for a token that can not be read
	refuse                      [3]string
	conf                        map[string]string // values of the configuration
	from509, until509           time.Duration     // of the servers' certificate, where they speak TLS
	trusted                     bool              // their authority is in the configuration
	silent                      bool              // nothing listens
	at                          string            // listen there
}

// imap answers one command.
func (g *remedyRig) imap(line string, say func(string)) bool {
	tag, rest, _ := strings.Cut(line, " ")
	command, _, _ := strings.Cut(strings.ToUpper(rest), " ")
	switch command {
	case "":
		return false
	case "CAPABILITY":
		say("* CAPABILITY " + g.caps)
	case "AUTHENTICATE", "LOGIN":
		if g.login != "" {
			say(strings.ReplaceAll(g.login, "TAG", tag))
			return true
		}
	case "STARTTLS":
		say(tag + " BAD Command Error. 10")
		return true
	case "SELECT", "EXAMINE":
		if g.selected != "" {
			say(strings.ReplaceAll(g.selected, "TAG", tag))
			return true
		}
		say("* FLAGS (\\Seen \\Deleted)\r\n* 0 EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 14] v\r\n* OK [UIDNEXT 1] n")
	case "LIST":
		for _, f := range strings.Fields(g.list) {
			say(`* LIST (\HasNoChildren) "/" ` + f)
		}
	case "LOGOUT":
		say("* BYE\r\n" + tag + " OK")
		return false
	}
	say(tag + " OK done")
	return true
}

// smtp answers one command.
func (g *remedyRig) smtp(line string, say func(string)) bool {
	command, _, _ := strings.Cut(strings.ToUpper(line), " ")
	switch {
	case command == "EHLO":
		for _, l := range g.ehlo {
			say("250-" + l)
		}
		say("250 8BITMIME")
	case command == "AUTH" && g.auth != "":
		say(g.auth)
	case command == "AUTH":
		say("235 2.7.0 Authentication successful")
	case command == "MAIL" && g.from != "":
		say(g.from)
	case command == "QUIT":
		say("221 bye")
		return false
	case command == "":
		return false
	default:
		say("250 2.1.0 OK")
	}
	return true
}

func (g *remedyRig) serve(t *testing.T, greeting string, secure *tls.Config, answer func(string, func(string)) bool) string {
	t.Helper()
	at := "127.0.0.1"
	if g.at != "" {
		at = g.at
	}
	ln, err := net.Listen("tcp", at+":0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	if g.silent {
		ln.Close()
		return port
	}
	t.Cleanup(func() { ln.Close() })
	if secure != nil {
		ln = tls.NewListener(ln, secure)
	}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				say := func(s string) { fmt.Fprintf(c, "%s\r\n", s) }
				say(greeting)
				for r := bufio.NewScanner(c); r.Scan() && answer(r.Text(), say); {
				}
			}()
		}
	}()
	return port
}

const (
	remedyTenant = "11111111-2222-3333-4444-555555555555"
	remedyObject = "0b1ec700-0000-4000-8000-00000000abcd"
)

// check runs `helpdeskd check` on it and returns what it printed.
func (g *remedyRig) check(t *testing.T) string {
	dir := t.TempDir()
	var secure *tls.Config
	security := "plain"
	lines := map[string]string{}
	if g.until509 != 0 {
		cert, key, err := imaptest.Cert(time.Now().Add(g.from509), time.Now().Add(g.until509))
		if err != nil {
			t.Fatal(err)
		}
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		secure, security = &tls.Config{Certificates: []tls.Certificate{pair}}, "tls"
		if g.trusted {
			lines["ca_file"] = filepath.Join(dir, "ca.pem")
			if err := os.WriteFile(lines["ca_file"], cert, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	provider := oauthtest.New(t)
	provider.Lock()
	provider.Answer = func(w http.ResponseWriter, r *http.Request) bool {
		if g.refuse[1] != "" {
			status := 400
			fmt.Sscan(g.refuse[0], &status)
			return oauthtest.Refuse(status, g.refuse[1], g.refuse[2])(w, r)
		}
		if g.roles == nil || r.FormValue("client_secret") != oauthtest.Secret || r.FormValue("client_id") != oauthtest.ClientID {
			return false // the provider itself says no
		}
		claims, _ := json.Marshal(map[string]any{"tid": remedyTenant, "appid": oauthtest.ClientID, "oid": remedyObject, "idtyp": "app", "roles": g.roles})
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"token_type": "Bearer", "expires_in": 3600, "access_token": "e30." + base64.RawURLEncoding.EncodeToString(claims) + ".c2ln"})
		return true
	}
	provider.Unlock()
	if g.caps == "" {
		g.caps = "IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE UNSELECT IDLE"
	}
	if g.ehlo == nil {
		g.ehlo = []string{"desk.example", "AUTH PLAIN LOGIN XOAUTH2"}
	}
	if g.list == "" {
		g.list = "INBOX Processed"
	}
	greeting := "* OK [CAPABILITY " + g.caps + "] ready"
	if g.greeting != "" {
		greeting = g.greeting
	}
	value := func(key, usual string) string {
		if v, ok := g.conf[key]; ok {
			return v
		}
		return usual
	}
	auth := "plain"
	if g.roles != nil || g.refuse[1] != "" {
		auth = "xoauth2"
	}
	host := "127.0.0.1"
	if g.at != "" {
		host = g.at
	}
	text := fmt.Sprintf("data_dir = %q\n[[mailbox]]\nname = \"desk\"\naddress = \"desk@aster.example\"\nfolder = %q\n", dir, value("folder", "INBOX"))
	for _, s := range []struct{ name, port string }{{"imap", g.serve(t, greeting, secure, g.imap)}, {"smtp", g.serve(t, "220 desk.example", secure, g.smtp)}} {
		text += fmt.Sprintf("[mailbox.%s]\nhost = %q\nport = %s\nsecurity = %q\nauth = %q\n", s.name, value("host", host), s.port, value("security", security), value("auth", auth))
		if value("auth", auth) != "xoauth2" {
			text += "password = \"hunter2\"\n"
		}
		if ca := lines["ca_file"]; ca != "" {
			text += fmt.Sprintf("ca_file = %q\n", ca)
		}
	}
	if value("auth", auth) == "xoauth2" {
		text += fmt.Sprintf("[mailbox.oauth]\ntoken_url = %q\nclient_id = %q\nclient_secret = %q\n", provider.TokenURL(), value("client_id", oauthtest.ClientID), value("client_secret", oauthtest.Secret))
		if v := value("scope", ""); v != "" {
			text += fmt.Sprintf("scope = %q\n", v)
		}
	}
	path := filepath.Join(dir, "helpdeskd.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := program(t, "", nil, "--config", path, "check")
	if strings.Contains(r.out+r.err, "hunter2") || strings.Contains(r.out+r.err, oauthtest.Secret) {
		t.Errorf("a secret is shown:\n%s%s", r.out, r.err)
	}
	return r.out + r.err
}

// TestEveryKnownFailureSaysTheOneThingToDo has servers refuse as the real ones
// do, and reads what `helpdeskd check` prints: which step failed, what to do
// next, and the exact lines where lines mend it. The page speaks by the same
// steps.
func TestEveryKnownFailureSaysTheOneThingToDo(t *testing.T) {
	all := []string{"IMAP.AccessAsApp", "SMTP.SendAsApp"}
	grant := "Add-MailboxPermission -Identity 'desk@aster.example' -User '" + remedyObject + "' -AccessRights FullAccess"
	principal := "New-ServicePrincipal -AppId '" + oauthtest.ClientID + "' -ObjectId '" + remedyObject + "'"
	cas := "Set-CASMailbox -Identity 'desk@aster.example' -SmtpClientAuthenticationDisabled $false"
	const reading, sending = "desk, reading, ", "desk, sending, "
	hour := time.Hour
	for _, row := range []struct {
		name string
		rig  remedyRig
		step string   // that fails
		want []string // in what is printed about it
	}{
		{"wrong object id", remedyRig{roles: all, login: "TAG NO AUTHENTICATE failed."}, reading + "sign-in",
			[]string{"Enterprise applications, not the one under App registrations", "Remove-ServicePrincipal", "Exchange Online PowerShell", principal, grant}},
		{"mailbox not granted", remedyRig{roles: all, selected: "TAG BAD User is authenticated but not connected."}, reading + "folder",
			[]string{"does not open the mailbox desk@aster.example", "Give the app the mailbox", grant}},
		{"no consent for reading", remedyRig{roles: []string{"SMTP.SendAsApp"}}, reading + "permission", []string{"lacks the permission IMAP.AccessAsApp", "Grant admin consent"}},
		{"no consent for sending", remedyRig{roles: []string{"IMAP.AccessAsApp"}}, sending + "permission", []string{"lacks the permission SMTP.SendAsApp", "Grant admin consent"}},
		{"no consent at all", remedyRig{refuse: [3]string{"400", "invalid_grant", "AADSTS65001: The user or administrator has not consented to use the application."}}, reading + "token", []string{"AADSTS65001", "press Grant admin consent"}},
		{"smtp auth off for the mailbox", remedyRig{roles: all, auth: "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. Visit https://aka.ms/smtp_auth_disabled"}, sending + "sign-in", []string{"switched off for desk@aster.example", cas}},
		{"smtp auth off for the tenant", remedyRig{roles: all, auth: "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled"}, sending + "sign-in", []string{"for the whole organisation", cas, "Get-TransportConfig"}},
		{"security defaults", remedyRig{roles: all, auth: "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy. Contact your administrator."}, sending + "sign-in", []string{"security defaults forbid", "through Microsoft Graph"}},
		{"conditional access", remedyRig{roles: all, auth: "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully. Contact your administrator."}, sending + "sign-in", []string{"Conditional Access policy", "Sign-in logs"}},
		{"conditional access at the token", remedyRig{refuse: [3]string{"400", "access_denied", "AADSTS53003: Access has been blocked by Conditional Access policies."}}, reading + "token", []string{"AADSTS53003", "the sign-in log names"}},
		{"sending not granted", remedyRig{roles: all, auth: "535 5.7.3 Authentication unsuccessful"}, sending + "sign-in", []string{"refused the sign-in of desk@aster.example", principal, grant}},
		{"send as denied", remedyRig{roles: all, from: "554 5.2.252 SendAsDenied; desk@aster.example not allowed to send as x@aster.example"}, sending + "sender accepted", []string{"does not let us send as", "Add-RecipientPermission -Identity 'desk@aster.example' -Trustee '" + remedyObject + "' -AccessRights SendAs"}},
		{"throttled", remedyRig{roles: all, login: "TAG NO Request is throttled. Suggested Backoff Time: 299961 milliseconds"}, reading + "sign-in", []string{"throttled", "Nothing to do: it is tried again in 5m0s"}},
		{"throttled, sending", remedyRig{roles: all, auth: "421 4.3.2 Service not available, closing transmission channel"}, sending + "sign-in", []string{"tried again by itself"}},
		{"basic auth refused, sending", remedyRig{auth: "535 5.7.139 Authentication unsuccessful, basic authentication is disabled."}, sending + "sign-in", []string{"takes no passwords", "choose Microsoft 365 with an app"}},
		{"basic auth refused, reading", remedyRig{from509: -hour, until509: hour, trusted: true, caps: "IMAP4rev1 AUTH=XOAUTH2 SASL-IR IDLE LOGINDISABLED"}, reading + "sign-in", []string{"takes no passwords", "choose Microsoft 365 with an app"}},
		{"wrong password", remedyRig{login: "TAG NO [AUTHENTICATIONFAILED] Authentication failed."}, reading + "sign-in", []string{"refuses the user name or the password of desk@aster.example", "Correct them"}},
		{"app password", remedyRig{login: "TAG NO [ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)"}, reading + "sign-in", []string{"wants an app password", "two-step verification"}},
		{"wrong folder", remedyRig{selected: "TAG NO [NONEXISTENT] Unknown Mailbox", list: "INBOX Helpdesk Archive", conf: map[string]string{"folder": "Helpdsk"}}, reading + "folder", []string{"Helpdsk", "INBOX, Helpdesk, Archive"}},
		{"wrong secret", remedyRig{roles: all, conf: map[string]string{"client_secret": "secret-id"}}, reading + "token", []string{"AADSTS7000215", "the secret's value, not its id"}},
		{"expired secret", remedyRig{refuse: [3]string{"401", "invalid_client", "AADSTS7000222: The provided client secret keys are expired."}}, reading + "token", []string{"AADSTS7000222", "Make a new client secret"}},
		{"wrong tenant", remedyRig{refuse: [3]string{"400", "invalid_request", "AADSTS90002: Tenant 'aster' not found."}}, reading + "token", []string{"AADSTS90002", "Directory (tenant) ID"}},
		{"wrong client id", remedyRig{roles: all, conf: map[string]string{"client_id": "22222222-0000-4000-8000-000000000000"}}, reading + "token", []string{"AADSTS700016", "Correct the client id"}},
		{"wrong scope", remedyRig{refuse: [3]string{"400", "invalid_scope", "AADSTS1002012: The provided value for scope is not valid."}}, reading + "token", []string{"AADSTS1002012", "https://outlook.office365.com/.default"}},
		{"unknown certificate", remedyRig{from509: -hour, until509: hour}, reading + "encryption", []string{"authority that this machine does not know", "ca_file"}},
		{"unknown certificate, sending", remedyRig{from509: -hour, until509: hour}, sending + "encryption", []string{"authority", "ca_file"}},
		{"expired certificate", remedyRig{from509: -2 * hour, until509: -hour, trusted: true}, reading + "encryption", []string{"has expired", "Renew it on the mail server", "clock"}},
		{"expired certificate, sending", remedyRig{from509: -2 * hour, until509: -hour, trusted: true}, sending + "encryption", []string{"has expired", "renewed", "clock"}},
		{"certificate of another name", remedyRig{from509: -hour, until509: hour, trusted: true, at: "127.0.0.2"}, reading + "encryption", []string{"not for 127.0.0.2", "Use the host name that stands in the certificate"}},
		{"certificate of another name, sending", remedyRig{from509: -hour, until509: hour, trusted: true, at: "127.0.0.2"}, sending + "encryption", []string{"another name", "the name that the certificate carries"}},
		{"no such host", remedyRig{conf: map[string]string{"host": strings.Repeat("x", 64) + ".invalid", "security": "tls"}}, reading + "name", []string{"is not known", "spelling"}},
		{"no such host, sending", remedyRig{conf: map[string]string{"host": strings.Repeat("x", 64) + ".invalid", "security": "tls"}}, sending + "connection", []string{"is not known", "Check the host"}},
		{"nothing listens", remedyRig{silent: true}, reading + "connection", []string{"connection refused", "Check host and port"}},
		{"nothing listens, sending", remedyRig{silent: true}, sending + "connection", []string{"Nothing answers", "587 with starttls, 465 with tls"}},
		{"STARTTLS stripped", remedyRig{conf: map[string]string{"security": "starttls"}}, reading + "encryption", []string{"no STARTTLS", "usually port 993", "Nothing was sent readable"}},
		{"STARTTLS stripped, sending", remedyRig{conf: map[string]string{"security": "starttls"}}, sending + "encryption", []string{"does not offer STARTTLS", "nothing was sent in clear", "port 465"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			out := row.rig.check(t)
			_, block, ok := strings.Cut(out, "FAIL  "+row.step+": ")
			if !ok {
				t.Fatalf("%s does not fail:\n%s", row.step, out)
			}
			for _, next := range []string{"\nok    ", "\nFAIL  ", "\nhelpdeskd check: "} {
				block, _, _ = strings.Cut(block, next)
			}
			if _, do, _ := strings.Cut(block, "\n      "); len(do) < 20 {
				t.Errorf("it does not say what to do:\n%s", block)
			}
			for _, w := range row.want {
				if !strings.Contains(block, w) {
					t.Errorf("%q is missing in:\n%s", w, block)
				}
			}
		})
	}
	t.Run("nothing wrong", func(t *testing.T) {
		g := remedyRig{roles: all}
		if out := g.check(t); strings.Contains(out, "FAIL") {
			t.Errorf("the rig itself fails:\n%s", out)
		}
	})
}
