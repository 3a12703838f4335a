package ingest

import (
	"slices"
	"strings"

	"helpdeskd/tracker"
)

// maxBounceText is how much of a report's text is searched.
const maxBounceText = 64 << 10

// readBounce recognises a report about a mail that was not, or not yet,
// delivered: by its machine-readable part (RFC 3464), or by sender, subject
// and wording where a server writes none. notice says why it is not a
// failure, "" when it is one.
func readBounce(in *tracker.Inbound, h *header, root *node, b *body, w *walker, r report) (bo *tracker.Bounce, notice string) {
	if !r.status && !h.has("x-failed-recipients") && fromRobot(in) < 2 && !bounceSubject(in.Subject) {
		return nil, ""
	}
	if h.has("resent-from") && fromRobot(in) == 0 {
		return nil, "" // a person passed it on
	}
	text := b.text
	if len(text) > maxBounceText {
		text = text[:maxBounceText]
	}
	human, copyOf := splitReportText(text)
	bo = &tracker.Bounce{}
	var diag []string
	action := ""
	if r.status {
		action, diag = readStatus(bo, r.fields)
	}
	if !r.status || len(bo.Recipients) == 0 && action == "" {
		if !looksLikeBounce(in, h, human, copyOf, r) {
			return nil, ""
		}
	}
	if len(bo.Recipients) == 0 {
		bo.Recipients = failedRecipients(in, h, human, copyOf, r)
	}
	all := strings.Join(diag, "\n")
	if len(diag) == 0 || bo.Status == "" {
		all += "\n" + human
	}
	if st := findStatus(all); st != "" && (bo.Status == "" || strings.HasSuffix(bo.Status, ".0.0") && st[0] == bo.Status[0]) {
		bo.Status = st
	}
	bo.OriginalMessageID = originalID(in, r, copyOf, text)
	bo.Guess = !sureReport(in, h, r) && !((fromRobot(in) >= 2 || nullSender(in)) && bounceSubject(in.Subject) && len(bo.Recipients) > 0 && (r.hasOrig || copyOf != "" || hasLoneAddress(human)))
	if bo.Guess && (len(bo.Recipients) == 0 && bo.OriginalMessageID == "" || len(in.InReplyTo)+len(in.References) > 0) {
		return nil, "" // it names nothing that failed, or answers somebody: a person's words about their mail
	}
	in.ReplyTokens = append(returnedTokens(bo.OriginalMessageID, r, text), in.ReplyTokens...)
	// what the server said comes first; a program's summary may know more,
	// and the words for people tell in which step the server refused
	kind := failureOf(diag)
	spoken := failureOf(strings.Split(human, "\n\n"))
	if kind == kindUnknown || kind == kindPolicy && spoken == kindUser || kind == kindUser && spoken == kindSystem {
		kind = spoken
	}
	if kind == kindUnknown {
		kind = statusKind(bo.Status)
	}
	if kind == kindUser && bo.Status != "5.1.1" && bo.Status != "5.1.10" && refusedAfterData(human+"\n"+strings.Join(diag, "\n")) {
		kind = kindFiltered
	}
	bo.Permanent, bo.Reason = kind.permanent(), kind.words()
	notice = noticeOf(action, in.Subject, human)
	bo.Action = actionOf(notice)
	if notice != "" {
		bo.Permanent = false
		if kind == kindUnknown {
			bo.Reason = notice
		}
	}
	return bo, notice
}

// readStatus takes over the fields of a delivery status and returns the
// gravest action: failed before delayed before relayed before delivered.
func readStatus(bo *tracker.Bounce, blocks []header) (action string, diag []string) {
	rank := map[string]int{"failed": 5, "failure": 5, "delayed": 4, "relayed": 3, "expanded": 2, "delivered": 1}
	type rcpt struct {
		addr string
		rank int
	}
	var found []rcpt
	best := 0
	for i := range blocks {
		f := &blocks[i]
		act := strings.ToLower(before(before(f.get("action"), " "), ";"))
		st := f.get("status")
		if act == "" && st == "" && !f.has("final-recipient") && !f.has("original-recipient") {
			continue
		}
		n := rank[act]
		if n == 0 {
			n = 5
			if strings.HasPrefix(st, "4") && !f.has("diagnostic-code") {
				n = 4
			} else if strings.HasPrefix(st, "2") {
				n = 1
			}
		}
		addr := statusAddress(f.get("original-recipient"))
		if addr == "" {
			addr = statusAddress(f.get("final-recipient"))
		}
		if addr == "" {
			addr = statusAddress(f.get("x-actual-recipient"))
		}
		if addr != "" && len(found) < 500 {
			found = append(found, rcpt{addr, n})
		}
		if n >= best {
			if n > best {
				bo.Status = ""
			}
			best = n
			if s := findStatus(st); s != "" && bo.Status == "" {
				bo.Status = s
			}
		}
		if len(diag) < 200 {
			said := f.get("diagnostic-code") + " " + f.get("x-supplementary-info") + " " + st
			diag = append(diag, cleanLine(strings.ToValidUTF8(said, ""), 2048))
		}
	}
	for _, f := range found {
		if f.rank == best {
			bo.Recipients = addRecipient(bo.Recipients, f.addr)
		}
	}
	for name, n := range rank {
		if n == best && name != "failure" {
			return name, diag
		}
	}
	return "", diag
}

