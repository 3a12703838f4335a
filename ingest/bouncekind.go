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
	kindGreylist
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
	case kindGreylist:
		return "the receiving server asked to try again later (greylisting)"
	case kindSecurity:
		return "the servers could not agree on a secure connection or sign-in"
	}
	return "the mail could not be delivered"
}

// failureOf reads the cause out of a report of several parts, one for each
// recipient: a dead address outweighs everything else, since it is what
// somebody has to act on.
func failureOf(parts []string) cause {
	kind := kindUnknown
	for i, p := range parts {
		if i >= 200 || strings.TrimSpace(p) == "" {
			continue
		}
		k := failureKind(p)
		if k.permanent() {
			return k
		}
		if kind == kindUnknown {
			kind = k
		}
	}
	whole := failureKind(strings.Join(parts, "\n"))
	if whole != kindUnknown && !(whole.permanent() && kind != kindUnknown) {
		return whole
	}
	return kind
}

// failureKind reads the cause out of one piece of what a server said.
func failureKind(text string) cause {
	if len(text) > 16<<10 {
		text = text[:16<<10]
	}
	s := " " + strings.ToLower(strings.Join(strings.Fields(text), " ")) + " "
	for i := range phrases {
		if phrases[i].words.In(s) {
			return phrases[i].kind
		}
	}
	return kindUnknown
}

// statusKind reads the cause out of an enhanced status code (RFC 3463), where
// nothing was said in words.
func statusKind(status string) cause {
	switch {
	case status == "5.1.1", status == "5.1.3", status == "5.1.6", status == "5.1.10", status == "5.1.0":
		return kindUser
	case status == "5.1.2":
		return kindHost
	case strings.HasSuffix(status, ".2.2"):
		return kindFull
	case strings.HasSuffix(status, ".2.1"):
		return kindSuspended
	case strings.HasSuffix(status, ".3.4"), strings.HasSuffix(status, ".2.3"):
		return kindBig
	case strings.HasSuffix(status, ".4.7"), strings.HasSuffix(status, ".4.1"):
		return kindExpired
	case strings.HasPrefix(status, "5.7"):
		return kindPolicy
	case strings.HasPrefix(status, "4.4"), strings.HasPrefix(status, "5.4"):
		return kindNetwork
	case strings.HasPrefix(status, "4.3"), strings.HasPrefix(status, "5.3"):
		return kindSystem
	case strings.HasPrefix(status, "5.6"):
		return kindContent
	}
	return kindUnknown
}

// refusedAfterData says whether the server took the address and called the
// user unknown only after the mail itself, which is a filter at work whatever
// its words (RFC 5321 section 3.3): mobile carriers answer so. Sendmail shows
// the answer to a pipelined RCPT under DATA too; then the server goes on to
// say that no recipient is left.
func refusedAfterData(human string) bool {
	s := strings.ToLower(strings.Join(strings.Fields(human), " "))
	if !strings.Contains(s, "user unknown") && !strings.Contains(s, "unknown user") {
		return false
	}
	if strings.Contains(s, "in reply to end of data") || strings.Contains(s, "after end of data") {
		return true
	}
	i := strings.Index(s, ">>> data <<<")
	if i < 0 {
		return false
	}
	rest := s[i:]
	return !strings.Contains(rest, "need rcpt") && !strings.Contains(rest, "valid recipient") && !strings.Contains(rest, "recipient first")
}
