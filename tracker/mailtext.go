package tracker

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"helpdeskd/migrations"
)

// MailText is a text of the mails that staff may word anew. The default is the
// mailer's; an empty setting means the default.
type MailText struct {
	Key     string   // ack_inside, …
	Setting string   // the setting that holds it
	Marks   []string // what may stand in it in braces: {ticket}
}

// The keys of the mail texts.
const (
	TextAckInside  = "ack_inside"  // acknowledgement, to people of the company
	TextAckOutside = "ack_outside" // acknowledgement, to everybody else
	TextAckClosed  = "ack_closed"  // further line of it when the desk is closed
	TextConfirm    = "confirm"     // asks whether it is solved
	TextGreeting   = "greeting"    // above technicians' replies
	TextSignature  = "signature"   // under technicians' replies
	TextRemind     = "remind"      // reminds a client whom we wait for
	TextInvite     = "invite"      // to somebody who is to sign in
)

// MailTexts returns all of them, in the order in which they are shown.
func MailTexts() []MailText {
	return []MailText{
		{TextAckInside, "text.ack_inside", []string{"ticket", "company", "helpdesk"}},
		{TextAckOutside, "text.ack_outside", []string{"ticket", "company", "helpdesk"}},
		{TextAckClosed, "text.ack_closed", []string{"opening", "company", "helpdesk"}},
		{TextGreeting, "text.greeting", []string{"name", "company", "helpdesk"}},
		{TextSignature, SetSignature, []string{"technician", "company", "helpdesk"}},
		{TextConfirm, "text.confirm", []string{"ticket", "company", "helpdesk"}},
		{TextRemind, "text.remind", []string{"ticket", "name", "company", "helpdesk"}},
		{TextInvite, "text.invite", []string{"by", "company", "helpdesk"}},
	}
}

// MailTextByKey returns one of them.
func MailTextByKey(key string) (MailText, bool) {
	for _, t := range MailTexts() {
		if t.Key == key {
			return t, true
		}
	}
	return MailText{}, false
}

func mailTextOf(setting string) (MailText, bool) {
	for _, t := range MailTexts() {
		if t.Setting == setting {
			return t, true
		}
	}
	return MailText{}, false
}

// maxMailText is the longest text that staff may give, in characters.
const maxMailText = 4000

var mailMark = regexp.MustCompile(`\{[^{}\n]*\}`)

// Check says what is wrong with a wording.
func (t MailText) Check(text string) error {
	if n := utf8.RuneCountInString(text); n > maxMailText {
		return migrations.Invalidf("This text has %d characters; the most is %d.", n, maxMailText)
	}
	for _, m := range mailMark.FindAllString(text, -1) {
		if !slices.Contains(t.Marks, strings.Trim(m, "{}")) {
			return migrations.Invalidf("Nothing is known by the name %s. In this text you can use {%s}.", clip(m, 40), strings.Join(t.Marks, "}, {"))
		}
	}
	return nil
}

// Fill puts values for the marks into a wording; a mark without a value stays.
func (t MailText) Fill(text string, values map[string]string) string {
	return mailMark.ReplaceAllStringFunc(text, func(m string) string {
		name := strings.Trim(m, "{}")
		if v, ok := values[name]; ok && slices.Contains(t.Marks, name) {
			return v
		}
		return m
	})
}
