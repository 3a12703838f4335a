package ingest

import (
	"strings"

	"helpdeskd/ingest/anyof"
	"helpdeskd/tracker"
)

// What a report says that is not about a failure.
const (
	noticeDelayed   = "the delivery is delayed; the mail server goes on trying"
	noticeRelayed   = "the mail was passed on to a server that sends no receipts"
	noticeDelivered = "the mail was delivered"
)

// actionOf returns the action that a notice is about.
func actionOf(notice string) string {
	switch notice {
	case noticeDelayed:
		return tracker.ActionDelayed
	case noticeRelayed:
		return tracker.ActionRelayed
	case noticeDelivered:
		return tracker.ActionDelivered
	}
	return tracker.ActionFailed
}

// noticeOf says why a report is not about a failure, "" when it is. The
// machine-readable action decides (RFC 3464 section 2.3.3); without one the
// subject does, and then the text.
func noticeOf(action, subject, human string) string {
	switch action {
	case "delayed":
		return noticeDelayed
	case "relayed", "expanded":
		return noticeRelayed
	case "delivered", "deliverable":
		return noticeDelivered
	case "failed", "failure", "undeliverable":
		return ""
	}
	s := plainSubject(subject)
	if delaySubjects.In(s) {
		return noticeDelayed
	}
	for _, n := range noticeSubjects {
		if startsWithAny(s, n.words) {
			return n.notice
		}
	}
	s = strings.ToLower(strings.Join(strings.Fields(human[:min(len(human), 4000)]), " "))
	if finalWords.In(s) {
		return ""
	}
	if delayWords.In(s) {
		return noticeDelayed
	}
	if deliveredWords.In(s) && failureWords.Count(s, 1) == 0 {
		return noticeDelivered
	}
	return ""
}

// delaySubjects stand in the subjects of warnings, finalWords in the text of
// reports that gave up, however long they tried.
var (
	delaySubjects = anyof.New(
		"(delay)", "delayed", "warning: message", "warning: could not send", "warning: unable to deliver", "mail delivery warning", "delivery warning", "delivery delay", "delivery status notification: warning", "delivery status notification (warning)", "not yet been delivered", "not yet delivered", "still being retried", "temporarily undeliverable", "temporary delivery", "delay notification", "delay warning", "notice: mail delivery delay",
		"verzögert", "zustellverzögerung", "zustellung verzögert", "verzögerung", "remise retardée", "retardé", "retard de livraison", "retraso en la entrega", "entrega retrasada", "entrega con retraso", "recapito ritardato", "consegna ritardata", "ritardo nella consegna", "vertraagd", "entrega atrasada", "entrega retardada", "leverans fördröjd", "fördröjd", "forsinket", "viivästy", "opóźnion", "zpožděn", "oneskoren", "késleltet", "teslim gecikti", "gecikme", "доставка отложена", "задержка доставки", "задержк", "配信遅延", "配信の遅延", "遅延", "延迟", "延遲", "지연",
	)
	finalWords = anyof.New("i've given up", "i have given up", "giving up on", "permanent error", "permanent failure", "permanently failed", "failed permanently", "permanent fatal errors", "no further delivery attempts", "no further attempts", "delivery has failed", "could not be delivered for", "message has been removed from the queue", "wird nicht weiter versucht", "endgültig", "définitivement")
	delayWords = anyof.New(
		"this is a warning message only", "you do not need to resend", "you don't need to resend", "no action is required on your part", "delivery attempts will continue", "will continue to try", "will continue trying", "will keep trying", "continue to attempt", "further attempts will be made", "attempts will be made", "will be retried", "will retry for", "will try again", "message will be retried", "we'll keep trying", "we will keep trying", "has not yet been delivered", "has not been delivered yet", "still undelivered after", "is still in the queue", "still trying to deliver", "delivery to the following recipient has been delayed", "delivery to the following recipients has been delayed", "has been delayed", "temporarily deferred and will", "not an error", "this is only a warning", "temporary non-delivery",
		"es wird weiterhin versucht", "weitere zustellversuche", "wird weiter versucht", "sie müssen die nachricht nicht erneut", "verzögert sich", "continuera à essayer", "tentatives de remise se poursuivent", "nouvelles tentatives", "seguirá intentando", "continuará intentando", "continuerà a tentare", "ulteriori tentativi", "zal blijven proberen", "wordt opnieuw geprobeerd", "continuará a tentar", "försöker igen", "prøver igjen", "будет продолжать", "повторные попытки", "попытки доставки будут продолжены", "再送を試み", "配信を再試行", "将继续尝试", "系统将继续", "將繼續嘗試",
	)
	deliveredWords = anyof.New("was successfully delivered", "has been successfully delivered", "successfully delivered to", "your message has been delivered to the following", "your message was delivered to the following", "erfolgreich zugestellt", "wurde zugestellt", "a été remis à", "se ha entregado", "è stato recapitato", "is bezorgd", "successfully relayed", "was relayed to the following")
)

// noticeSubjects are what Exchange and others put before the subject of a
// report of success.
var noticeSubjects = []struct {
	notice string
	words  []string
}{
	{noticeRelayed, []string{"relayed:", "delivery status notification (relay)", "expanded:", "weitergeleitet:", "relayé", "retransmitido:", "retransmis", "inoltrato:", "doorgestuurd:", "reenviado:"}},
	{noticeDelivered, []string{"delivered:", "delivery status notification (success)", "successful mail delivery report", "delivery receipt", "zugestellt:", "übermittelt:", "remis :", "remis:", "entregado:", "entregue:", "consegnato:", "recapitato:", "bezorgd:", "levererat:", "levert:", "leveret:", "toimitettu:", "dostarczono:", "doručeno:", "доставлено:", "teslim edildi:", "配信済み", "已送达", "已传递", "已傳遞"}},
}
