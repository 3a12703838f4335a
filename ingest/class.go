package ingest

import (
	"strings"

	"helpdeskd/tracker"
)

// classify says what kind of mail it is. Order matters: what is malformed is
// never anything else, then the reports that machines write about our own
// mail, then automatic answers and lists.
func classify(in *tracker.Inbound, h *header, root *node, b *body, w *walker) {
	in.Class = tracker.ClassHuman
	set := func(c tracker.Class, why string) {
		in.Class, in.ClassReason, in.SuppressAck = c, why, true
	}
	if placeholderMail(in) {
		set(tracker.ClassPlaceholder, "Exchange could not hand over the message and sent a placeholder")
		return
	}
	if hard := in.FromDefect != "" && !softFromDefect(in, h); hard {
		set(tracker.ClassMalformed, in.FromDefect)
		return
	}
	report := findReport(root, w)
	if !report.formal && fromRobot(in) == 0 && !h.has("x-failed-recipients") {
		// a program of a person's took the parts of a report along in a forward
		report.status, report.receipt, report.feedback, report.fields = false, false, false, nil
	}
	if !report.status && fromRobot(in) >= 2 {
		report = nestedReport(root, w, report)
	}
	if report.feedback {
		set(tracker.ClassFeedback, "a complaint report (RFC 5965)")
		return
	}
	if report.receipt {
		set(tracker.ClassReceipt, "a read receipt (RFC 8098)")
		return
	}
	// Mail servers mark their reports as automatic too; an autoresponder's own
	// mark or subject says that it is none.
	marked := autoHeader(in, h)
	if report.status || surelyRobot(in) && !oofSubject(in.Subject) || (marked == "" || strings.HasPrefix(marked, "Auto-Submitted")) && !oofSubject(in.Subject) {
		if bounce, notice := readBounce(in, h, root, b, w, report); bounce != nil {
			in.Bounce = bounce
			if notice != "" {
				set(tracker.ClassDeliveryNotice, notice)
			} else {
				set(tracker.ClassBounce, "a mail could not be delivered")
			}
			return
		}
	}
	if in.FromDefect != "" {
		set(tracker.ClassMalformed, in.FromDefect)
		return
	}
	if auto := autoReply(in, h); auto != "" {
		set(tracker.ClassAutoReply, auto)
		return
	}
	if why := listMail(h); why != "" {
		set(tracker.ClassList, why)
		return
	}
	in.SuppressAck = suppressAck(in, h)
}

// softFromDefect says whether the only fault of From is that it names nobody,
// as some mail servers do in their reports.
func softFromDefect(in *tracker.Inbound, h *header) bool {
	if h.tooBig || len(h.all("from")) > 1 {
		return false
	}
	for _, a := range in.From {
		if strings.Contains(a.Address, "@") {
			return false
		}
	}
	for i := range h.fields {
		if h.fields[i].name == "from" && h.fields[i].odd {
			return false
		}
	}
	return true
}

// placeholderMail recognises what Exchange puts in place of a message that it
// can not render over IMAP.
func placeholderMail(in *tracker.Inbound) bool {
	begins := func(s string) bool {
		return strings.HasPrefix(s, "Retrieval using the IMAP4 protocol failed") || strings.HasPrefix(s, "Retrieval using the POP3 protocol failed") || strings.HasPrefix(s, "Retrieval using the ") && strings.Contains(s[:min(len(s), 200)], "protocol failed for the following message")
	}
	if !begins(in.Subject) && !begins(strings.TrimSpace(in.Text[:min(len(in.Text), 2000)])) {
		return in.MessageID == "" && madeByExchange(in)
	}
	for _, a := range in.From {
		if strings.Contains(strings.ToLower(a.Name), "microsoft exchange") || a.Address == "" {
			return true
		}
	}
	return len(in.From) == 0
}

// madeByExchange recognises a placeholder in any language by how it is made:
// from the server itself, at no address, about a message that has a number and
// the name of the protocol.
func madeByExchange(in *tracker.Inbound) bool {
	if len(in.From) != 1 || strings.Contains(in.From[0].Address, "@") || !strings.Contains(strings.ToLower(in.From[0].Name), "microsoft exchange") {
		return false
	}
	return (strings.Contains(in.Subject, "IMAP4") || strings.Contains(in.Subject, "POP3")) && strings.TrimRight(in.Subject, "0123456789") != in.Subject
}

// listMail recognises mailing lists and bulk mail.
func listMail(h *header) string {
	switch {
	case h.has("list-id"):
		return "it comes from a mailing list (List-Id)"
	case h.has("list-post"), h.has("mailing-list"), h.has("x-mailing-list"), h.has("x-mailman-version"), h.has("x-beenthere"), h.has("x-ml-name"), h.has("list-subscribe"), h.has("list-archive"), h.has("x-google-group-id"):
		return "it comes from a mailing list"
	case h.has("list-unsubscribe"), h.has("list-unsubscribe-post"):
		return "it is bulk mail (List-Unsubscribe)"
	}
	switch strings.ToLower(h.get("precedence")) {
	case "list", "bulk", "junk", "mass":
		return "it is bulk mail (Precedence)"
	}
	if h.has("feedback-id") && h.has("x-campaign") || h.has("x-mc-user") {
		return "it is bulk mail"
	}
	return ""
}

// suppressAck says whether an acknowledgement is unwanted although a person
// may have written the mail.
func suppressAck(in *tracker.Inbound, h *header) bool {
	if v := strings.ToLower(h.get("x-auto-response-suppress")); v != "" && v != "none" {
		for _, w := range []string{"all", "autoreply", "oof"} {
			if strings.Contains(v, w) {
				return true
			}
		}
	}
	if passedOn(h) || nullSender(in) {
		return true
	}
	return noReply(in.From)
}

// passedOn says whether a rule or a program forwarded the mail: its author
// may be a person who never wrote to us.
func passedOn(h *header) bool {
	for _, name := range []string{"x-ms-exchange-inbox-rules-loop", "resent-from", "resent-to", "x-forwarded-to", "x-forwarded-for"} {
		if h.get(name) != "" {
			return true
		}
	}
	return false
}

// noReply says whether nobody reads what is sent to the author.
func noReply(from []tracker.Address) bool {
	for _, a := range from {
		local, _, _ := strings.Cut(a.Address, "@")
		for _, sep := range []string{"-", "_", "."} {
			local = strings.ReplaceAll(local, sep, "")
		}
		if strings.Contains(local, "noreply") || strings.Contains(local, "donotreply") || strings.HasPrefix(local, "nepasrepondre") || local == "mailerdaemon" || local == "postmaster" || strings.HasPrefix(local, "bounce") || local == "notifications" {
			return true
		}
	}
	return false
}
