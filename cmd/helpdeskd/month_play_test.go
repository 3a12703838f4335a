package main

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"helpdeskd/tracker"
)

// when is the moment of a step.
func (s step) when() time.Time {
	at, err := time.Parse("15:04", s.time)
	if err != nil {
		panic(err) // a mistake in the script
	}
	return monthBegins.AddDate(0, 0, s.day-1).Add(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute)
}

func (s step) String() string {
	return fmt.Sprintf("day %d, %s: %s %s %s %s", s.day, s.time, s.who, s.does, s.on, s.more)
}

// subject is what a matter's first mail is called.
func (s step) subject() string {
	line, _, _ := strings.Cut(s.text, ".")
	return line
}

// play does one step on the real program.
func (o *office) play(s step) {
	o.t.Helper()
	if o.playMail(s) || o.playGuest(s) || o.playThings(s) || o.playDesk(s) {
		return
	}
	o.t.Fatalf("nobody knows how one %s: %s", s.does, s)
}

func (o *office) opened(s step, out tracker.Outcome) {
	o.t.Helper()
	n, err := tracker.ParseTicketName(out.Ticket)
	if err != nil || out.Fate != tracker.FateNew {
		o.t.Errorf("%s: became %s of %q: %s", s, out.Fate, out.Ticket, out.Reason)
	}
	o.number[s.on] = n
}

// wants checks a fate that the script is about.
func (o *office) wants(s step, out tracker.Outcome, fate string) {
	o.t.Helper()
	if out.Fate != fate {
		o.t.Errorf("%s: is %q (%s), not %q", s, out.Fate, out.Reason, fate)
	}
}

func (o *office) playMail(s step) bool {
	o.t.Helper()
	me := monthPersonOf(s.who)
	switch s.does {
	case "mails":
		o.last[s.on] = o.write(me, s.subject(), s.text, monthTrust)
		o.opened(s, o.arrive(o.last[s.on]))
	case "mails html":
		o.last[s.on] = o.write(me, s.subject(), "<html><body><p>"+s.text+"</p><p>Best regards</p></body></html>", monthTrust, "html")
		o.opened(s, o.arrive(o.last[s.on]))
	case "reports": // a program
		o.opened(s, o.arrive(o.write("Monitor <"+monthMail(s.who)+">", s.subject(), s.text, monthTrust, "Auto-Submitted: auto-generated")))
	case "sends again":
		o.wants(s, o.arrive(o.last[s.on]), tracker.FateDuplicate)
	case "fills the form":
		o.last[s.on] = o.form(s)
		o.opened(s, o.arrive(o.last[s.on]))
	case "answers":
		if s.more == "stranger" { // somebody who has seen the tag, and nothing else
			o.wants(s, o.arrive(o.write("Stan Stranger <stan@elsewhere.example>", fmt.Sprintf("Re: [HD-%d] Anything", o.number[s.on]), s.text)), tracker.FateNew)
			return true
		}
		h, text := o.letterTo(s.who, s.on, "")
		o.wants(s, o.arrive(o.answerTo(me, h, text, s.text, monthTrust)), tracker.FateAppend)
	case "thanks":
		h, text := o.letterTo(s.who, s.on, "")
		o.wants(s, o.arrive(o.answerTo(me, h, text, s.text, monthTrust)), tracker.FateAppend)
	case "answers by the tag": // from a telephone that keeps no references
		o.wants(s, o.arrive(o.write(me, fmt.Sprintf("Re: [HD-%d] %s", o.number[s.on], s.on), s.text, monthTrust)), tracker.FateAppend)
	case "is away":
		h, text := o.letterTo(s.who, s.on, "")
		o.wants(s, o.arrive(o.answerTo(me, h, text, "I am out of the office until Monday.", monthTrust, "Auto-Submitted: auto-replied")), tracker.FateAppend)
	case "commands":
		h, text := o.letterTo(s.who, s.on, "")
		o.wants(s, o.arrive(o.answerTo(fmt.Sprintf("%s <%s>", monthStaff[s.who], monthMail(s.who)), h, text, s.text, monthTrust)), tracker.FateAppend)
	case "forges": // a technician's name and words, without our server's word for it
		o.wants(s, o.arrive(o.write(fmt.Sprintf("%s <%s>", monthStaff[s.more], monthMail(s.more)), fmt.Sprintf("Re: [HD-%d] x", o.number[s.on]), s.text,
			strings.Replace(monthTrust, "pass", "fail", 1))), tracker.FatePending)
	case "bounces":
		h, _ := o.letterTo(s.who, s.on, "")
		o.wants(s, o.arrive(o.bounce(s, h.Get("Message-Id"))), tracker.FateNone)
	default:
		return false
	}
	return true
}

