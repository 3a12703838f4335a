// Package remedy knows the failures of connecting a mailbox, and the one thing
// to do next about each: the words for whoever mends it, and the exact lines to
// copy. The command `helpdeskd check`, the page "Connect a mailbox" and the
// mail-health page all speak by this table.
//
// It is pure: it reaches no server and owns no tables.
package remedy

import (
	"strings"
)

// Case is one known failure.
type Case string

// The cases. Sources: Microsoft's pages on authenticating IMAP and SMTP with
// OAuth, on client SMTP submission, on its non-delivery codes and on security
// defaults; Google's SMTP error reference; RFC 3501, 3463, 4954.
const (
	None             Case = ""
	NoPermission     Case = "no_permission"      // the token lacks the application permission, or nobody consented
	PrincipalUnknown Case = "principal_unknown"  // Exchange does not know the app: New-ServicePrincipal, Object ID
	NotGranted       Case = "not_granted"        // authenticated but not connected
	MailboxOnly      Case = "token_refused"      // another server than Exchange refuses the token
	PasswordRefused  Case = "password_refused"   // the user name or password is wrong
	BasicRefused     Case = "basic_refused"      // the server takes no passwords
	AppPassword      Case = "app_password"       // Google wants an app password
	SMTPAuthMailbox  Case = "smtp_auth_disabled" // SMTP AUTH is off for the mailbox
	SMTPAuthTenant   Case = "smtp_auth_tenant"   // … for the organisation
	SecurityDefaults Case = "security_defaults"  // … by security defaults
	Conditional      Case = "conditional_access" // a policy forbids this sign-in
	SMTPRefused      Case = "m365_login"         // 535 5.7.3
	SendAs           Case = "send_as"            // SendAsDenied
	GraphDenied      Case = "graph_denied"       // Graph: Access is denied
	Throttled        Case = "throttled"
	NoFolder         Case = "no_folder"
	NoProcessed      Case = "no_processed"
	UnknownName      Case = "unknown_name"      // DNS
	NothingListens   Case = "nothing_listens"   // connection refused
	NoAnswer         Case = "no_answer"         // a firewall, most likely
	NoStartTLS       Case = "no_starttls"       // not offered, or stripped on the way
	NotTLS           Case = "not_tls"           // the port does not begin with TLS
	UnknownAuthority Case = "unknown_authority" // signed by an authority that is not known here
	OtherName        Case = "other_name"        // the certificate is for another host
	Expired          Case = "expired"           // the server's certificate
)

// Place is the mailbox that a remedy is for. Empty fields are shown as what to
// put there.
type Place struct {
	Kind     string // microsoft365, google, other
	Mailbox  string // its address
	Tenant   string
	ClientID string
	ObjectID string // of the enterprise application (service principal), not of the app registration
	Graph    bool   // its mail is sent through Microsoft Graph
	Device   bool   // a person signs in by a code
}

// Lines are commands to copy.
type Lines struct {
	Where string // the program that takes them
	Text  string
}

const exchange = "Exchange Online PowerShell"

// Quote makes a PowerShell literal.
func Quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func or(s, placeholder string) string {
	if s == "" {
		return placeholder
	}
	return Quote(s)
}

func (p Place) mailbox() string { return or(p.Mailbox, "'MAILBOX'") }
func (p Place) app() string     { return or(p.ClientID, "'APPLICATION-ID'") }
func (p Place) object() string {
	return or(p.ObjectID, "'OBJECT-ID-FROM-ENTERPRISE-APPLICATIONS'")
}

const connectExchange = "Install-Module ExchangeOnlineManagement -Scope CurrentUser   # once\nConnect-ExchangeOnline\n"

// Principal returns the lines that make the app known to Exchange.
func (p Place) Principal() Lines {
	return Lines{exchange, connectExchange + "New-ServicePrincipal -AppId " + p.app() + " -ObjectId " + p.object() + " -DisplayName 'helpdeskd'"}
}

// Grant returns the line that gives the app the mailbox.
func (p Place) Grant() Lines {
	return Lines{exchange, "Add-MailboxPermission -Identity " + p.mailbox() + " -User " + p.object() + " -AccessRights FullAccess"}
}

// Switches returns the lines that let the mailbox be read and sent from, and
// keep Exchange from sending read receipts for mail that is only downloaded.
func (p Place) Switches() Lines {
	text := "Set-CASMailbox -Identity " + p.mailbox() + " -ImapEnabled $true -ImapSuppressReadReceipt $true"
	if !p.Graph {
		text += " -SmtpClientAuthenticationDisabled $false"
	}
	return Lines{exchange, text}
}

// SendAsLines returns the line that lets the app write in the mailbox's name.
func (p Place) SendAsLines() Lines {
	return Lines{exchange, "Add-RecipientPermission -Identity " + p.mailbox() + " -Trustee " + p.object() + " -AccessRights SendAs -Confirm:$false"}
}

// GraphScope returns the lines that let the app send as this mailbox only.
func (p Place) GraphScope() Lines {
	return Lines{exchange, "New-ServicePrincipal -AppId " + p.app() + " -ObjectId " + p.object() + " -DisplayName 'helpdeskd'   # where it is not there yet\n" +
		"New-ManagementScope -Name 'helpdeskd' -RecipientRestrictionFilter \"PrimarySmtpAddress -eq " + p.mailbox() + "\"\n" +
		"New-ManagementRoleAssignment -App " + p.app() + " -Role 'Application Mail.Send' -CustomResourceScope 'helpdeskd'\n" +
		"Test-ServicePrincipalAuthorization -Identity " + p.app() + " -Resource " + p.mailbox()}
}

// For returns the lines that mend a case, none where there is nothing to copy.
func For(c Case, p Place) []Lines {
	switch c {
	case PrincipalUnknown:
		return []Lines{p.Principal(), p.Grant()}
	case NotGranted:
		return []Lines{p.Grant(), {exchange, "Set-CASMailbox -Identity " + p.mailbox() + " -ImapEnabled $true"}}
	case SMTPAuthMailbox:
		return []Lines{{exchange, "Set-CASMailbox -Identity " + p.mailbox() + " -SmtpClientAuthenticationDisabled $false"}}
	case SMTPAuthTenant:
		return []Lines{{exchange, "Set-CASMailbox -Identity " + p.mailbox() + " -SmtpClientAuthenticationDisabled $false   # this mailbox alone\nGet-TransportConfig | Format-List SmtpClientAuthenticationDisabled"}}
	case SMTPRefused:
		return []Lines{p.Principal(), p.Grant()}
	case SendAs:
		return []Lines{p.SendAsLines()}
	case GraphDenied:
		return []Lines{p.GraphScope()}
	}
	return nil
}
