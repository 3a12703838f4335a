package ingest

import (
	"strings"

	"helpdeskd/ingest/anyof"
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
	// the words for people tell in which step the server refused; the
	// machine's part may be cut short
	kind := failureOf(diag, bo.Status)
	spoken := failureOf(strings.Split(human, "\n\n"), "")
	if kind == kindUnknown || spoken == kindFiltered && kind == kindUser || kind == kindPolicy && spoken == kindUser || kind == kindUser && spoken == kindSystem {
		kind = spoken
	}
	bo.Permanent, bo.Reason = kind.permanent(), kind.words()
	notice = noticeOf(action, in.Subject, human)
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
			bo.Recipients = appendNew(bo.Recipients, f.addr)
		}
	}
	for name, n := range rank {
		if n == best && name != "failure" {
			return name, diag
		}
	}
	return "", diag
}

// appendNew adds what is not there yet, up to a bound.
func appendNew(list []string, s string) []string {
	if len(list) >= 200 {
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

// noticeOf says why a report is not about a failure.
func noticeOf(action, subject, human string) string {
	switch action {
	case "delayed":
		return "the delivery is delayed; the mail server goes on trying"
	case "relayed", "expanded":
		return "the mail was passed on to a server that sends no receipts"
	case "delivered":
		return "the mail was delivered"
	case "failed":
		return ""
	}
	s := strings.ToLower(subject)
	for _, p := range []string{"(delay)", "delayed", "warning: message", "warning: could not send", "mail delivery warning", "delivery delayed", "not yet been delivered", "still being retried"} {
		if strings.Contains(s, p) {
			return "the delivery is delayed; the mail server goes on trying"
		}
	}
	s = strings.ToLower(human[:min(len(human), 4000)])
	for _, p := range []string{"this is a warning message only", "you do not need to resend", "no action is required on your part", "delivery attempts will continue", "will continue to try", "will retry for", "message will be retried"} {
		if strings.Contains(s, p) {
			return "the delivery is delayed; the mail server goes on trying"
		}
	}
	return ""
}

var bounceSubjects = []string{
	"undeliver", "delivery status notification", "delivery notification", "returned mail", "mail delivery failed", "mail delivery failure", "mail delivery fail",
	"failure notice", "failure delivery", "delivery failure", "delivery failed", "delivery error", "non-delivery", "nondeliver", "not delivered", "mail failure", "mail failed",
	"could not be delivered", "could not deliver", "cannot be delivered", "mail delivery problem", "mail delivery error", "message could not", "error in delivery", "mail system error",
	"undelivered", "not deliverable", "unzustellbar", "nicht zugestellt", "unzustellbarkeit", "fehlgeschlagen", "non remis", "échec de la remise", "non distribu", "notification d'échec",
	"no se puede entregar", "no entregado", "devuelto", "não entregue", "mancato recapito", "mancata consegna", "onbestelbaar", "niet bezorgd", "nedoručiteln", "niedostarcz",
	"не доставлено", "ошибка доставки", "недоставленное", "配信不能", "配信できません", "送信エラー", "退信", "系统退信", "传输失败", "投递失败", "failed mail", "processing error", "user unknown", "error sending", "delayed mail", "warning: message", "warning: could not send", "mail delivery warning", "unable to deliver", "delivery delayed", "postfix smtp server: errors", "your message to", "rejected:", "returned to sender", "returning to sender", "error during delivery", "message delivery failure", "delivery report", "mail returned", "transcript of session",
}

// looksLikeBounce weighs a report without a machine-readable part: a robot
// wrote it and it speaks of failure, or its subject and its words both do.
func looksLikeBounce(in *tracker.Inbound, h *header, human, copyOf string, r report) bool {
	if h.has("x-failed-recipients") {
		return true
	}
	subject := strings.ToLower(in.Subject)
	bySubject := bounceSubject(in.Subject)
	robot := fromRobot(in)
	if robot < 2 && !bySubject {
		return false
	}
	words := bounceWords(human)
	switch {
	case robot >= 2 && (bySubject || words > 0):
		return true
	case robot >= 2 && (r.status || r.hasOrig || copyOf != ""):
		return true
	case r.status && bySubject:
		return true
	case robot == 1 && bySubject && words > 0:
		return true
	case bySubject && words > 1 && len(in.InReplyTo) == 0 && (robot > 0 || nullSender(in)):
		return true
	case bySubject && words > 0 && (r.hasOrig || strings.Contains(human, "550 ") || strings.Contains(human, "553 ") || strings.Contains(human, "554 ")) && !isReply(subject):
		return true
	}
	return false
}

// bounceSubject knows the subjects that mail servers give their reports.
func bounceSubject(subject string) bool {
	subject = strings.ToLower(subject)
	for _, p := range bounceSubjects {
		if strings.Contains(subject, p) {
			return p != "your message to" || !strings.HasPrefix(subject, "re:")
		}
	}
	return false
}

func isReply(subject string) bool {
	for _, p := range []string{"re:", "aw:", "fwd:", "fw:", "wg:", "tr:", "sv:", "antw:"} {
		if strings.HasPrefix(subject, p) {
			return true
		}
	}
	return false
}

func nullSender(in *tracker.Inbound) bool { return in.ReturnPath != nil && *in.ReturnPath == "" }

// fromRobot says how surely a mail server wrote this: 2 surely, 1 perhaps.
func fromRobot(in *tracker.Inbound) int {
	if len(in.From) == 0 {
		return 2
	}
	for _, a := range in.From {
		local, _, _ := strings.Cut(a.Address, "@")
		name := strings.ToLower(a.Name)
		switch {
		case a.Address == "", strings.Contains(local, "mailer-daemon"), strings.Contains(local, "mailerdaemon"), strings.HasPrefix(local, "mdaemon"), strings.HasPrefix(local, "postmaster"), strings.Contains(local, "mail.delivery"), strings.Contains(local, "microsoftexchange"), strings.Contains(name, "mail delivery"), strings.Contains(name, "mail.delivery"), strings.Contains(name, "mailer-daemon"):
			return 2
		case strings.Contains(name, "system administrator"), strings.Contains(local, "system administrator"), strings.Contains(name, "postmaster"), strings.Contains(name, "delivery"), local == "admin", local == "root", local == "bounce", local == "bounces", strings.Contains(local, "smtp"), strings.Contains(local, "gateway"), strings.Contains(local, "mailsweeper"), strings.Contains(local, "imss"):
			return 1
		}
	}
	if nullSender(in) {
		return 1
	}
	return 0
}

var failureWords = anyof.New(
	"could not be delivered", "couldn't be delivered", "can't be delivered", "cannot be delivered", "can not be delivered", "not be delivered", "wasn't able to deliver", "was not able to deliver", "unable to deliver", "undeliverable", "undelivered",
	"delivery failed", "failed to deliver", "delivery to the following", "delivery has failed", "permanent error", "permanent fatal errors", "fatal error", "failed permanently", "permanently failed", "user unknown", "unknown user", "no such user", "mailbox unavailable",
	"address rejected", "returned to sender", "returning to sender", "delivery status notification", "did not reach", "not reached", "has been rejected", "was rejected", "rejected by", "recipient rejected", "mailbox full", "mailbox is full", "over quota", "quota exceeded", "does not exist", "doesn't exist", "host unknown", "unknown host", "unrouteable", "relaying denied", "delivery attempts", "delivery error", "unknown address", "invalid recipient", "bounced", "not delivered", "wasn't delivered", "550 ", "554 ", "553 ", "552 ", "551 ", "5.1.1", "5.7.1",
	"konnte nicht zugestellt", "nicht zugestellt werden", "nicht zustellbar", "fehlgeschlagen", "n'a pas pu être", "n'a pu être remis", "no se pudo entregar", "non è stato possibile", "kon niet worden", "не может быть", "не было доставлено", "配信できません", "無法投遞", "无法发送", "无法送达", "无法投递", "投递失败", "errors from", "failed", "problem delivering", "error", "delayed", "delay",
)

// bounceWords counts what only a report says.
func bounceWords(human string) int {
	return failureWords.Count(strings.ToLower(human[:min(len(human), 8000)]), 4)
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

// idInText finds a "Message-ID: <…>" line in a quoted header.
func idInText(s string) string {
	low := strings.ToLower(s)
	for pos := 0; ; {
		i := strings.Index(low[pos:], "message-id")
		if i < 0 || len(low) != len(s) {
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
