package ingest

import "strings"

// cause is what kept a mail from its reader.
type cause int

const (
	kindUnknown cause = iota
	kindUser          // no such person there
	kindHost          // no such domain or server
	kindMoved         // the person has another address
	kindNoMail        // the domain takes no mail
	kindFull
	kindSuspended
	kindBig
	kindBlocked
	kindSpam
	kindVirus
	kindAuth
	kindPolicy
	kindSender
	kindExpired
	kindNetwork
	kindSystem
	kindRelay
	kindBusy
	kindContent
	kindLoop
	kindSecurity
	kindFiltered
)

// permanent says whether the address itself is dead, so that writing to it
// again can not help.
func (k cause) permanent() bool {
	return k == kindUser || k == kindHost || k == kindMoved || k == kindNoMail
}

// words is the reason as a technician reads it.
func (k cause) words() string {
	switch k {
	case kindUser:
		return "the address does not exist"
	case kindHost:
		return "the domain of the address does not exist"
	case kindMoved:
		return "the person has moved to another address"
	case kindNoMail:
		return "the domain accepts no mail"
	case kindFull:
		return "the mailbox is full"
	case kindSuspended:
		return "the mailbox is disabled or suspended"
	case kindBig:
		return "the mail was too large"
	case kindBlocked:
		return "the receiving server blocks our mail server"
	case kindSpam:
		return "the mail was taken for spam"
	case kindVirus:
		return "the mail was taken for a virus"
	case kindAuth:
		return "our domain failed the sender check (SPF, DKIM or DMARC)"
	case kindPolicy:
		return "a rule of the receiving server refused the mail"
	case kindSender:
		return "the receiving server refused our sender address"
	case kindExpired:
		return "the receiving server could not be reached in time"
	case kindNetwork:
		return "a network or name server problem"
	case kindSystem:
		return "an error on the receiving server"
	case kindRelay:
		return "the receiving server does not handle mail for this domain"
	case kindBusy:
		return "too many connections or mails at once"
	case kindContent:
		return "the receiving server refused the form of the mail"
	case kindLoop:
		return "the mail went in circles"
	case kindFiltered:
		return "the receiving server took the address but refused the mail itself"
	case kindSecurity:
		return "the servers could not agree on a secure connection or sign-in"
	}
	return "the mail could not be delivered"
}

