package ingest

import (
	"strings"

	"helpdeskd/ingest/form"
	"helpdeskd/tracker"
)

// readForm reads the answers of a form mail. A form mail is human mail: a
// person filled it in, whoever sent it.
func readForm(in *tracker.Inbound, h *header, b *body, opt Options) {
	switch in.Class {
	case tracker.ClassHuman, tracker.ClassAutoReply, tracker.ClassList:
	default:
		in.NoForm = tracker.NoFormAutomatic
		return
	}
	m := form.Mail{
		From: in.From, ReplyTo: in.ReplyTo, Subject: in.Subject,
		IsReply: len(in.InReplyTo) > 0 || len(in.References) > 0 || isThreadChild(in.ThreadIndex),
		Flow:    isFlow(h), Doc: b.doc, Text: b.plain, Own: opt.Own, Labels: opt.Labels,
	}
	for _, a := range in.From {
		for _, s := range opt.FormSenders {
			m.Known = m.Known || a.Address != "" && strings.EqualFold(s, a.Address)
		}
	}
	in.Form, in.NoForm = form.Look(m)
	if in.Form == nil {
		return
	}
	for i := range in.Form.Answers {
		a := &in.Form.Answers[i]
		a.Question, a.Answer = cleanLine(a.Question, 1000), strings.TrimSpace(cleanBody(a.Answer))
		for j := range a.Files {
			a.Files[j].Name, a.Files[j].Link = cleanName(a.Files[j].Name), cleanLine(a.Files[j].Link, 4096)
		}
	}
	f := in.Form
	f.Title, f.Requester.Name, f.Subject = cleanLine(f.Title, 300), cleanLine(f.Requester.Name, 320), cleanLine(f.Subject, maxSubject)
	f.Requester.Address, _ = cleanAddress(f.Requester.Address)
	in.Class, in.ClassReason = tracker.ClassHuman, ""
	in.SuppressAck = f.Requester.Address == ""
}

// isThreadChild reports whether a Thread-Index is that of an answer.
func isThreadChild(index string) bool {
	x, ok := tracker.ReadThreadIndex(index)
	return ok && len(x.Answers()) > 0
}

// isFlow says whether Power Automate's connectors stamped the mail. The
// headers can be forged: they classify, they never give trust.
func isFlow(h *header) bool {
	app := strings.ToLower(h.get("x-ms-mail-application"))
	return strings.Contains(app, "power automate") || strings.Contains(app, "azure-logic-apps") || strings.Contains(app, "microsoft-flow") || strings.Contains(app, "microsoft flow") || strings.Contains(app, "power apps") || h.has("x-ms-mail-workflow")
}
