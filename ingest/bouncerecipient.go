package ingest

import (
	"slices"
	"strings"

	"helpdeskd/tracker"
)

// failedRecipients finds whom the mail did not reach.
func failedRecipients(in *tracker.Inbound, h *header, human, copyOf string, r report) []string {
	var out []string
	for _, v := range h.all("x-failed-recipients") {
		list, _ := addressList(v, "")
		for _, a := range list {
			if strings.Contains(a.Address, "@") {
				out = addRecipient(out, a.Address)
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	not := func(a string) bool {
		local, _, _ := strings.Cut(a, "@")
		if strings.Contains(local, "mailer-daemon") || local == "postmaster" || local == "abuse" || strings.HasPrefix(local, "bounce") {
			return true
		}
		for _, x := range in.To {
			if x.Address == a {
				return true
			}
		}
		for _, x := range in.From {
			if x.Address == a {
				return true
			}
		}
		return in.MessageID != "" && strings.EqualFold(in.MessageID, a)
	}
	var strong, weak, smtp []string
	drop := func(list []string, s string) []string {
		if n := len(list); n > 0 && list[n-1] == s {
			return list[:n-1]
		}
		return list
	}
	last := ""
	n := 0
	for line := range strings.Lines(human) {
		if n++; n > 400 {
			break
		}
		if isCopyLabel(line) {
			continue // "To: …" in a summary of the returned mail
		}
		for _, a := range addressesIn(strings.TrimRight(line, "\n")) {
			if a.id || a.sender || not(a.addr) {
				continue
			}
			if a.expanded {
				// the alias that we wrote to counts, not where it led
				strong = addRecipient(drop(strong, last), a.addr)
				continue
			}
			last = a.addr
			switch {
			case a.alone:
				strong = addRecipient(strong, a.addr)
			case a.rcpt:
				smtp = addRecipient(smtp, a.addr)
			default:
				weak = addRecipient(weak, a.addr)
			}
		}
	}
	switch {
	case len(strong) > 0:
		return strong
	case len(smtp) > 0:
		return smtp
	}
	named := returnedTo(r, copyOf)
	for _, a := range weak {
		if slices.Contains(named, a) {
			return []string{a}
		}
	}
	if len(weak) > 0 {
		return weak[:1]
	}
	if a := bareRecipient(in, human); a != "" {
		return []string{a}
	}
	if len(named) == 1 {
		return named
	}
	return nil
}

// returnedTo returns whom the returned mail was for: by the "for <…>" of its
// trace, and by its To.
func returnedTo(r report, copyOf string) []string {
	original := r.original
	if !r.hasOrig {
		copyOf = strings.TrimLeft(copyOf[:min(len(copyOf), 32<<10)], "\n -=*>")
		original = readHeader([]byte(strings.ReplaceAll(copyOf, "\n>", "\n")))
	}
	var out []string
	for _, v := range original.all("received") {
		v = v[:min(len(v), 1000)]
		if _, rest, ok := strings.Cut(v, " for <"); ok {
			if addr, _, ok := strings.Cut(rest, ">"); ok && strings.Contains(addr, "@") {
				for _, a := range addressesIn(addr) {
					return []string{a.addr} // the newest trace names the address that was tried
				}
			}
		}
	}
	list, _ := addressList(original.get("to"), "")
	for _, a := range list {
		if strings.Contains(a.Address, "@") {
			out = addRecipient(out, a.Address)
		}
	}
	return out
}

// bareRecipient finds a mailbox that a server names without its domain, on
// the line after the one that announces recipients.
func bareRecipient(in *tracker.Inbound, human string) string {
	if len(in.From) == 0 {
		return ""
	}
	_, domain, ok := strings.Cut(strings.ToLower(in.From[0].Address), "@")
	if !ok || strings.ContainsFunc(domain, func(r rune) bool { return r >= 0x80 || !isDomainByte(byte(r)) }) {
		return "" // a damaged sender
	}
	announced := false
	for line := range strings.Lines(human[:min(len(human), 8000)]) {
		line = strings.TrimSpace(line)
		if announced && line != "" {
			if strings.ContainsFunc(line, func(r rune) bool { return r >= 0x80 || !isLocalByte(byte(r)) }) || len(line) > 64 {
				return ""
			}
			return strings.ToLower(line) + "@" + domain
		}
		low := strings.ToLower(line)
		announced = announced || strings.HasSuffix(low, ":") && (strings.Contains(low, "recipient") || strings.Contains(low, "address") || strings.Contains(low, "could not be delivered") || strings.Contains(low, "not accepting"))
	}
	return ""
}

// found is an address in a line of a report.
type found struct {
	addr  string
	alone bool // the line begins with it, as lists of recipients do
	rcpt  bool // it stands in an SMTP dialogue or after a label for recipients
	id    bool // it is a Message-ID

	sender bool // it is whose mail it was

	expanded bool // it is the alias that the one before came from
}

// isCopyLabel says whether a line is a header field of the returned mail.
func isCopyLabel(line string) bool {
	name, _, ok := strings.Cut(strings.TrimSpace(strings.ToLower(line)), ":")
	if !ok {
		return false
	}
	switch name {
	case "from", "to", "cc", "sender", "reply-to", "return-path", "subject", "sent", "date", "von", "an", "de", "à":
		return true
	}
	return false
}

// senderHeads end what stands before an address that is the author's.
var senderHeads = []string{" from", " from:", "mail from:", "mail from: ", "sender", "sender:", "reverse-path", "return-path:", "by", "contact", "support", "e-mail to", "mail to", "email to", "absender:", "expéditeur :", "remitente:"}

// addressesIn finds the addresses of one line by hand: no regular expression
// runs over hostile text.
func addressesIn(line string) []found {
	if len(line) > 2000 {
		line = line[:2000]
	}
	var out []found
	low := lowerInPlace(line)
	for pos := 0; pos < len(line); {
		i := strings.IndexByte(line[pos:], '@')
		if i < 0 {
			break
		}
		at := pos + i
		start, end := at, at+1
		for start > 0 && isLocalByte(line[start-1]) {
			start--
		}
		for end < len(line) && isDomainByte(line[end]) {
			end++
		}
		pos = end
		if i := strings.LastIndexByte(line[start:at], '='); i >= 0 && strings.HasSuffix(low[:start+i], "smtp") {
			start += i + 1
		}
		addr := strings.ToLower(strings.Trim(line[start:at], ".'") + "@" + strings.TrimRight(line[at+1:end], ".-"))
		if strings.HasPrefix(addr, "@") || strings.HasSuffix(addr, "@") || len(addr) > 320 {
			continue
		}
		f := found{addr: addr}
		head := strings.TrimSpace(low[:start])
		tail := strings.TrimSpace(low[end:])
		f.id = strings.Contains(head, "message-id") || strings.Contains(head, "message id")
		bare := strings.Trim(head, "<\"'(*->;:|\t ")
		f.expanded = strings.HasSuffix(strings.TrimRight(head, " <:"), "expanded from")
		before := strings.TrimRight(head, " <\"'(")
		for _, p := range senderHeads {
			if !f.expanded && strings.HasSuffix(before, p) && (len(p) != 2 || strings.HasSuffix(before, " by")) {
				f.sender = true
			}
		}
		switch {
		case bare == "" && strings.HasPrefix(tail, "on ") && hasDigit(tail):
			f.alone = true // "bob@x.example on Fri, 20 Jul 2001 11:08", Exchange
		case strings.HasSuffix(head, ":smtp="):
			f.alone = true
		case bare == "" && (tail == "" || strings.ContainsAny(tail[:1], ">:;),.(\"'*") || strings.HasPrefix(tail, "...")):
			f.alone = true
		case bare == "" && strings.Contains(head, "<"):
			f.alone = true
		case strings.HasSuffix(head, "rcpt to:<"), strings.HasSuffix(head, "rcpt to: <"), strings.HasSuffix(head, "recipient:"), strings.HasSuffix(head, "recipient: <"), strings.HasSuffix(head, "recipient:<"), strings.HasSuffix(head, "for <"), strings.HasSuffix(head, "to:"), strings.HasSuffix(head, "to: <"), strings.HasSuffix(head, "rfc822;"), strings.HasSuffix(head, "unknown user:"), strings.HasSuffix(head, "user:"), strings.HasSuffix(head, "address:"), strings.HasSuffix(head, "recipients:"), strings.HasSuffix(head, "addressed to:"), strings.HasSuffix(head, "deliver message to: <"), strings.HasSuffix(head, "delivered to: <"), strings.HasSuffix(head, "delivered to <"), strings.HasSuffix(head, "message to <"), strings.HasSuffix(head, "recipient <"), strings.HasSuffix(head, "deliver to '"), strings.HasSuffix(head, "empfänger:"), strings.HasSuffix(head, "destinataire :"), strings.HasSuffix(head, "收件人："), strings.HasSuffix(head, "收件人:"), strings.HasSuffix(head, "宛先:"), strings.HasSuffix(head, "宛先："):
			f.rcpt = true
		}
		out = append(out, f)
		if len(out) >= 50 {
			break
		}
	}
	return out
}

func isLocalByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte(".!#$%&'*+/=?^_`{|}~-", c) >= 0
}

func isDomainByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '-' || c == '_'
}

// lowerInPlace returns s in lower case and of the same length, so that a place
// in one is that place in the other. strings.ToLower may lengthen: broken
// UTF-8 becomes U+FFFD, and a few capitals have longer small letters.
func lowerInPlace(s string) string {
	if low := strings.ToLower(s); len(low) == len(s) {
		return low
	}
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
