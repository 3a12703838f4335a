package ingest

import (
	"strings"

	"helpdeskd/tracker"
)

var copyMarkers = []string{
	"below this line is a copy", "this is a copy of the message", "copy of the message", "original message follows", "original message header", "message header follows", "message headers follow",
	"unsent message below", "returned message", "message follows", "original message", "begin of returned", "headers of the message", "header of the original", "start of returned", "the header of your", "undelivered message", "returned content", "original text", "your message reads", "text of your message", "your original message", "rejected message", "message to be returned", "first part of the message", "header follows", "body of message", "message body follows", "included message", "failed message",
}

// splitReportText parts the words of a report from the copy of the mail that
// it returns.
func splitReportText(text string) (human, copyOf string) {
	pos := 0
	headers := 0
	for pos < len(text) {
		end := strings.IndexByte(text[pos:], '\n')
		if end < 0 {
			end = len(text)
		} else {
			end += pos
		}
		line := text[pos:end]
		low := strings.ToLower(strings.TrimSpace(line))
		if len(low) < 160 {
			for _, m := range copyMarkers {
				if strings.Contains(low, m) && (strings.HasSuffix(low, ":") || strings.HasPrefix(low, "-") || strings.HasPrefix(low, "=") || strings.HasPrefix(low, "*") || strings.HasSuffix(low, "-") || strings.HasSuffix(low, ".")) && tailHasHeader(text[end:]) {
					return text[:pos], text[end:]
				}
			}
		}
		if strings.HasPrefix(low, "received: from") || strings.HasPrefix(low, "return-path:") || strings.HasPrefix(low, "message-id: <") || strings.HasPrefix(low, "mime-version: 1") {
			if headers++; headers >= 1 && !strings.HasPrefix(low, "message-id") {
				return text[:pos], text[pos:]
			}
		}
		pos = end + 1
	}
	return text, ""
}

// tailHasHeader says whether a copied header begins soon.
func tailHasHeader(s string) bool {
	s = strings.ToLower(s[:min(len(s), 3000)])
	for _, f := range []string{"received:", "message-id:", "from:", "return-path:", "date:", "subject:"} {
		if strings.Contains(s, f) {
			return true
		}
	}
	return false
}

// failedRecipients finds whom the mail did not reach.
func failedRecipients(in *tracker.Inbound, h *header, human, copyOf string, r report) []string {
	var out []string
	for _, v := range h.all("x-failed-recipients") {
		list, _ := addressList(v, "")
		for _, a := range list {
			if strings.Contains(a.Address, "@") {
				out = appendNew(out, a.Address)
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
	lines := strings.Split(human, "\n")
	for i, line := range lines {
		if i > 400 {
			break
		}
		if isCopyLabel(line) {
			continue // "To: …" in a summary of the returned mail
		}
		for _, a := range addressesIn(line) {
			if not(a.addr) || a.id {
				continue
			}
			if a.expanded {
				// the alias that we wrote to counts, not where it led
				strong = appendNew(drop(strong, last), a.addr)
				continue
			}
			last = a.addr
			switch {
			case a.alone:
				strong = appendNew(strong, a.addr)
			case a.rcpt:
				smtp = appendNew(smtp, a.addr)
			default:
				weak = appendNew(weak, a.addr)
			}
		}
	}
	switch {
	case len(strong) > 0:
		return strong
	case len(smtp) > 0:
		return smtp
	case len(weak) > 0:
		return weak[:1]
	}
	orig := r.original.get("to")
	if orig == "" {
		hd := readHeader([]byte(strings.TrimLeft(copyOf, "\n -=*")))
		orig = hd.get("to")
	}
	list, _ := addressList(orig, "")
	for _, a := range list {
		if strings.Contains(a.Address, "@") && len(list) == 1 {
			out = appendNew(out, a.Address)
		}
	}
	return out
}

// found is an address in a line of a report.
type found struct {
	addr  string
	alone bool // the line begins with it, as lists of recipients do
	rcpt  bool // it stands in an SMTP dialogue or after a label for recipients
	id    bool // it is a Message-ID

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

// addressesIn finds the addresses of one line by hand: no regular expression
// runs over hostile text.
func addressesIn(line string) []found {
	if len(line) > 2000 {
		line = line[:2000]
	}
	var out []found
	low := strings.ToLower(line)
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
		switch {
		case bare == "" && strings.HasPrefix(tail, "on ") && hasDigit(tail):
			f.alone = true // "bob@x.example on Fri, 20 Jul 2001 11:08", Exchange
		case strings.HasSuffix(head, ":smtp="):
			f.alone = true
		case bare == "" && (tail == "" || strings.ContainsAny(tail[:1], ">:;),.(\"'*") || strings.HasPrefix(tail, "...")):
			f.alone = true
		case bare == "" && strings.Contains(head, "<"):
			f.alone = true
		case strings.HasSuffix(head, "rcpt to:<"), strings.HasSuffix(head, "rcpt to: <"), strings.HasSuffix(head, "recipient:"), strings.HasSuffix(head, "recipient: <"), strings.HasSuffix(head, "recipient:<"), strings.HasSuffix(head, "for <"), strings.HasSuffix(head, "to:"), strings.HasSuffix(head, "to: <"), strings.HasSuffix(head, "rfc822;"), strings.HasSuffix(head, "unknown user:"), strings.HasSuffix(head, "user:"), strings.HasSuffix(head, "address:"):
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

// findStatus finds an enhanced status code (RFC 3463) that is not a success,
// or "" when there is none.
func findStatus(s string) string {
	for i := 0; i+4 < len(s); i++ {
		if (s[i] == '4' || s[i] == '5') && s[i+1] == '.' && (i == 0 || !digitOrDot(s[i-1])) {
			j := i + 2
			for j < len(s) && j < i+5 && isDigit(s[j]) {
				j++
			}
			if j == i+2 || j >= len(s) || s[j] != '.' {
				continue
			}
			k := j + 1
			for k < len(s) && k < j+4 && isDigit(s[k]) {
				k++
			}
			if k == j+1 || k < len(s) && digitOrDot(s[k]) && !(s[k] == '.' && (k+1 == len(s) || !isDigit(s[k+1]))) {
				continue
			}
			return s[i:k]
		}
	}
	return ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func digitOrDot(c byte) bool { return isDigit(c) || c == '.' }

func hasDigit(s string) bool { return strings.ContainsAny(s, "0123456789") }
