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
	auto := autoReply(in, h, b)
	if auto == "" || report.status || strings.HasPrefix(auto, "Auto-Submitted") {
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
	if auto != "" {
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
	const text = "Retrieval using the IMAP4 protocol failed for the following message"
	if !strings.HasPrefix(in.Subject, "Retrieval using the") && !strings.Contains(in.Text[:min(len(in.Text), 2000)], text) {
		return false
	}
	for _, a := range in.From {
		if strings.Contains(strings.ToLower(a.Name), "microsoft exchange") || a.Address == "" {
			return true
		}
	}
	return len(in.From) == 0
}

// autoReply says why the mail is an automatic answer, "" when it is not.
func autoReply(in *tracker.Inbound, h *header, b *body) string {
	if v := h.get("auto-submitted"); v != "" {
		for strings.HasPrefix(v, "(") { // a comment (RFC 3834 section 5)
			_, n := cutComment(v)
			v = strings.TrimLeft(v[n:], " \t")
		}
		v = strings.ToLower(v)
		if i := strings.IndexAny(v, "; \t("); i >= 0 {
			v = v[:i]
		}
		if v != "no" && v != "" {
			return "Auto-Submitted: " + cleanLine(v, 60)
		}
	}
	for _, name := range []string{"x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from", "x-mail-autoreply", "x-vacation"} {
		if v := strings.ToLower(h.get(name)); v != "" && v != "no" && v != "false" {
			return "it carries the header " + name
		}
	}
	if v := h.get("x-ms-exchange-generated-message-source"); strings.Contains(strings.ToLower(v), "mailbox rules agent") && (!h.has("x-ms-exchange-inbox-rules-loop") || oofSubject(in.Subject)) {
		return "an Exchange mailbox rule answered"
	}
	switch strings.ToLower(h.get("precedence")) {
	case "auto_reply", "auto-reply":
		return "Precedence: auto_reply"
	}
	if strings.EqualFold(h.get("x-precedence"), "auto_reply") || strings.EqualFold(h.get("x-message-flag"), "auto_reply") {
		return "Precedence: auto_reply"
	}
	if strings.EqualFold(h.get("delivered-to"), "autoresponder") {
		return "it was sent by an autoresponder"
	}
	if strings.Contains(strings.ToLower(h.get("x-msmail-priority")+h.get("x-mailer")), "vacation") {
		return "it was sent by an autoresponder"
	}
	if oofSubject(in.Subject) {
		return "the subject is that of an automatic answer"
	}
	return ""
}

// oofSubject knows the fixed beginnings that mail servers give automatic
// answers, in the languages their makers ship.
func oofSubject(s string) bool {
	s = strings.ToLower(s)
	for _, p := range oofPrefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

var oofPrefixes = []string{
	"automatic reply", "auto reply:", "auto-reply:", "autoreply:", "auto: ", "auto response:", "out of office", "out-of-office",
	"out of the office", "vacation reply", "vacation response", "on vacation", "away from my mail", "away:",
	"automatische antwort", "abwesenheitsnotiz", "abwesend:", "abwesenheit:", "autoantwort", "automatisch antwoord", "automatisch antwoord:",
	"afwezigheidsbericht", "réponse automatique", "absence du bureau", "absent du bureau", "message d'absence",
	"respuesta automática", "fuera de la oficina", "risposta automatica", "fuori sede", "resposta automática", "ausência temporária",
	"automatiskt svar", "autosvar", "automatisk svar", "fraværsassistent", "frånvarande", "automaattinen vastaus", "poissa",
	"autoodpowiedź", "automatyczna odpowiedź", "odpowiedź automatyczna", "nieobecność", "automatická odpověď", "automatická odpoveď", "mimo kancelář",
	"automatikus válasz", "házon kívül", "răspuns automat", "otomatik yanıt", "автоматический ответ", "автоответ", "автоматична відповідь",
	"αυτόματη απάντηση", "自動応答", "自動返信", "不在", "自动答复", "自动回复", "自動回覆", "自動回復", "자동 회신", "부재 중",
}

// listMail recognises mailing lists and bulk mail.
func listMail(h *header) string {
	switch {
	case h.has("list-id"):
		return "it comes from a mailing list (List-Id)"
	case h.has("list-post"), h.has("mailing-list"), h.has("x-mailing-list"), h.has("x-mailman-version"):
		return "it comes from a mailing list"
	case h.has("list-unsubscribe"):
		return "it is bulk mail (List-Unsubscribe)"
	}
	switch strings.ToLower(h.get("precedence")) {
	case "list", "bulk", "junk":
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
	if h.has("x-ms-exchange-inbox-rules-loop") || in.ReturnPath != nil && *in.ReturnPath == "" {
		return true
	}
	return noReply(in.From)
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