// phrases tell the kinds apart; the first list that matches wins, so special
// wordings stand before general ones.
var phrases = []struct {
	kind  cause
	words []string
}{
	{kindAuth, []string{"dmarc", "spf check", "spf fail", "spf validation", "dkim", "sender policy framework", "5.7.26", "5.7.509", "5.7.23", "unauthenticated email", "unauthenticated mail", "sender id ("}},
	{kindVirus, []string{"virus", "malware", "infected"}},
	{kindSpam, []string{"spam message", "detected as spam", "considered spam", "considered to be spam", "looks like spam", "spam score", "message rejected as spam", "high probability of spam", "spam detected", "identified as spam", "spam content", "message looks like", "classified as spam", "is spam", "as spam"}},
	{kindBlocked, []string{"blacklist", "blocklist", "block list", "black list", "blocked using", "spamhaus", "barracuda", "rbl", "dnsbl", "spamcop", "poor reputation", "low reputation", "reputation", "reverse dns", "reverse hostname", "rdns", "ptr record", "no ptr", "cannot find your hostname", "cannot find your reverse", "client host rejected", "ip address has been", "bad ip", "sender ip", "your ip", "access denied from", "helo", "ehlo", "banned sending ip", "dynamic ip", "denied your", "no reverse", "fix reverse", "blocked by", "blocked -", "connection refused by policy", "is not allowed to connect"}},
	{kindNoMail, []string{"couldn't find a mail exchanger or ip address", "could not find a mail exchanger", "null mx", "does not accept mail", "nullmx", "host does not receive mail", "domain does not accept", "never accepts mail", "accepts no mail", "5.1.10", "smtp 521", "521 "}},
	{kindSystem, []string{"procmail: ", "maildrop: ", "couldn't create \"", "cannot create "}},
	{kindNetwork, []string{"host not found, try again", "name service error for domain", "temporary lookup failure"}},
	{kindSender, []string{"provide a valid from", "from: domain is invalid"}},
	{kindBlocked, []string{"my name was rejected"}},
	{kindMoved, []string{"has moved", "has been replaced by", "address has changed", "user has moved", "recipient has moved", "551 ", "user not local; please try"}},
	{kindFull, []string{"mailbox full", "mailbox is full", "over quota", "overquota", "quota exceed", "exceeded quota", "exceed the quota", "exceeded storage", "quota violation", "mailbox size limit", "full mailbox", "mailfolder is full", "out of storage", "disk quota", "storage allocation", "storage exceeded", "mailbox exceeds", "mailbox has exceeded", "too much mail data", "not enough storage space", "5.2.2", "4.2.2", "quota full", "inbox is full", "overquota", "account is over", "exceeded the space"}},
	{kindSuspended, []string{"account disabled", "account is disabled", "account has been disabled", "mailbox disabled", "disabled mailbox", "suspended", "account inactive", "inactive user", "is inactive", "mailbox is inactive", "user is inactive", "disabled or discontinued", "account is locked", "has been frozen", "currently suspended", "temporarily locked", "mailbox unavailable for this account", "not accepting mail", "deactivated"}},
	{kindBig, []string{"too large", "too big", "message size exceeds", "size limit", "exceeds the maximum", "maximum message size", "exceeds size", "message length exceeds", "5.3.4", "5.2.3"}},
	{kindBusy, []string{"too many connections", "too many concurrent", "rate limit", "rate-limit", "too many messages", "too many recipients", "throttl", "try again later, too", "sending rate", "too many emails", "too many errors"}},
	{kindSender, []string{"sender address rejected", "sender rejected", "sender address is", "sender verify failed", "sender denied", "bad sender", "sender not", "invalid sender", "sender unknown", "unknown sender", "sender was rejected", "rejected sender", "from address", "mail from:", "sender's domain", "sender domain", "5.1.7", "5.1.8", "4.1.8", "sender is not allowed", "domain of sender", "backscatter"}},
	{kindRelay, []string{"relaying denied", "relay access denied", "relay denied", "not permitted to relay", "relaying not", "unable to relay", "relay not permitted", "we do not relay", "relaying prohibited", "relaying is not allowed", "relay is not", "do not relay", "relay operation rejected"}},
	{kindLoop, []string{"too many hops", "hop count exceeded", "mail loop", "routing loop", "loops back to myself", "5.4.6", "loop detected", "mail forwarding loop", "maximum hop"}},
	{kindUser, []string{
		"user unknown", "unknown user", "no such user", "no such recipient", "no such address", "no such mailbox", "no such account", "no such person", "no such local", "user not found", "mailbox not found", "recipient not found", "account not found", "address not found",
		"does not exist", "doesn't exist", "doesn´t exist", "not exist", "unknown recipient", "recipient unknown", "unknown address", "unknown account", "unknown local", "unknown mailbox", "invalid recipient", "invalid mailbox", "invalid user", "invalid address", "bad destination mailbox", "not a valid mailbox", "not a valid recipient", "not a valid user", "not a known user", "not a known", "no mailbox", "no account", "user doesn't have", "doesn't have a", "does not have an account", "not listed in", "isn't listed", "no valid recipient", "address unknown", "mailbox unavailable", "recipient address rejected: user", "recipient address rejected: access denied", "recipient address rejected. (in reply to rcpt", "unrouteable address", "delivery to this address is restricted", "isn't in our", "wasn't found at", "couldn't be found", "could not be found", "not our customer", "there is no one", "never heard of", "unknown or illegal alias", "email address could not", "address no longer", "no longer valid", "no longer available", "no longer on server", "no longer exist", "no user", "this user doesn", "not in directory", "unable to find recipient", "recipnotfound", "resolver.adr.recip", "resolver.adr.exrecipnotfound", "unknown-user", "destination address unknown", "invalid final delivery", "unbekannt", "nicht gefunden", "existiert nicht", "inconnu", "introuvable", "desconocid", "sconosciut", "onbekend", "ukendt", "okänd", "не существует", "неизвестн", "存在しません", "5.1.1", "5.1.0 address", "511 ", "user (", "name server: no such"}},
	{kindHost, []string{"host unknown", "unknown host", "host not found", "domain not found", "no such domain", "unknown domain", "domain does not exist", "domain name not found", "name or service not known", "can't find a valid mx", "nxdomain", "non-existent domain", "no such host", "unresolvable", "all relevant mx records point to non-existent", "unrouteable mail domain", "couldn't find any host", "could not find any host", "host or domain name not found", "invalid domain", "domain is invalid", "5.1.2", "unable to lookup", "dns error: domain", "domain name does not", "couldn't find host", "address lookup failure", "domain is not reachable", "or domain may not exist"}},
	{kindExpired, []string{"message expired", "delivery time expired", "delivery expired", "retry timeout exceeded", "too long", "retry time not reached", "could not be delivered for", "could not be delivered within", "timed out", "time-out", "timeout", "unable to deliver message for", "in the queue too long", "5.4.7", "4.4.7", "has been in the queue", "maximum time in queue", "deferred", "delivery attempts", "will retry", "retry"}},
	{kindNetwork, []string{"connection refused", "connection reset", "network unreachable", "network is unreachable", "no route to host", "unable to connect", "could not connect", "couldn't connect", "connection dropped", "connection lost", "lost connection", "connection closed", "dns", "name server", "nameserver", "host did not", "4.4.1", "5.4.4", "5.4.3", "4.4.3", "4.4.2"}},
	{kindSecurity, []string{"starttls", "tls", "authentication required", "authentication failed", "certificate", "encryption", "must be authenticated", "smtp auth"}},
	{kindPolicy, []string{"policy", "not authorized", "not permitted", "not allowed", "prohibited", "restricted", "denied", "forbidden", "5.7.1", "5.7.0", "refused", "not accepted", "rejected", "only members"}},
	{kindContent, []string{"syntax", "malformed", "invalid header", "bare lf", "bare linefeed", "8bit", "line too long", "rfc 5322", "rfc5322", "rfc 2822", "not rfc", "message content", "invalid format", "5.6.0", "5.5.0", "5.5.2"}},
	{kindSystem, []string{"system error", "internal error", "internal software", "server error", "configuration", "local problem", "disk full", "insufficient system", "system resources", "exited with", "command died", "command output", "child process", "temporary failure", "system full", "4.3.0", "5.3.0", "5.3.5", "processing error"}},
}

