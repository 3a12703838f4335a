package ingest

import "helpdeskd/tracker"

// Description is what `helpdeskd parse --json` prints of one mail.
type Description struct {
	File          string            `json:"file"`
	Class         tracker.Class     `json:"class"`
	ClassReason   string            `json:"class_reason,omitempty"`
	SuppressAck   bool              `json:"suppress_ack,omitempty"`
	MessageID     string            `json:"message_id"`
	Digest        string            `json:"digest"`
	Date          string            `json:"date,omitempty"`
	From          *tracker.Address  `json:"from"`
	FromAll       []tracker.Address `json:"from_all,omitempty"`
	FromDefect    string            `json:"from_defect,omitempty"`
	ReplyTo       []tracker.Address `json:"reply_to,omitempty"`
	To            []tracker.Address `json:"to,omitempty"`
	Cc            []tracker.Address `json:"cc,omitempty"`
	Subject       string            `json:"subject"`
	Text          string            `json:"text"`
	Reply         string            `json:"reply"`
	Quoted        string            `json:"quoted,omitempty"`
	InReplyTo     []string          `json:"in_reply_to,omitempty"`
	References    []string          `json:"references,omitempty"`
	Attachments   []Attachment      `json:"attachments"`
	Bounce        *tracker.Bounce   `json:"bounce,omitempty"`
	Form          *DescribedForm    `json:"form,omitempty"`
	ForwardedFrom *Original         `json:"forwarded_from,omitempty"`
	Defects       []string          `json:"defects,omitempty"`
	Notes         []string          `json:"notes,omitempty"`
}

// Attachment is one file of a mail.
type Attachment struct {
	Name        string `json:"name"`
	ContentType string `json:"content_type"`
	Size        int64  `json:"size"`
	Inline      bool   `json:"inline"`
	ContentID   string `json:"content_id,omitempty"`
	Aside       bool   `json:"aside,omitempty"` // a signature or wrapping that nobody attached
}

// Original is the author of a forwarded mail, with what else is known of it.
type Original struct {
	Name    string `json:"name,omitempty"`
	Address string `json:"address"`
	Date    string `json:"date,omitempty"` // as written in the forward
	Subject string `json:"subject,omitempty"`
}

// DescribedForm is a form with its requester's address under "email".
type DescribedForm struct {
	tracker.Form
	Requester struct {
		Name  string `json:"name"`
		Email string `json:"email"`
	} `json:"requester"`
}

// Describe shapes what Parse understood for people and programs. The author
// is the first mailbox of From that has an address: in a mail with several
// From headers the junk that a gateway put in front usually has none.
// Where From holds no address at all, a single Reply-To is shown for a person
// to go by; FromDefect says so.
func Describe(file string, in tracker.Inbound) Description {
	d := Description{
		File: file, Class: in.Class, ClassReason: in.ClassReason, SuppressAck: in.SuppressAck,
		MessageID: in.MessageID, Digest: in.Digest, FromDefect: in.FromDefect,
		ReplyTo: in.ReplyTo, To: in.To, Cc: in.Cc, Subject: in.Subject,
		Text: in.Text, Reply: in.Reply, Quoted: in.Quoted,
		InReplyTo: in.InReplyTo, References: in.References,
		Attachments: []Attachment{}, Bounce: in.Bounce, Defects: in.Defects, Notes: in.Notes,
	}
	if !in.Date.IsZero() {
		d.Date = in.Date.Format("2006-01-02T15:04:05Z07:00")
	}
	if f := in.Forwarded; f != nil {
		d.ForwardedFrom = &Original{Name: f.From.Name, Address: f.From.Address, Date: f.Date, Subject: f.Subject}
	}
	for i := range in.From {
		if d.From == nil || d.From.Address == "" {
			d.From = &in.From[i]
		}
	}
	if d.From == nil || d.From.Address == "" {
		if len(in.ReplyTo) == 1 && in.ReplyTo[0].Address != "" {
			d.From = &in.ReplyTo[0]
		}
	}
	if len(in.From) > 1 {
		d.FromAll = in.From
	}
	for _, p := range in.Parts {
		if p.Role == tracker.RoleHTML {
			continue
		}
		d.Attachments = append(d.Attachments, Attachment{Name: p.Name, ContentType: p.ContentType, Size: p.Size, Inline: p.Role == tracker.RoleInline, ContentID: p.ContentID, Aside: p.Role == tracker.RoleAside})
	}
	if in.Form != nil {
		d.Form = &DescribedForm{Form: *in.Form}
		d.Form.Requester.Name, d.Form.Requester.Email = in.Form.Requester.Name, in.Form.Requester.Address
		if d.Form.Answers == nil {
			d.Form.Answers = []tracker.Answer{}
		}
	}
	return d
}