func (o *office) bounce(s step, id string) []byte {
	o.mails++
	to := monthMail(s.who)
	text := fmt.Sprintf(`Return-Path: <>
From: MAILER-DAEMON@mx.%[1]s
To: %[2]s
Subject: Delivery Status Notification (Failure)
Date: %[3]s
Message-ID: <report-%[4]d@mx.%[1]s>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_r"

--=_r
Content-Type: text/plain; charset=utf-8

Your message could not be delivered.

--=_r
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.%[1]s

Final-Recipient: rfc822; %[5]s
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--=_r
Content-Type: text/rfc822-headers

Message-ID: %[6]s

--=_r--
`, monthDomain, monthDesk, o.time().Format(time.RFC1123Z), o.mails, to, id)
	return []byte(strings.ReplaceAll(text, "\n", "\r\n"))
}

// form is what the office's Microsoft form has Power Automate send.
func (o *office) form(s step) []byte {
	text := fmt.Sprintf("<p>A new request has been submitted.</p><p><strong>Full name:</strong> %s<br>\n<strong>Work email:</strong> %s<br>\n<strong>What happened?</strong> %s<br>\n<strong>What can you not do now?</strong> %s<br>\n<strong>When did it start?</strong> 2026-03-01<br>\n<strong>Computer or device:</strong> my notebook<br>\nSubmission time: %s<br>\nResponders' Email: %s</p>",
		monthPeople[s.who], monthMail(s.who), s.text, "my budget", o.time().Format("1/2/2006 3:04:05 PM"), monthMail(s.who))
	return o.write("IT request form <"+monthForms+">", "New IT support request", text, monthTrust, "html",
		"x-ms-mail-application: Microsoft Power Automate; User-Agent: azure-logic-apps/1.0 microsoft-flow/1.0", "x-ms-mail-operation-type: Send")
}

func (o *office) playGuest(s step) bool {
	o.t.Helper()
	once := fmt.Sprintf("%d-%s-%s", s.day, s.time, s.who)
	switch s.does {
	case "presses yes":
		o.guest(s.who, s.on, "solved=yes", "/answer", url.Values{"solved": {"yes"}, "once": {once}})
	case "presses no":
		o.guest(s.who, s.on, "solved=no", "/answer", url.Values{"solved": {"no"}, "text": {s.text}, "once": {once}})
	case "says on the page":
		o.guest(s.who, s.on, "/r/", "/say", url.Values{"text": {s.text}, "once": {once}})
	case "opens again on the page":
		o.guest(s.who, s.on, "/r/", "/say", url.Values{"text": {s.text}, "open": {"again"}, "once": {once}})
	case "rates":
		o.guest(s.who, s.on, "/r/", "/rate", url.Values{"score": {s.more}, "comment": {s.text}})
	default:
		return false
	}
	return true
}

func (o *office) playDesk(s step) bool {
	o.t.Helper()
	once := fmt.Sprintf("%d-%s-%s", s.day, s.time, s.who)
	var path, version string
	if s.does != "logs a call" && s.does != "restarts" {
		path, version = o.ticket(s.on)
	}
	sentence := s.subject() + "; that was why."
	switch s.does {
	case "takes":
		o.post(s.who, path+"/assignee", "version", version, "assignee", strconv.FormatInt(o.ask(`SELECT id FROM account WHERE email = ?`, monthMail(s.who)), 10))
		if _, v := o.ticket(s.on); o.ask(`SELECT count(*) FROM ticket WHERE number = ? AND stage = 'requested'`, o.number[s.on]) == 1 {
			o.post(s.who, path+"/stage", "version", v, "stage", "in_progress")
		}
	case "assigns":
		o.post(s.who, path+"/assignee", "version", version, "assignee", strconv.FormatInt(o.ask(`SELECT id FROM account WHERE email = ?`, monthMail(s.more)), 10))
	case "judges":
		o.post(s.who, path+"/priority", "version", version, "priority", s.text)
	case "replies":
		o.post(s.who, path+"/reply", "text", s.text, "then", s.more, "once", once, "seen", "0")
	case "replies to the family":
		o.post(s.who, path+"/reply", "text", s.text, "once", once, "children", "1", "seen", "0")
	case "takes back":
		o.post(s.who, fmt.Sprintf("/messages/%d/back", o.ask(`SELECT MAX(id) FROM message WHERE direction = 'out'`)))
	case "notes":
		o.post(s.who, path+"/note", "text", s.text, "kind", "note", "once", once)
	case "fixes":
		o.post(s.who, path+"/fix", "version", version, "fix", s.text, "then", s.more, "summary", sentence, "was", "", "was_stage", "", "once", once)
	case "drops":
		o.post(s.who, path+"/stage", "version", version, "stage", "dropped", "reason", s.text)
	case "moves":
		pairs := []string{"version", version, "stage", s.more}
		if s.more == "completed" {
			pairs = append(pairs, "summary", sentence)
		}
		o.post(s.who, path+"/stage", pairs...)
	case "merges":
		o.post(s.who, path+"/merge", "into", fmt.Sprintf("HD-%d", o.number[s.more]), "seen", version)
	case "unmerges":
		o.post(s.who, path+"/unmerge")
	case "splits":
		id := o.ask(`SELECT MAX(id) FROM message WHERE ticket_id = (SELECT id FROM ticket WHERE number = ?) AND direction = 'in'`, o.number[s.on])
		o.number[s.more] = ticketIn(o.post(s.who, fmt.Sprintf("/messages/%d/split", id), "subject", s.text))
	case "adopts":
		pairs := []string{}
		for _, c := range strings.Split(s.more, ",") {
			pairs = append(pairs, "ticket", fmt.Sprintf("HD-%d", o.number[c]))
		}
		o.post(s.who, path+"/children", pairs...)
	case "settles the family":
		o.post(s.who, path+"/children/stage", "stage", s.more)
	case "waits for":
		o.post(s.who, path+"/waiting", "version", version, "on", s.more)
	case "sets the due date":
		o.post(s.who, path+"/due", "version", version, "day", s.text)
	case "watches":
		o.post(s.who, path+"/watch", "watch", "1")
	case "pins":
		id := o.ask(`SELECT MAX(id) FROM message WHERE ticket_id = (SELECT id FROM ticket WHERE number = ?) AND state = 'shown'`, o.number[s.on])
		o.post(s.who, fmt.Sprintf("/messages/%d/pin", id), "on", "1")
	case "asks what is missing":
		o.post(s.who, path+"/ask", "kind", tracker.QuestionAsk, "text", s.text, "items", s.more, "seen", "0", "once", once)
	case "says how understood":
		o.post(s.who, path+"/ask", "kind", tracker.QuestionUnderstood, "text", s.text, "seen", "0", "once", once)
	case "invites":
		o.post(s.who, path+"/participants", "address", monthMail(s.more))
	case "sums up":
		o.post(s.who, path+"/summary", "version", version, "summary", s.text)
	case "rejects", "approves":
		id := o.ask(`SELECT MIN(id) FROM message WHERE state = 'held'`)
		if s.does == "approves" {
			o.post(s.who, fmt.Sprintf("/held/%d/approve", id))
		} else {
			o.post(s.who, fmt.Sprintf("/held/%d/reject", id), "why", "It is not theirs.")
		}
	case "logs a call":
		o.number[s.on] = ticketIn(o.post(s.who, "/call", "who_text", monthMail(s.more), "what", s.text, "via", "phone", "take", "1"))
	case "restarts":
		o.close()
		o.open()
	default:
		return false
	}
	return true
}

