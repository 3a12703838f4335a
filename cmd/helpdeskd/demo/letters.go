package demo

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	"helpdeskd/ingest"
	"helpdeskd/tracker"
)

// understood is a letter as its reader sees it.
func understood(l Letter) tracker.Inbound { return ingest.Parse(l.Raw, ingest.Options{}) }

// Reply answers a letter as a mail program does: the ids of the thread, the
// subject once with Re:, and what is answered quoted below.
func Reply(p Person, l Letter, text string, files []File, at time.Time) Draft {
	in := understood(l)
	d := Draft{From: p.mailbox(), Date: at, Files: files, Subject: in.Subject}
	if !strings.HasPrefix(strings.ToLower(d.Subject), "re:") {
		d.Subject = "Re: " + d.Subject
	}
	to := in.ReplyTo
	if len(to) == 0 {
		to = in.From
	}
	for _, a := range to {
		d.To = append(d.To, mail.Address{Name: a.Name, Address: a.Address})
	}
	if in.MessageID != "" {
		d.InReplyTo = in.MessageID
		d.References = append(in.References, in.MessageID)
	}
	who := "you"
	if len(in.From) > 0 {
		who = orElse(in.From[0].Name, in.From[0].Address)
	}
	var quote strings.Builder
	for line := range strings.SplitSeq(strings.TrimRight(in.Text, "\n"), "\n") {
		quote.WriteString(strings.TrimRight("> "+line, " ") + "\n")
	}
	d.Text = fmt.Sprintf("%s\n\n%s\n\nOn %s, %s wrote:\n%s", text, p.SignOff, l.At.Format("Mon, 2 Jan 2006 at 15:04"), who, quote.String())
	return d
}

// plainText returns the plain text that a mail carries beside its design, ""
// where it has none.
func plainText(raw []byte) string {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return ""
	}
	return plainPart(textproto.MIMEHeader(m.Header), m.Body, 0)
}

func plainPart(h textproto.MIMEHeader, body io.Reader, depth int) string {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	switch {
	case err != nil || depth > 5:
	case kind == "text/plain" && h.Get("Content-Disposition") == "":
		switch strings.ToLower(h.Get("Content-Transfer-Encoding")) {
		case "quoted-printable":
			body = quotedprintable.NewReader(body)
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, body)
		}
		text, _ := io.ReadAll(io.LimitReader(body, 1<<20)) // what could be read is shown
		return strings.ToValidUTF8(strings.ReplaceAll(string(text), "\r\n", "\n"), "�")
	case strings.HasPrefix(kind, "multipart/"):
		parts := multipart.NewReader(body, params["boundary"])
		for {
			part, err := parts.NextRawPart()
			if err != nil {
				break
			}
			if text := plainPart(part.Header, part, depth+1); text != "" {
				return text
			}
		}
	}
	return ""
}

func header(raw []byte, name string) string {
	m, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		return ""
	}
	return m.Header.Get(name)
}

func messageID(raw []byte) string { return strings.Trim(header(raw, "Message-Id"), "<> ") }

func subjectOf(raw []byte) string {
	s, err := new(mime.WordDecoder).DecodeHeader(header(raw, "Subject"))
	if err != nil {
		return header(raw, "Subject")
	}
	return s
}
