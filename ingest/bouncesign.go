package ingest

import (
	"strings"

	"helpdeskd/ingest/anyof"
	"helpdeskd/tracker"
)

// bounceSubjects stand in the subjects of reports, in lower case.
var bounceSubjects = anyof.New(
	"undeliver", "delivery status notification", "delivery notification", "returned mail", "mail delivery failed", "mail delivery failure", "mail delivery fail", "mail delivery status", "mail delivery system", "mail delivery subsystem", "mail status report",
	"failure notice", "failure delivery", "failure notification", "delivery failure", "delivery failed", "delivery has failed", "delivery error", "delivery problem", "delivery unsuccessful", "non-delivery", "nondeliver", "non delivery", "not delivered", "mail failure", "mail failed", "failed mail", "failed to deliver", "failed delivery", "message not sent", "message status -",
	"could not be delivered", "couldn't be delivered", "could not deliver", "cannot be delivered", "can not be delivered", "can't be delivered", "mail delivery problem", "mail delivery error", "message could not", "error in delivery", "error delivering", "mail system error", "mail delivery report", "notice: mail delivery",
	"not deliverable", "processing error", "user unknown", "unknown user", "error sending", "delayed mail", "warning: message", "warning: could not send", "mail delivery warning", "unable to deliver", "delivery delayed", "delivery delay", "postfix smtp server: errors", "your message to", "rejected:", "mail rejected", "message rejected", "returned to sender", "return to sender", "returning to sender", "returning message", "error during delivery", "message delivery failure", "delivery report", "mail returned", "message returned", "transcript of session", "see transcript", "mail error", "rejected mail", "permanent delivery",
	// German, French
	"unzustellbar", "nicht zugestellt", "nicht zustellbar", "unzustellbarkeit", "zustellung fehlgeschlagen", "zustellfehler", "übermittlung fehlgeschlagen", "fehler bei der zustellung", "zustellung nicht möglich", "zurückgesendet", "fehlgeschlagen", "non remis", "échec de la remise", "échec de remise", "échec de livraison", "non distribu", "notification d'échec", "notification d’échec", "non délivré", "non livr", "retour à l'expéditeur", "message non", "remise impossible",
	// Spanish, Portuguese, Italian, Dutch
	"no se puede entregar", "no se pudo entregar", "no entregado", "no entregable", "devuelto", "error de entrega", "fallo en la entrega", "fallo de entrega", "correo devuelto", "não entregue", "não é possível entregar", "falha na entrega", "falha de entrega", "não foi possível entregar", "mensagem devolvida", "mancato recapito", "mancata consegna", "non recapitabile", "impossibile recapitare", "recapito non riuscito", "errore di consegna", "onbestelbaar", "niet bezorgd", "niet afgeleverd", "kan niet worden bezorgd", "bezorging mislukt", "niet bestelbaar",
	// Nordic, Slavic and others
	"kan inte levereras", "det går inte att leverera", "ej levererat", "olevererbart", "kan ikke leveres", "kunne ikke leveres", "ikke levert", "ikke leveret", "ei voi toimittaa", "ei voitu toimittaa", "toimittaminen epäonnistui", "nedoručiteln", "nelze doručit", "nedoručen", "niedostarcz", "nie można dostarczyć", "nie dostarczono", "błąd dostarczania", "zwrot wiadomości", "kézbesíthetetlen", "nem kézbesíthető", "nu se poate livra", "imposibil de livrat", "teslim edilemedi", "teslim edilemeyen", "iletilemedi", "αδύνατη η παράδοση", "δεν παραδόθηκε",
	"не доставлено", "недоставлен", "не удалось доставить", "невозможно доставить", "ошибка доставки", "ошибка при доставке", "неможливо доставити", "не вдалося доставити", "لم يتم التسليم", "תקלה במסירה", "לא ניתן למסור",
	// Japanese, Chinese, Korean
	"配信不能", "配信できません", "配信エラー", "配信失敗", "配達できません", "送信エラー", "送信できません", "送信失敗", "届きません", "メール配信", "エラーメール", "退信", "系统退信", "退件", "退回", "传输失败", "投递失败", "投遞失敗", "无法投递", "無法投遞", "无法送达", "無法傳遞", "无法传递", "未送达", "发送失败", "寄送失敗", "傳送失敗", "배달되지", "전달되지", "전송 실패", "배달 실패", "발송 실패", "반송",
)