func ticketIn(location string) int64 {
	m := regexp.MustCompile(`/tickets/(\d+)`).FindStringSubmatch(location)
	if m == nil {
		return 0
	}
	n, _ := strconv.ParseInt(m[1], 10, 64)
	return n
}

func (o *office) playThings(s step) bool {
	o.t.Helper()
	client := func(who string) string {
		return strconv.FormatInt(o.ask(`SELECT client_id FROM client_address WHERE address = ?`, monthMail(who)), 10)
	}
	asset := strconv.FormatInt(o.thing[s.on], 10)
	order := func() (string, string) {
		n, ok := o.order[s.on]
		if !ok { // opened by mail
			n = o.ask(`SELECT w.number FROM work_order w JOIN asset a ON a.id = w.asset_id WHERE a.tag = ?`, s.on)
		}
		return fmt.Sprintf("/orders/%d", n), strconv.FormatInt(o.ask(`SELECT version FROM work_order WHERE number = ?`, n), 10)
	}
	switch s.does {
	case "repairs":
		to := o.post(s.who, "/orders", "title", s.text, "choice", strconv.FormatInt(o.thing[s.more], 10), "ticket", strconv.FormatInt(o.number[s.on], 10), "do", "take", "assignee", "0", "vendor", "0")
		o.order[s.on], _ = strconv.ParseInt(to[strings.LastIndex(to, "/")+1:], 10, 64)
	case "hands over":
		o.post(s.who, "/assets/"+asset+"/move", "do", "deploy", "seen", strconv.FormatInt(o.ask(`SELECT moves FROM asset WHERE id = ?`, o.thing[s.on]), 10), "quick", "client:"+client(s.more), "reason", s.text)
	case "stows":
		o.post(s.who, "/assets/"+asset+"/move", "do", "stow", "seen", strconv.FormatInt(o.ask(`SELECT moves FROM asset WHERE id = ?`, o.thing[s.on]), 10), "quick",
			fmt.Sprintf("location:%d", o.ask(`SELECT location_id FROM asset WHERE tag = 'PR-1'`)), "reason", s.text)
	case "adds a cost":
		path, _ := order()
		o.post(s.who, path+"/lines", "line_kind", "part", "line_text", s.text, "quantity", "1", "unit_cost", s.more[:len(s.more)-2]+"."+s.more[len(s.more)-2:], "once", s.time+s.who)
	case "ends the repair":
		path, version := order()
		o.post(s.who, path+"/status", "version", version, "status", s.more, "resolution", s.text, "reason", s.text)
	default:
		return false
	}
	return true
}
