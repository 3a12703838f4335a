package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// TestBouncesComeBack has mails that really left come back in the shapes of
// several servers: our Message-ID in the returned copy, in returned headers,
// only in the text, and only our token where the server gave the mail an id
// of its own.
func TestBouncesComeBack(t *testing.T) {
	const (
		dead   = "Final-Recipient: rfc822; %[1]s\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n"
		report = "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.client.example\r\nTo: helpdesk@corp.example\r\nSubject: Undelivered Mail Returned to Sender\r\nMessage-ID: <%[2]s>\r\nMIME-Version: 1.0\r\n"
		parts  = report + "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.client.example\r\n\r\n" + dead + "\r\n--b\r\n"
	)
	shapes := []struct {
		name, mail string
		left       func(raw, id string) string
	}{
		{"copy", parts + "Content-Type: message/rfc822\r\n\r\n%[3]s\r\n--b--\r\n", func(raw, id string) string { return raw }},
		{"headers", parts + "Content-Type: text/rfc822-headers\r\n\r\n%[3]s\r\n--b--\r\n", func(raw, id string) string { return "Subject: x\r\nMessage-ID: <" + id + ">\r\n" }},
		{"qmail", report + "\r\nHi. This is the qmail-send program at mx.client.example.\r\nI'm afraid I wasn't able to deliver your message to the following addresses.\r\n\r\n<%[1]s>:\r\nRemote host said: 550 5.1.1 no such user\r\n\r\n--- Below this line is a copy of the message.\r\n\r\nReturn-Path: <helpdesk@corp.example>\r\n%[3]s\r\n", func(raw, id string) string { return raw }},
		{"text", report + "\r\nYour message could not be delivered to:\r\n\r\n%[1]s: 550 5.1.1 User unknown\r\n\r\nIt was known to us as %[3]s\r\n", func(raw, id string) string { return id }},
		{"token", parts + "Content-Type: message/rfc822\r\n\r\n%[3]s\r\n--b--\r\n", func(raw, id string) string {
			token, _, _ := strings.Cut(strings.TrimPrefix(id, "hd."), "@")
			return "From: helpdesk@corp.example\r\nReply-To: helpdesk+" + token + "@corp.example\r\nMessage-ID: <0100-relay@relay.example>\r\n\r\nHello\r\n"
		}},
	}
	for _, e := range []migrations.Engine{migrations.SQLite, migrations.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			d := newHostileDesk(t, e)
			for i, s := range shapes {
				d.now = d.now.Add(2 * time.Hour)
				to := fmt.Sprintf("user%d@client.example", i)
				ticket := d.take([]byte("From: User <" + to + ">\r\nTo: helpdesk@corp.example\r\nSubject: Scanner\r\nMessage-ID: <ask." + s.name + "@client.example>\r\n\r\nThe scanner is broken.\r\n")).Ticket
				var raw, id string
				for _, m := range d.drain() {
					if m.To[0] == to {
						raw, id = string(m.Data), strings.Trim(m.Header().Get("Message-Id"), "<>")
					}
				}
				if id == "" {
					t.Fatalf("%s: no mail went to %s", s.name, to)
				}
				before := d.lastOutbox()
				o := d.take(fmt.Appendf(nil, s.mail, to, "report."+s.name+"@mx.client.example", s.left(raw, id)))
				if o.Class != tracker.ClassBounce || o.Fate != tracker.FateNone || o.Ticket != ticket || d.lastOutbox() != before {
					t.Errorf("%s: %+v, want a bounce of %s that nobody is answered for", s.name, o, ticket)
				}
				for what, query := range map[string]string{
					"the mail":    `SELECT count(*) FROM outbox WHERE bounce = 'failed' AND to_address = ?`,
					"the address": `SELECT count(*) FROM client_address WHERE bounced_at IS NOT NULL AND address = ?`,
					"the ticket":  `SELECT count(*) FROM note WHERE kind = 'system' AND body LIKE 'Our acknowledgement to ' || CAST(? AS TEXT) || ' could not be delivered: the address does not exist (5.1.1).%'`,
				} {
					if n := d.count(query, to); n != 1 {
						t.Errorf("%s: %s is marked %d times", s.name, what, n)
					}
				}
			}
			tickets := d.count(`SELECT count(*) FROM ticket`)
			ask := d.take([]byte("From: Bob <bob@client.example>\r\nTo: helpdesk@corp.example\r\nSubject: Fwd: Undeliverable: Invoice\r\nMessage-ID: <fwd@client.example>\r\n\r\nWhat does this mean?\r\n\r\n---------- Forwarded message ----------\r\nFrom: MAILER-DAEMON@mx.example\r\nSubject: Undeliverable: Invoice\r\n\r\n<x@y.example>: 550 5.1.1 User unknown\r\n"))
			if ask.Class != tracker.ClassHuman || ask.Fate != tracker.FateNew || d.count(`SELECT count(*) FROM ticket`) != tickets+1 {
				t.Errorf("a person who asks about a bounce: %+v", ask)
			}
		})
	}
}