// looksLikeBounce weighs a report without a machine-readable part: a robot
// wrote it and it speaks of failure, or its subject and its words both do. A
// person who forwards a report, or answers one, is a person.
func looksLikeBounce(in *tracker.Inbound, h *header, human, copyOf string, r report) bool {
	if h.has("x-failed-recipients") {
		return true
	}
	robot, bySubject := fromRobot(in), bounceSubject(in.Subject)
	forward, answer := isForward(in.Subject), isReply(in.Subject)
	if robot < 2 && (!bySubject || forward) {
		return false
	}
	words := bounceWords(human)
	if (forward || answer) && !surelyRobot(in) && !nullSender(in) && !(answer && words > 1 && r.hasOrig) {
		return answer && bySubject && words > 1 && byProgram(in, h) && hasLoneAddress(human)
	}
	switch {
	case robot >= 2 && (bySubject || words > 0):
		return true
	case robot >= 2 && (r.status || r.hasOrig || copyOf != "" || startsWithNotice(in.Subject)):
		return true
	case r.status && bySubject:
		return true
	case robot == 1 && bySubject && words > 0:
		return true
	case bySubject && words > 1 && len(in.InReplyTo) == 0 && (robot > 0 || nullSender(in)):
		return true
	case bySubject && words > 0 && (r.hasOrig || refusals.In(human)) && !answer && (robot > 0 || byProgram(in, h) && hasLoneAddress(human)) && !robotic(r.original.get("from")):
		return true
	}
	return false
}

// robotic says whether a mail server wrote what is attached: then a person
// shows us a report of theirs.
func robotic(from string) bool {
	from = strings.ToLower(from)
	return daemonNames.In(from) || strings.HasPrefix(strings.TrimLeft(from, "<\""), "postmaster")
}

// refusals are SMTP replies as reports quote them (RFC 5321 section 4.2).
var refusals = anyof.New("550 ", "550-", "551 ", "552 ", "553 ", "554 ", "554-", "450 ", "451 ", "452 ", "421 ")

// byProgram says whether no mail program of a person wrote the mail: those
// name themselves, and name the mail that they answer.
func byProgram(in *tracker.Inbound, h *header) bool {
	return len(in.InReplyTo) == 0 && len(in.References) == 0 && in.ThreadIndex == "" && !h.has("x-mailer") && !h.has("user-agent")
}

// hasLoneAddress says whether an address stands on a line of its own, as in
// lists of recipients.
func hasLoneAddress(human string) bool {
	for line := range strings.Lines(human[:min(len(human), 4000)]) {
		line = strings.TrimSpace(line)
		for _, a := range addressesIn(line) {
			if a.alone && len(a.addr)+4 > len(line) {
				return true
			}
		}
	}
	return false
}

func startsWithNotice(subject string) bool {
	s := plainSubject(subject)
	for _, n := range noticeSubjects {
		if startsWithAny(s, n.words) {
			return true
		}
	}
	return false
}

// bounceSubject knows the subjects that mail servers give their reports.
func bounceSubject(subject string) bool {
	subject = strings.ToLower(subject)
	return bounceSubjects.In(subject) && !(strings.HasPrefix(subject, "re: your message to") && bounceSubjects.Count(subject, 2) < 2)
}

// isReply says whether a subject begins as that of an answer or a forward does.
func isReply(subject string) bool { return tracker.ReadSubject(subject).Lead != tracker.NoPrefix }

// sureReport says whether only a mail server can have written the report:
// it is machine-readable, or its author's address is a daemon's, or a server
// sent it that takes no answer. All else is a guess by wording, and people
// write about failed mail in the same words.
func sureReport(in *tracker.Inbound, h *header, r report) bool {
	if r.status || h.has("x-failed-recipients") {
		return true
	}
	for _, a := range in.From {
		local, _, _ := strings.Cut(strings.ToLower(a.Address), "@")
		if daemonNames.In(local) {
			return true
		}
	}
	return nullSender(in) && robotName(in) > 0
}

func nullSender(in *tracker.Inbound) bool { return in.ReturnPath != nil && *in.ReturnPath == "" }

// surelyRobot says whether the sender's name is one that only mail servers
// have; a postmaster may be a person.
func surelyRobot(in *tracker.Inbound) bool {
	for _, a := range in.From {
		local, _, _ := strings.Cut(strings.ToLower(a.Address), "@")
		if a.Address == "" || daemonNames.In(local) || daemonNames.In(strings.ToLower(a.Name)) {
			return true
		}
	}
	return len(in.From) == 0
}

