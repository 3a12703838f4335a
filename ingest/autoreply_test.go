package ingest

import (
	"testing"

	"helpdeskd/tracker"
)

// TestAutoReply: what programs answer in many languages, and what people write
// about their absence or about automatic answers.
func TestAutoReply(t *testing.T) {
	const from = "From: Anna <anna@corp.example>\nTo: helpdesk@corp.example\n"
	auto, human := tracker.ClassAutoReply, tracker.ClassHuman
	for _, c := range []struct {
		header, body string
		class        tracker.Class
	}{
		// headers
		{"Subject: Re: Scanner\nAuto-Submitted: auto-replied", "x", auto},
		{"Subject: Re: Scanner\nX-Autoreply: yes", "x", auto},
		{"Subject: Re: Scanner\nX-Autorespond: Scanner", "x", auto},
		{"Subject: Re: Scanner\nX-Mail-Autoreply: 1", "x", auto},
		{"Subject: Re: Scanner\nX-Auto-Response-From: a@b.example", "x", auto},
		{"Subject: Re: Scanner\nX-Autoreply: no", "x", human},
		{"Subject: Scanner\nX-Auto-Response-Suppress: OOF", "The scanner is broken.", human},
		{"Subject: Re: Scanner\nPrecedence: auto_reply", "x", auto},
		{"Subject: Re: Scanner\nX-Precedence: auto_reply", "x", auto},
		{"Subject: Re: Scanner\nX-Apple-Action: VACATION", "x", auto},
		{"Subject: Re: Scanner\nX-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent", "x", auto},
		{"Subject: Re: Scanner\nReturn-Path: <>\nIn-Reply-To: <a@b.example>", "I am away.", auto},
		// a rule of Exchange, or of another program, forwards what a person wrote
		{"Subject: Fwd: Scanner\nAuto-Submitted: auto-generated\nX-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent\nX-MS-Exchange-Inbox-Rules-Loop: a@corp.example", "The scanner is broken.", human},
		{"Subject: Scanner\nResent-From: b@corp.example", "The scanner is broken.", human},
		{"Subject: Scanner\nX-Forwarded-To: helpdesk@corp.example\nX-Forwarded-For: a@corp.example", "The scanner is broken.", human},
		// subjects
		{"Subject: Automatic reply: Scanner", "x", auto},
		{"Subject: Out of Office AutoReply: Scanner", "x", auto},
		{"Subject: [Auto-Reply] Scanner", "x", auto},
		{"Subject: Automatische Antwort: Scanner", "x", auto},
		{"Subject: Abwesenheitsnotiz: Scanner", "x", auto},
		{"Subject: Réponse automatique : Scanner", "x", auto},
		{"Subject: Respuesta automática: Scanner", "x", auto},
		{"Subject: Risposta automatica: Scanner", "x", auto},
		{"Subject: Automatisch antwoord: Scanner", "x", auto},
		{"Subject: Resposta automática: Scanner", "x", auto},
		{"Subject: Automatiskt svar: Scanner", "x", auto},
		{"Subject: Automaattinen vastaus: Scanner", "x", auto},
		{"Subject: Automatyczna odpowiedź: Scanner", "x", auto},
		{"Subject: Automatická odpověď: Scanner", "x", auto},
		{"Subject: Автоматический ответ: Scanner", "x", auto},
		{"Subject: Otomatik yanıt: Scanner", "x", auto},
		{"Subject: 自動応答: Scanner", "x", auto},
		{"Subject: 自动回复：Scanner", "x", auto},
		{"Subject: 자동 회신: Scanner", "x", auto},
		// subject and words
		{"Subject: Out of the office until Monday", "Thank you for your email. I will be back on Monday; for urgent matters write to Bo.", auto},
		{"Subject: Ich bin im Urlaub", "Vielen Dank für Ihre Nachricht. In dringenden Fällen wenden Sie sich bitte an Bo.", auto},
		{"Subject: Absence", "Merci pour votre message. En cas d'urgence, appelez Bo.", auto},
		{"Subject: Re: Scanner", "This is an automated response. We have received your request.", auto},
		{"Subject: Re: Scanner", "Dies ist eine automatische Antwort.\n\nIch bin ab Montag wieder da.", auto},
		{"Subject: Please confirm your message", "Your message to anna@corp.example has not been delivered yet. To prove that you are a human, click https://mail.example/c/1", auto},
		// people
		{"Subject: Out of office tomorrow", "I am out of office tomorrow, please reset my password today.", human},
		{"Subject: Automatic reply is broken", "My automatic reply does not go out any more.", human},
		{"Subject: Automatic reply", "How do I set an automatic reply in Outlook?", human},
		{"Subject: Vacation", "Hi, I am on vacation from Monday on; can you give Bo access to my mailbox?", human},
		{"Subject: RE: Automatic reply: Scanner", "Sorry, I was away. The scanner is still broken.", human},
		{"Subject: Abwesenheit Frau Wood", "Bitte richten Sie für Frau Wood eine Abwesenheitsnotiz ein.", human},
		{"Subject: Auto: Navi defekt", "Im Auto geht das Navi nicht.", human},
		{"Subject: RE: Scanner", "Still broken.\n\nFrom: Bo <bo@corp.example>\nSent: Monday, 2 March 2026 10:00\nTo: Anna <anna@corp.example>\nSubject: Scanner\n\nThis is an automatic reply. I am away.", human},
		{"Subject: FW: Scanner", "This is an automatic reply, why do I get it each time?", human},
		{"Subject: Filter of our supplier", "They say that my mail is being held until I am on their approved senders list: https://mail.example/c/1. Can you help?", human},
		{"Subject: Captcha", "The portal asks me to confirm that I am not a robot, and then nothing happens: https://portal.example", human},
		{"Subject: Error sending mail", "Since today I get an error when I send mail to bob@x.example: 550 5.1.1 user unknown. What can I do?", human},
		{"Subject: Undeliverable: Invoice", "Hi, this came back to me, please help. User unknown, it says, could not be delivered.\nAnna", human},
		{"Subject: Undeliverable mails", "All my mails come back with \"550 5.1.1 User unknown\". Please help. An example: <bob@x.example>.", human},
		{"Subject: Mail delivery failed again", "Hello,\nmy message to a customer was not delivered. The error is '554 rejected'.\nUser-Agent is Outlook.\nAnna\n", human},
	} {
		for _, mailer := range []string{"", "\nX-Mailer: none"} { // many mail programs do not name themselves
			if in := Parse(letter(from+c.header+mailer, c.body+"\n"), Options{}); in.Class != c.class {
				t.Errorf("%q %q: %s (%s)", c.header+mailer, c.body, in.Class, in.ClassReason)
			}
		}
	}
}