// failureOf reads the cause out of a report of several parts, one for each
// recipient: a dead address outweighs everything else, since it is what
// somebody has to act on.
func failureOf(parts []string, status string) cause {
	kind := kindUnknown
	for i, p := range parts {
		if i >= 200 || strings.TrimSpace(p) == "" {
			continue
		}
		k := failureKind(p, "")
		if k.permanent() {
			return k
		}
		if kind == kindUnknown {
			kind = k
		}
	}
	whole := failureKind(strings.Join(parts, "\n"), status)
	if whole != kindUnknown && !(whole.permanent() && kind != kindUnknown) {
		return whole
	}
	return kind
}

// failureKind reads the cause out of one piece of what a server said.
func failureKind(text, status string) cause {
	if len(text) > 16<<10 {
		text = text[:16<<10]
	}
	s := strings.ToLower(strings.Join(strings.Fields(text), " "))
	for i := range phrases {
		for _, w := range phrases[i].words {
			if strings.Contains(s, w) {
				// an address that was accepted and refused only after the
				// mail itself is a filter at work (RFC 5321 section 3.3)
				if phrases[i].kind == kindUser && (strings.Contains(s, "in reply to end of data") || strings.Contains(s, ">>> data <<<")) {
					return kindFiltered
				}
				return phrases[i].kind
			}
		}
	}
	switch {
	case status == "5.1.1" || status == "5.1.3" || status == "5.1.10" || status == "5.1.6":
		return kindUser
	case status == "5.1.2":
		return kindHost
	case strings.HasSuffix(status, ".2.2"):
		return kindFull
	case strings.HasPrefix(status, "5.7"):
		return kindPolicy
	case strings.HasPrefix(status, "4.4"):
		return kindNetwork
	}
	return kindUnknown
}