// The names of mail servers as authors of reports: surely, and perhaps.
var (
	daemonNames = anyof.New("mailer-daemon", "mailerdaemon", "mailer_daemon", "mailer daemon", "mdaemon", "mail.delivery", "mail delivery", "mail deliver system", "maildelivery", "mail-delivery", "microsoftexchange", "email delivery", "message delivery system", "delivery subsystem", "delivery system")
	maybeNames  = anyof.New("system administrator", "systemadministrator", "postmaster", "post_master", "post.master", "delivery", "mail system", "mail administrator", "mail admin", "mailadmin", "mail gateway", "mail server", "mailserver", "internet mail", "bounce", "undeliverable", "returned mail")
	serverNames = anyof.New("smtp", "gateway", "mailsweeper", "imss", "interscan", "mailmarshal", "bounce", "mailadmin", "mail-admin", "sysadmin", "gwia")
)

// fromRobot says how surely a mail server wrote this: 2 surely, 1 perhaps.
func fromRobot(in *tracker.Inbound) int {
	if n := robotName(in); n > 0 || !nullSender(in) {
		return n
	}
	return 1
}

// robotName is fromRobot by the names of the author alone.
func robotName(in *tracker.Inbound) int {
	if surelyRobot(in) {
		return 2
	}
	for _, a := range in.From {
		local, _, _ := strings.Cut(strings.ToLower(a.Address), "@")
		name := strings.ToLower(a.Name)
		switch {
		case strings.HasPrefix(local, "postmaster"), strings.HasPrefix(local, "post_master"):
			return 2
		case maybeNames.In(name), maybeNames.In(local), serverNames.In(local), local == "admin", local == "root", local == "administrator":
			return 1
		}
	}
	return 0
}

var failureWords = anyof.New(
	"could not be delivered", "couldn't be delivered", "can't be delivered", "cannot be delivered", "can not be delivered", "not be delivered", "wasn't able to deliver", "was not able to deliver", "unable to deliver", "undeliverable", "undelivered",
	"delivery failed", "failed to deliver", "delivery to the following", "delivery has failed", "permanent error", "permanent fatal errors", "fatal error", "failed permanently", "permanently failed", "user unknown", "unknown user", "no such user", "mailbox unavailable",
	"address rejected", "returned to sender", "returning to sender", "delivery status notification", "did not reach", "not reached", "has been rejected", "was rejected", "rejected by", "recipient rejected", "mailbox full", "mailbox is full", "over quota", "quota exceeded", "does not exist", "doesn't exist", "host unknown", "unknown host", "unrouteable", "relaying denied", "delivery attempts", "delivery error", "unknown address", "invalid recipient", "bounced", "not delivered", "wasn't delivered", "550 ", "554 ", "553 ", "552 ", "551 ", "5.1.1", "5.7.1",
	"konnte nicht zugestellt", "nicht zugestellt werden", "nicht zustellbar", "fehlgeschlagen", "n'a pas pu être", "n'a pu être remis", "no se pudo entregar", "non è stato possibile", "kon niet worden", "не может быть", "не было доставлено", "配信できません", "無法投遞", "无法发送", "无法送达", "无法投递", "投递失败", "errors from", "failed", "problem delivering", "error", "delayed", "delay",
	"could not be sent", "cannot be sent", "not accepting mail", "could not be reached", "could not deliver", "couldn't deliver", "cannot deliver", "can't deliver", "not able to be delivered", "non-deliverable", "nondeliverable", "has been returned", "was returned", "being returned", "delivery problems", "delivery errors", "had trouble delivering", "no mailbox", "invalid address", "not recognized", "not listed in", "no such", "not found", "was undeliverable", "rejected recipient", "returned mail", "refused by",
	"wurde nicht zugestellt", "konnte nicht", "konnten nicht", "zustellung", "nicht erreichbar", "existiert nicht", "unbekannt", "n'a pas été remis", "n'a pas été délivré", "impossible de remettre", "échec", "no ha podido", "no se ha podido", "no existe", "devuelto", "non può essere", "non è stato recapitato", "impossibile", "niet worden bezorgd", "niet afgeleverd", "não pôde ser", "não foi possível", "não existe", "kunde inte levereras", "kunne ikke leveres", "ei voitu toimittaa", "nie mogła zostać", "nie można", "nebylo možné", "nelze doručit", "nem sikerült", "teslim edilemedi", "не удалось доставить", "не может быть доставлено", "невозможно доставить", "не существует", "ошибка", "不可能", "届けることができません", "送信できません", "配送できません", "お届けできません", "存在しません", "エラー", "退信", "退回", "退件", "未能送达", "无法送达", "無法送達", "不存在", "失败", "失敗", "전송하지 못", "배달하지 못", "존재하지 않",
)

// bounceWords counts what only a report says.
func bounceWords(human string) int {
	return failureWords.Count(strings.ToLower(human[:min(len(human), 8000)]), 4)
}
