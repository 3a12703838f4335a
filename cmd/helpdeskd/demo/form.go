package demo

import (
	"fmt"
	"html"
	"net/mail"
	"strings"
	"time"
)

// FormAnswers is the company's IT request form, filled in.
type FormAnswers struct {
	Who      Person
	Happened string
	Repeat   string
	Since    string // a date as the form writes it
	Effect   string
	Computer string
	Place    string
}

// questions returns the form's questions with the answers, in its order.
func (f FormAnswers) questions() [][2]string {
	return [][2]string{
		{"Full name", f.Who.Name},
		{"Work email", f.Who.Address()},
		{"Department", f.Who.Department},
		{"Phone / extension", f.Who.Phone},
		{"What happened?", f.Happened},
		{"Can you repeat it? How?", f.Repeat},
		{"When did it start?", f.Since},
		{"What can you not do now?", f.Effect},
		{"Computer or device", f.Computer},
		{"Where are you?", f.Place},
	}
}

// Mail returns the mail that the company's Power Automate flow sends at a time
// of answers that were submitted at another: from the account of the flow's
// owner, with every answer as a bold question.
func (f FormAnswers) Mail(submitted, at time.Time) Draft {
	var text, body strings.Builder
	text.WriteString("A new IT support request has been submitted.\n\n")
	body.WriteString("<p>A new IT support request has been submitted.</p>\r\n<p>")
	for _, q := range f.questions() {
		fmt.Fprintf(&text, "%s: %s\n", q[0], q[1])
		fmt.Fprintf(&body, "<strong>%s</strong> %s<br>\r\n", html.EscapeString(colon(q[0])), strings.ReplaceAll(html.EscapeString(q[1]), "\n", "<br>\r\n"))
	}
	sent := submitted.UTC().Format("1/2/2006 3:04:05 PM")
	fmt.Fprintf(&text, "\nSubmission time: %s\nResponders' Email: %s\n", sent, f.Who.Address())
	fmt.Fprintf(&body, "<br>\r\nSubmission time: %s<br>\r\nResponders' Email: %s</p>\r\n", sent, html.EscapeString(f.Who.Address()))
	return Draft{
		From: mail.Address{Name: "IT request form", Address: FormSender},
		To:   []mail.Address{helpdeskMailbox()},
		// The flow's author gave every mail the same subject, as they all do.
		Subject: "New IT support request",
		Text:    text.String(), HTML: "<html><body>\r\n" + body.String() + "</body></html>\r\n",
		Date: at,
		Extra: []string{
			"x-ms-mail-application: Microsoft Power Automate; User-Agent:\r\n azure-logic-apps/1.0 (workflow 7c1f0e5a9b2d4e63; version 08585)\r\n microsoft-flow/1.0",
			"x-ms-mail-operation-type: Send",
			"x-ms-mail-environment-id: default-2a7b41c9-demo",
		},
	}
}

// colon ends a question that has no mark of its own.
func colon(q string) string {
	if strings.HasSuffix(q, "?") {
		return q
	}
	return q + ":"
}
