package mailgen

import (
	"bytes"
	"fmt"
	"time"
)

// robot writes a mail that nobody wrote by hand and that must not be answered.
func (g *Generator) robot(k Kind) Mail {
	i := g.r.IntN(g.People)
	switch k {
	case AutoReply:
		p := g.person(i)
		p.address = "away." + p.address // so that it is nobody's ordinary address
		m := g.begin(k, p)
		m.Subject, m.MessageID = "Automatic reply: your request", g.newID()
		g.write(&m, []string{"Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: All"},
			"I am out of the office until Monday ("+m.Marker+").\nFor urgent matters call the front desk.\n")
		return m
	case List:
		m := g.begin(k, person{"Weekly News", fmt.Sprintf("news%d@letters.example", i%20)})
		m.Subject, m.MessageID = "This week in printers", g.newID()
		g.write(&m, []string{"List-Id: Printer news <news.letters.example>", "List-Unsubscribe: <https://letters.example/off>", "Precedence: bulk"},
			"Ten things about toner you did not know ("+m.Marker+").\n")
		return m
	case NoReply:
		m := g.begin(k, person{"Backup robot", fmt.Sprintf("no-reply%d@backup.example", i%20)})
		m.Subject, m.MessageID = "Backup finished", g.newID()
		g.write(&m, []string{"Auto-Submitted: auto-generated"}, "Backup of srv"+fmt.Sprint(i)+" finished ("+m.Marker+").\n")
		return m
	}
	return g.bounce(i)
}

// bounce writes a failed delivery (RFC 3464) of a mail that we never sent.
func (g *Generator) bounce(i int) Mail {
	m := g.begin(Bounce, person{"Mail Delivery System", "mailer-daemon@mx.example"})
	m.Subject, m.MessageID, m.Shape = "Undelivered Mail Returned to Sender", g.newID(), "report"
	gone := g.person(i)
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("Return-Path: <>")
	line("From: Mail Delivery System <%s>", m.From)
	line("To: <%s>", g.To)
	line("Subject: %s", m.Subject)
	line("Date: %s", g.at(len(g.done)).Format(time.RFC1123Z))
	line("Message-ID: <%s>", m.MessageID)
	line("Auto-Submitted: auto-replied")
	line("MIME-Version: 1.0")
	g.multi(&b, `report; report-type=delivery-status`, func(next func()) {
		next()
		part(&b, "text/plain; charset=us-ascii", "7bit", []byte("I could not deliver your mail ("+m.Marker+").\r\n<"+gone.address+">: user unknown"))
		next()
		part(&b, "message/delivery-status", "7bit", []byte("Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; "+gone.address+
			"\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\r\n"))
		next()
		part(&b, "text/rfc822-headers", "7bit", []byte("From: <"+g.To+">\r\nTo: <"+gone.address+">\r\nSubject: Your request\r\nMessage-ID: <"+g.newID()+">\r\n"))
	})
	m.Raw = b.Bytes()
	return m
}
