package remedy

import "strings"

// texts are what happened, and the one thing to do next. {mailbox}, {host},
// {client}, {object} and {tenant} are filled in.
var texts = map[Case][2]string{
	NoPermission: {"The app may not do this yet: its token lacks the permission {missing}",
		"In the Entra portal open App registrations, the app, API permissions: add the application permission {missing} of \"Office 365 Exchange Online\", then press \"Grant admin consent\". It takes up to a minute to count."},
	PrincipalUnknown: {"Exchange does not accept the app for {mailbox}: it does not know the app, or knows it by a wrong Object ID",
		"Run New-ServicePrincipal with the Object ID that stands under Enterprise applications, not the one under App registrations, and give it the mailbox. If a wrong one is there already, remove it first with Remove-ServicePrincipal."},
	NotGranted: {"Signing in worked, but the server does not open the mailbox {mailbox}",
		"Give the app the mailbox: Add-MailboxPermission -Identity {mailbox} with FullAccess. It takes up to an hour to count. It also happens for some minutes after many sign-ins."},
	MailboxOnly: {"The mail server refuses the token for {mailbox}",
		"See that the token is made for this mailbox. At Microsoft 365: New-ServicePrincipal with the Object ID from Enterprise applications (not from App registrations), then Add-MailboxPermission; and the permission IMAP.AccessAsApp with admin consent."},
	PasswordRefused: {"The mail server refuses the user name or the password of {mailbox}",
		"Write both anew, without blanks around them. Where the account has two-step sign-in, an app password is needed."},
	BasicRefused: {"The server takes no passwords",
		"Microsoft 365 takes no passwords any more: choose Microsoft 365 with an app, or with a sign-in by code."},
	AppPassword: {"{host} wants an app password for {mailbox}",
		"Switch two-step verification on for the account, make an app password under Security, and write that in place of the password."},
	SMTPAuthMailbox: {"Microsoft 365 has SMTP sign-in switched off for {mailbox}",
		"Run Set-CASMailbox -Identity {mailbox} -SmtpClientAuthenticationDisabled $false, and wait up to an hour. Where it must stay off, have mail sent through Microsoft Graph."},
	SMTPAuthTenant: {"Microsoft 365 has SMTP sign-in switched off for the whole organisation",
		"Run Set-CASMailbox -Identity {mailbox} -SmtpClientAuthenticationDisabled $false: for this mailbox that goes before the organisation's setting. Or have mail sent through Microsoft Graph."},
	SecurityDefaults: {"The organisation's security defaults forbid this sign-in",
		"Have mail sent through Microsoft Graph, which they allow. (Or, with Conditional Access in their place, switch security defaults off under Entra ID, Properties.)"},
	Conditional: {"A Conditional Access policy forbids this sign-in",
		"Ask whoever keeps the policies to leave this app out, or to allow this machine's address: Entra ID, Sign-in logs shows which one it was."},
	SMTPRefused: {"Microsoft 365 refused the sign-in of {mailbox} for sending",
		"If reading works, add the application permission SMTP.SendAsApp with admin consent. If reading fails too, mend that first: New-ServicePrincipal with the Object ID from Enterprise applications, then Add-MailboxPermission."},
	SendAs: {"{host} does not let us send as {mailbox}",
		"Grant Send As with Add-RecipientPermission -Identity {mailbox} -AccessRights SendAs, and wait up to an hour."},
	GraphDenied: {"Microsoft Graph does not let the app send as {mailbox}",
		"Give the app the right to send as this mailbox alone, or the application permission Mail.Send with admin consent."},
	Throttled: {"The mail server asks to be left alone for a while (throttled)",
		"Nothing to do: it is tried again by itself. If it happens often, see that no other program signs in to this mailbox many times a minute."},
	NoFolder: {"The mailbox has no folder {folder}",
		"Write one of the folders that there are: {folders}."},
	NoProcessed: {"The folder {folder} for processed mail can not be made or used",
		"Make it in the mailbox by hand, name another, or leave mail in place."},
	UnknownName: {"The name {host} is not known",
		"Check the host's spelling, and this machine's DNS."},
	NothingListens: {"Nothing answers at {host} (connection refused)",
		"Check host and port, and that the mail server runs."},
	NoAnswer: {"{host} can not be reached: there is no answer",
		"Open the firewall from this machine to that host and port, or correct them."},
	NoStartTLS: {"The server offers no STARTTLS, or something on the way takes the offer out; nothing was sent readable",
		"Use tls from the first byte (IMAP 993, SMTP 465). If the server should offer STARTTLS, a firewall with mail inspection is in between."},
	NotTLS: {"{host} does not speak TLS from the first byte on this port",
		"Use starttls there, or the port for tls (IMAP 993, SMTP 465)."},
	UnknownAuthority: {"The certificate of {host} is signed by an authority that this machine does not know",
		"Paste the company's own authority as PEM, or have the server use a certificate of a public one."},
	OtherName: {"The certificate is not for {host}",
		"Use the host name that stands in the certificate."},
	Expired: {"The certificate of {host} has expired, or is not valid yet",
		"Have it renewed on the mail server; see that this machine's clock is right."},
}

// About fills a case's words.
type About struct {
	Host    string
	Mailbox string
	Folder  string
	Folders []string // that there are
	Missing string   // the permission
}

// Explain returns what happened and the one thing to do next, without a full
// stop after what happened; two empty texts for a case that it does not know.
func (c Case) Explain(a About) (what, do string) {
	t, ok := texts[c]
	if !ok {
		return "", ""
	}
	folders := strings.Join(a.Folders, ", ")
	if folders == "" {
		folders = "none can be seen"
	}
	r := strings.NewReplacer("{host}", a.Host, "{mailbox}", a.Mailbox, "{folder}", a.Folder, "{folders}", folders, "{missing}", a.Missing)
	return r.Replace(t[0]), r.Replace(t[1])
}