// addRecipient adds an address that is not there yet, up to a bound; what only
// looks like one is left out.
func addRecipient(list []string, s string) []string {
	local, domain, _ := strings.Cut(s, "@")
	if len(list) >= 200 || local == "" || domain == "" || len(s) > 320 || strings.ContainsAny(s, " \t\r\n\x00<>") {
		return list
	}
	for _, x := range list {
		if strings.EqualFold(x, s) {
			return list
		}
	}
	return append(list, s)
}

// statusAddress reads "rfc822; <a@b>".
func statusAddress(v string) string {
	if kind, addr, ok := strings.Cut(v, ";"); ok {
		if k := strings.ToLower(strings.TrimSpace(kind)); !strings.Contains(k, "@") {
			v = addr
		} else {
			v = kind
		}
	}
	list, _ := addressList(v, "")
	for _, a := range list {
		if strings.Contains(a.Address, "@") {
			return strings.Trim(a.Address, "<>.,;:'\"")
		}
	}
	return ""
}

// originalID finds the Message-ID of the mail that the report is about.
func originalID(in *tracker.Inbound, r report, copyOf, text string) string {
	if r.hasOrig {
		if ids := messageIDs(r.original.get("message-id")); len(ids) > 0 {
			return ids[0]
		}
	}
	for i := range r.fields {
		for _, name := range []string{"x-original-message-id", "original-message-id"} {
			if ids := messageIDs(r.fields[i].get(name)); len(ids) > 0 {
				return ids[0]
			}
		}
	}
	for _, s := range []string{copyOf, text} {
		if id := idInText(s); id != "" {
			return id
		}
	}
	for _, ids := range [][]string{in.InReplyTo, in.References} {
		if len(ids) > 0 {
			return ids[len(ids)-1]
		}
	}
	return ""
}

// returnedTokens finds our own mark in what was returned, for servers that
// give mails a new Message-ID or return only their text: in the Message-ID, in
// the Reply-To, and in anything that looks like one of them.
func returnedTokens(id string, r report, text string) []string {
	var out []string
	add := func(t string) {
		if t != "" && len(out) < 20 && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	add(TokenOfID(id))
	for _, name := range []string{"reply-to", "x-microsoft-original-message-id"} {
		list, _ := addressList(r.original.get(name), "")
		for _, a := range list {
			t, _ := TokenOfAddress(a.Address)
			add(t)
			add(TokenOfID(a.Address))
		}
	}
	if len(out) > 0 {
		return out
	}
	const size = 26 // of a token, see IsToken
	for pos := 0; ; {
		i := strings.IndexByte(text[pos:], '@')
		if i < 0 {
			return out
		}
		at := pos + i
		pos = at + 1
		if at <= size || !IsToken(text[at-size:at]) {
			continue
		}
		if head := text[:at-size]; strings.HasSuffix(head, "+") || strings.HasSuffix(head, "hd.") {
			add(text[at-size : at])
		}
	}
}

// idInText finds a "Message-ID: <…>" line in a quoted header.
func idInText(s string) string {
	low := lowerInPlace(s)
	for pos := 0; ; {
		i := strings.Index(low[pos:], "message-id")
		if i < 0 {
			return ""
		}
		pos += i + len("message-id")
		rest := strings.TrimLeft(s[pos:min(len(s), pos+1200)], ": \t\r\n>|")
		if strings.HasPrefix(rest, "<") {
			if ids := messageIDs(before(rest, "\n")); len(ids) > 0 && strings.Contains(ids[0], "@") {
				return ids[0]
			}
		}
	}
}
