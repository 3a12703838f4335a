package demo

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"mime"
	"net/mail"
	"strings"
	"time"
)

// arrival is a mail that comes in while one watches.
type arrival struct {
	as       string // the account that sends it; "" for a server of the world outside
	envelope string // the sender of those, "" for the null sender
	raw      []byte
}

// hand puts it into the company's mail server.
func (a arrival) hand(ctx context.Context, h *Hub) error {
	if a.as != "" {
		return h.Submit(ctx, a.as, []string{Helpdesk}, a.raw)
	}
	return h.Arrive(ctx, a.envelope, []string{Helpdesk}, a.raw)
}

// Arrivals hands in the sample mails: the first few at once, a burst of
// similar reports, then one about every pace, until all have come or ctx ends.
func (h *Hub) Arrivals(ctx context.Context, pace time.Duration, log *slog.Logger) {
	for i, make := range sampleMails() {
		wait := time.Duration(float64(pace) * (0.7 + 0.6*rand.Float64()))
		switch {
		case i < 4:
			wait = min(wait, time.Duration(i)*400*time.Millisecond)
		case i < 8: // the burst
			wait /= 5
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		a := make(h.clock(), h)
		if a.raw == nil {
			continue
		}
		if err := a.hand(ctx, h); err != nil && ctx.Err() == nil {
			log.Warn("a sample mail could not be handed in", slog.Int("mail", i), slog.Any("error", err))
		}
	}
}

// sampleMails returns the mails in their order. Each is made when its time
// comes, since some answer what lies in their author's mailbox by then.
func sampleMails() []func(at time.Time, h *Hub) arrival {
	plain := func(who, subject, text string) func(time.Time, *Hub) arrival {
		return func(at time.Time, _ *Hub) arrival { return from(who, at, subject, text) }
	}
	var submitted time.Time // of the form whose mail comes twice
	return []func(time.Time, *Hub) arrival{
		plain("edith.harrow", "Screen", "My screen is black. The board meets in twenty minutes, in my office."),
		func(at time.Time, _ *Hub) arrival {
			submitted = at
			return formArrival(priyasForm(), at, at)
		},
		mirroredLabels,
		plain("wendy.achterberg", "Wi-Fi in reception is gone", "Good morning! Visitors cannot get into the guest Wi-Fi, and neither can the visitor screen. The little lamp on the white box is orange instead of blue."),
		// A burst: one cause, told four times.
		plain("theo.mbeki", "internet???", "Is the internet down? Nothing loads, VPN neither. Have a call with a customer in 10."),
		plain("ivo.petrov", "Packet loss 62 % since 4 minutes", "ping to the gateway: 62 % loss, median 740 ms. It began on the minute. Second floor, both sockets."),
		plain("luis.ferreira", "No network in hall B", "All tablets say \"no connection\" again. Was somebody near the crane?"),
		plain("greta.solheim", "customs site does not open", "Neither does any other. Lorry leaves at 15:00!"),
		kameraBrennt,
		ateliersFrancais,
		outOfOffice,
		backAgain,
		supplier,
		forger,
		museumLogo,
		undeliverable,
		labLog,
		func(at time.Time, _ *Hub) arrival { return formArrival(priyasForm(), submitted, at) }, // a flow sends twice now and then
		newsletter,
		chairman,
		func(at time.Time, _ *Hub) arrival {
			return formArrival(FormAnswers{Who: person("greta.solheim"), Happened: "The parcel scale shows 0.000 kg for everything, also for the anvil.",
				Repeat: "Yes, put anything on it.", Since: at.Format("1/2/2006"), Effect: "Parcels are weighed by guessing.", Computer: "Scale at packing table 1", Place: "Dispatch"}, at, at)
		},
		plain("nadia.kowalczyk", "", "Forgot the subject. Also forgot my password, which is why I am writing from the telephone of Wendy."),
		thanks,
	}
}

// from is a plain mail of an employee, signed.
func from(who string, at time.Time, subject, text string) arrival {
	p := person(who)
	return arrival{as: p.Address(), raw: Draft{From: p.mailbox(), To: []mail.Address{helpdeskMailbox()}, Subject: subject,
		Text: text + "\n\n" + p.SignOff + "\n", Date: at}.Bytes()}
}

func formArrival(f FormAnswers, submitted, at time.Time) arrival {
	return arrival{as: FormSender, raw: f.Mail(submitted, at).Bytes()}
}

func priyasForm() FormAnswers {
	return FormAnswers{Who: person("priya.nair"), Happened: "Excel closes by itself as soon as I open the depreciation workbook. It shows the first sheet for about a second.",
		Repeat: "Yes: Finance share, folder Assets, open Depreciation.xlsx, wait.", Since: "This morning, after the restart",
		Effect: "I can not prepare the figures for the board.", Computer: "FH-NB-0148", Place: "Finance, second floor"}
}

// mirroredLabels has a picture in its text, as people paste them.
func mirroredLabels(at time.Time, _ *Hub) arrival {
	p := person("greta.solheim")
	text := "The label printer prints our sign the wrong way round. See for yourselves:"
	return arrival{as: p.Address(), raw: Draft{From: p.mailbox(), To: []mail.Address{helpdeskMailbox()}, Subject: "Labels come out mirrored", Date: at,
		Text: text + "\n\n[picture]\n\nThe clock runs backwards on every parcel.\n\n" + p.SignOff + "\n",
		HTML: "<html><body style=\"font-family:Calibri,sans-serif\">" + paragraphs(text) + "<p><img src=\"cid:label@finchharrow.example\" width=\"220\" height=\"220\" alt=\"a mirrored clock\"></p>" +
			paragraphs("The clock runs backwards on every parcel.\n\n"+p.SignOff) + "</body></html>",
		Files: []File{{Name: "label.png", Type: "image/png", ContentID: "label@finchharrow.example", Data: clockFace(220, 10, 9, true)}}}.Bytes()}
}

func kameraBrennt(at time.Time, _ *Hub) arrival {
	return from("oskar.brandt", at, "Messprogramm startet nicht mehr", "Guten Tag zusammen,\n\ndas Messprogramm für den Gang der Werke startet seit heute früh nicht mehr. Es erscheint kurz das Zifferblatt und dann „Lizenzserver nicht erreichbar (Fehler -15)“. Drei Kollegen warten, zwei davon ungeduldig.\n\nKönnten Sie bitte nachsehen?")
}

// ateliersFrancais is HTML with the long signature of its company.
func ateliersFrancais(at time.Time, _ *Hub) arrival {
	p := person("amelie.vasseur")
	text := "Bonjour,\n\ndepuis ce matin, la visioconférence n'a plus de son chez nous : on nous voit, on nous entend, mais nous n'entendons personne. La présentation du nouveau calibre est à 14 h 30.\n\nPouvez-vous nous aider avant ?"
	signature := `<table style="border-top:2px solid #b0893c;font-family:Georgia,serif;color:#28283c"><tr><td style="padding:8px"><img src="cid:logo@finchharrow.example" width="48" height="48" alt=""></td>
<td><b>Amélie Vasseur</b><br><span style="color:#777">Cheffe d'atelier · Besançon</span><br>+33 555 0140<br><i>Finch &amp; Harrow, horlogers depuis 1787</i></td></tr></table>
<p style="font-size:9px;color:#999">Ce message est confidentiel. Si vous l'avez reçu par erreur, merci de remonter votre montre et de nous le signaler.</p>`
	return arrival{as: p.Address(), raw: Draft{From: p.mailbox(), To: []mail.Address{helpdeskMailbox()}, Subject: "Visioconférence sans son : réunion à 14 h 30", Date: at,
		Text:  text + "\n\n-- \nAmélie Vasseur\nCheffe d'atelier, Besançon\n+33 555 0140\n",
		HTML:  "<html><body style=\"font-family:Georgia,serif\">" + paragraphs(text) + signature + "</body></html>",
		Files: []File{{Name: "logo.png", Type: "image/png", ContentID: "logo@finchharrow.example", Data: clockFace(96, 10, 9, false)}}}.Bytes()}
}

// backAgain answers the acknowledgement, as people do.
func backAgain(at time.Time, h *Hub) arrival {
	p := person("theo.mbeki")
	l := lastAbout(h, p.Address(), "internet???")
	if l == nil {
		return arrival{}
	}
	return arrival{as: p.Address(), raw: Reply(p, *l, "Back again here! The call went fine, I blamed the weather.", nil, at).Bytes()}
}

// outOfOffice answers the last mail that the helpdesk sent to Nadia.
func outOfOffice(at time.Time, h *Hub) arrival {
	p := person("nadia.kowalczyk")
	d := Draft{From: p.mailbox(), To: []mail.Address{helpdeskMailbox()}, Subject: "Automatic reply: your message", Date: at,
		Text:  "I am at the job fair until tomorrow and read my mail in the evening.\n\nIf a new colleague stands before you without a chair, please call Wendy on 300.\n\nNadia Kowalczyk\n",
		Extra: []string{"Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All"}}
	if l := lastAbout(h, p.Address(), ""); l != nil {
		d.InReplyTo, d.References = messageID(l.Raw), []string{messageID(l.Raw)}
		d.Subject = "Automatic reply: " + subjectOf(l.Raw)
	}
	return arrival{as: p.Address(), raw: d.Bytes()}
}

// supplier is somebody of another company, whom their own server vouches for.
func supplier(at time.Time, _ *Hub) arrival {
	return arrival{envelope: "orders@pendulum-it.example", raw: Draft{From: mail.Address{Name: "Pendulum IT Supplies", Address: "orders@pendulum-it.example"}, To: []mail.Address{helpdeskMailbox()},
		Subject: "Delivery of your order 40117 delayed by one week", Date: at,
		Text: "Dear Ms Lindqvist,\n\nthe docking stations of your order 40117 (12 pieces) have not left the ship yet. We expect them a week later than promised. Six from our own stock could be with you tomorrow: shall we send them?\n\nWith kind regards\nHenk Vermeulen\nPendulum IT Supplies\n"}.Bytes()}
}

// forger writes as the managing director from outside: it must be held.
func forger(at time.Time, _ *Hub) arrival {
	return arrival{envelope: "billing@quick-gift-cards.example", raw: Draft{From: mail.Address{Name: "Edith Harrow", Address: "edith.harrow@" + Domain}, To: []mail.Address{helpdeskMailbox()},
		Subject: "URGENT - are you at your desk?", Date: at, ID: newMessageID("x@quick-gift-cards.example"),
		Text: "I am in a meeting and can not talk. Reset my password now and send the new one to this address. Also I need five gift cards. Do not tell anybody, it is a surprise.\n\nEdith Harrow\nSent from my phone\n"}.Bytes()}
}

func museumLogo(at time.Time, _ *Hub) arrival {
	p := person("beatrix.underhill")
	return arrival{as: p.Address(), raw: Draft{From: p.mailbox(), To: []mail.Address{helpdeskMailbox()}, Subject: "A guided tour of eighty, and no sound", Date: at,
		Text:  "Dear colleagues,\n\nthe loudspeaker of the guided tour has gone quiet in the hall of regulators. It shows one green lamp and one that I should call apricot. Eighty school children are announced for Thursday at nine.\n\nI attach a picture of the time at which it stopped.\n\n" + p.SignOff + "\n",
		Files: []File{{Name: "the moment it stopped.png", Type: "image/png", Data: clockFace(320, 4, 42, false)}}}.Bytes()}
}

// undeliverable is the bounce (RFC 3464) of what the helpdesk sent to the
// supplier, by the supplier's server.
func undeliverable(at time.Time, h *Hub) arrival {
	const to, domain = "orders@pendulum-it.example", "pendulum-it.example"
	original, subject := newMessageID(Helpdesk), "Your request"
	for _, l := range h.World() {
		if headerAddress(l.Raw, "To") == to {
			original, subject = messageID(l.Raw), subjectOf(l.Raw)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "From: Mail Delivery System <mailer-daemon@%s>\r\nTo: %s\r\nSubject: Undeliverable: %s\r\nDate: %s\r\nMessage-ID: <%s>\r\nAuto-Submitted: auto-replied\r\n",
		domain, Helpdesk, mime.QEncoding.Encode("utf-8", subject), at.Format(time.RFC1123Z), newMessageID("x@"+domain))
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"bounce\"\r\n\r\n")
	fmt.Fprintf(&b, "--bounce\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nYour message to %s could not be delivered: the mailbox is full.\r\n\r\n", to)
	fmt.Fprintf(&b, "--bounce\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.%s\r\n\r\nFinal-Recipient: rfc822; %s\r\nAction: failed\r\nStatus: 5.2.2\r\nDiagnostic-Code: smtp; 552 5.2.2 Mailbox full\r\n\r\n", domain, to)
	fmt.Fprintf(&b, "--bounce\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: IT helpdesk <%s>\r\nTo: %s\r\nMessage-ID: <%s>\r\n\r\n--bounce--\r\n", Helpdesk, to, original)
	return arrival{raw: []byte(b.String())}
}

// labLog has a table attached.
func labLog(at time.Time, h *Hub) arrival {
	p := person("ivo.petrov")
	var table strings.Builder
	table.WriteString("time;pc2;pc3;difference_s\r\n")
	for i := range 240 {
		t := at.Add(time.Duration(i-240) * time.Minute)
		fmt.Fprintf(&table, "%s;%d.000;%d.%03d;%.3f\r\n", t.Format("15:04:05"), t.Unix()%100000, t.Unix()%100000+1, 800+i%50, 1.8+float64(i%50)/1000)
	}
	text := "As promised, the log of four hours. Note the drift after minute 50, which repeats."
	files := []File{{Name: "clock difference PC-LAB-2 PC-LAB-3.csv", Type: "text/csv", Data: []byte(table.String())}}
	if l := lastAbout(h, p.Address(), "Laboratory: clock"); l != nil {
		return arrival{as: p.Address(), raw: Reply(p, *l, text, files, at).Bytes()}
	}
	return arrival{as: p.Address(), raw: Draft{From: p.mailbox(), To: []mail.Address{helpdeskMailbox()}, Subject: "Laboratory: the log", Date: at, Text: text + "\n\n" + p.SignOff + "\n", Files: files}.Bytes()}
}

func newsletter(at time.Time, _ *Hub) arrival {
	return arrival{envelope: "bounce+17@news.escapement-weekly.example", raw: Draft{From: mail.Address{Name: "Escapement Weekly", Address: "editors@news.escapement-weekly.example"}, To: []mail.Address{helpdeskMailbox()},
		Subject: "Ten server rooms with beautiful clocks", Date: at, Text: "This week: ten server rooms with beautiful clocks, and one without.\n\nYou receive this because somebody at your company once bought a pendulum.\n",
		Extra: []string{"List-Id: <weekly.escapement-weekly.example>", "List-Unsubscribe: <https://escapement-weekly.example/leave>", "Precedence: bulk"}}.Bytes()}
}

func chairman(at time.Time, _ *Hub) arrival {
	return from("cornelius.finch", at, "Fwd: Your parcel is waiting", "My dear Mara,\n\nit says that a parcel waits for me and that I owe two pounds. I do like parcels. May I pay?\n\n---------- Forwarded message ----------\nFrom: Parcel Office <office@parcel-fees.example>\nSubject: Your parcel is waiting\nTo: cornelius.finch@"+Domain+"\n\nDear customer, a fee of 2.00 is open. Pay within 12 hours: parcel-fees.example/pay")
}

// thanks answers the last mail that the helpdesk sent to Edith.
func thanks(at time.Time, h *Hub) arrival {
	p := person("edith.harrow")
	l := lastAbout(h, p.Address(), "")
	if l == nil {
		return arrival{}
	}
	return arrival{as: p.Address(), raw: Reply(p, *l, "Thank you.", nil, at).Bytes()}
}
