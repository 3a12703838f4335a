package web

import (
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// entryView is one thing said or done on a ticket, as the page shows it.
type entryView struct {
	Kind         string // in, out, note, event
	ID           int64
	At           migrations.Stamp
	Who, Address string
	To           string     // whom a message went to
	Words        string     // of an event; the kind of a note
	Link         *thingView // what an event names, after Words
	After        string     // Words go on after it
	Icon         string
	Body, Quoted string
	Form         *tracker.Form
	Answers      *answersView
	Files        []fileView
	HTML         bool // there is an HTML body
	OnlyHTML     bool // and nothing else to read
	Whole        bool // there is text only, and a part of it is folded away or stands in a table
	Forwarded    string
	Held         bool
	Kept         bool // a technician's mail with commands, which nobody outside has
	HeldReason   string
	Auto         string // that it is automatic mail
	Sent         []sentView
	Defects      string
	Notes        []string   // what else is worth knowing of a mail
	Aside        []fileView // what came with it but nobody attached: signatures, winmail.dat
	Raw          bool
	Inbox        int64 // of a form's mail: how it is read can be looked at
	Cut          bool  // there is more in the raw mail
	Mine         bool  // the reader wrote this note, and may change it
	Version      int64 // of a note
	ByMe         bool  // the reader wrote it
	Left         int64 // seconds for which its reader can take it back; 0: not (any more)

	PinTo    string // pins it, or takes the pin off; "" where that can not be
	Pinned   bool
	MaySplit bool // it can be a ticket of its own
}

// sentView says how a mail of ours goes.
type sentView struct {
	Words string
	Bad   bool
	Title string // more, for whoever points at it
	Icon  string
	To    string // the mail's own page, where somebody should look
}

// fileView is an attachment as a tile.
type fileView struct {
	To, Name, Icon string // To is its address
	Size           int64
	Picture        bool
}

// entryView returns how an entry of a conversation is shown; false when not.
func (s *site) entryView(e tracker.Entry, t *tracker.Ticket, me *tracker.Account, named map[tracker.Thing]thingView) (entryView, bool) {
	switch {
	case e.Message != nil:
		v := s.messageView(e.Message)
		v.ByMe = e.Message.Direction == "out" && e.Message.AccountID == me.ID
		s.byForm(&v, e.Message, t)
		return v, e.Message.State != "rejected"
	case e.Note != nil:
		n := e.Note
		v := entryView{Kind: "note", ID: n.ID, At: n.At, Who: n.AccountName, Words: s.words.say("note." + string(n.Kind)), Body: n.Body,
			Version: n.Version, ByMe: n.AccountID == me.ID, Mine: n.AccountID == me.ID && !t.Archived()}
		for _, f := range n.Files {
			v.Files = append(v.Files, fileOf(f))
		}
		if n.AccountID == 0 {
			v.Who = s.words.say("product")
		}
		return v, true
	case e.Event != nil:
		return s.eventView(e, t, named)
	}
	return entryView{}, false
}

func (s *site) messageView(m *tracker.Message) entryView {
	v := entryView{Kind: "in", ID: m.ID, At: m.At, Who: m.FromName, Address: m.FromAddress, Body: m.Body, Quoted: m.Quoted, Form: m.Form,
		Held: m.State == "held", Kept: m.State == "kept", HeldReason: m.HeldReason, Defects: m.Defects, Notes: noteLines(m.Notes), Raw: m.Digest != "", Cut: m.Cut}
	if m.Direction == "out" {
		v.Kind, v.Address = "out", ""
	}
	if strings.TrimSpace(v.Who) == "" || strings.EqualFold(v.Who, v.Address) {
		v.Who, v.Address = m.FromAddress, ""
	}
	if m.Class != "" && m.Class != tracker.ClassHuman {
		v.Auto = s.words.say("class." + string(m.Class))
	}
	if v.Form != nil {
		v.Body, v.Answers = formRest(v.Form, v.Body), answersOf(v.Form)
		v.Inbox = m.InboxID
	}
	v.HTML = m.HTML() != nil
	v.Whole = !v.HTML && (v.Quoted != "" || v.Form != nil) && v.Raw && m.Direction == "in"
	v.Forwarded = s.originWords(m.Forwarded)
	v.OnlyHTML = v.HTML && strings.TrimSpace(v.Body) == "" && v.Form == nil
	for _, a := range m.Attachments {
		if f, ok := fileTile(a); ok && a.Role == tracker.RoleAside {
			v.Aside = append(v.Aside, f)
		} else if ok {
			v.Files = append(v.Files, f)
		}
	}
	var to []string
	for _, d := range m.Mails {
		name := d.ToName
		if name == "" {
			name = d.ToAddress
		}
		if d.Kind == tracker.MailReply {
			to = append(to, name)
		}
		v.Sent = append(v.Sent, s.sentView(d, name))
	}
	v.To = strings.Join(to, ", ")
	return v
}

// noteLines splits what there is to know of a mail, a line each.
func noteLines(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
}

// originWords says whose mail a forward passes on, "" for none.
func (s *site) originWords(f *tracker.Forwarded) string {
	if f == nil {
		return ""
	}
	who := f.From.Name
	switch {
	case who == "" || strings.EqualFold(who, f.From.Address):
		who = f.From.Address
	case f.From.Address != "":
		who += " (" + f.From.Address + ")"
	}
	words := s.words.say("msg.forwarded", who)
	if f.Date != "" {
		words = s.words.say("msg.forwarded_on", who, f.Date)
	}
	if f.Subject != "" {
		words = s.words.say("msg.forwarded_about", words, f.Subject)
	}
	return words
}

// byForm names the person in a form's answers as who speaks, where the
// ticket is theirs: the mail itself comes from the form.
func (s *site) byForm(v *entryView, m *tracker.Message, t *tracker.Ticket) {
	if m.Form == nil || t.ClientAddress == "" || m.Form.Requester.Address != t.ClientAddress || m.FromAddress == t.ClientAddress {
		return
	}
	v.Who, v.Address = t.ClientName, s.words.say("msg.by_form", t.ClientAddress, m.FromAddress)
	if nameUnless(t.ClientName, t.ClientAddress) == "" {
		v.Who, v.Address = t.ClientAddress, s.words.say("msg.through", m.FromAddress)
	}
}

// formRest is what a form mail's text says beyond the answers, which are
// shown as a table: nothing, as a rule.
func formRest(f *tracker.Form, body string) string {
	if len(f.Answers) > 0 {
		return ""
	}
	return body
}

func (s *site) sentView(d tracker.Delivery, name string) sentView {
	v := s.deliveryWords(d, name)
	if v.Bad {
		v.To = "/mail/outbox/" + strconv.FormatInt(d.ID, 10)
	}
	return v
}

func (s *site) deliveryWords(d tracker.Delivery, name string) sentView {
	v := sentView{Words: s.words.say("sent."+d.State, name)}
	if d.Kind == tracker.MailAck {
		v.Words = s.words.say("ack."+d.State, name)
	}
	if d.Bounce != "" && d.State == tracker.OutboxSent {
		return s.bounceView(d, name)
	}
	switch d.State {
	case tracker.OutboxDead, tracker.OutboxUncertain:
		v.Bad = true
		if d.Response != "" {
			v.Words += ": " + d.Response
		}
	case tracker.OutboxQueued:
		if d.Attempts > 0 {
			v.Words, v.Bad = s.words.say("sent.retrying", name, d.Attempts), true
		}
	}
	return v
}

// bounceView words what mail servers told us after they took a mail.
func (s *site) bounceView(d tracker.Delivery, name string) sentView {
	key := "sent."
	if d.Kind == tracker.MailAck {
		key = "ack."
	}
	if d.Bounce == tracker.BounceDelayed {
		return sentView{Words: s.words.say(key+"delayed", name), Title: d.BounceReason, Icon: "clock"}
	}
	v := sentView{Words: s.words.say(key+"returned", name), Bad: true, Icon: "alert-triangle"}
	if d.BounceReason != "" {
		v.Words += ": " + d.BounceReason
	}
	return v
}

// fileTile returns the tile of an attachment. Inline pictures get one too,
// since the text does not show them.
func fileTile(a tracker.Attachment) (fileView, bool) {
	if a.Role == tracker.RoleHTML {
		return fileView{}, false
	}
	return fileView{To: "/attachments/" + a.UID, Name: a.Name, Size: a.Size, Icon: fileIcon(a.ContentType), Picture: pictures[a.ContentType]}, true
}

// fileOf returns the tile of a file that was added to a note or a fix.
func fileOf(f tracker.File) fileView {
	return fileView{To: "/files/" + f.UID, Name: f.Name, Size: f.Size, Icon: fileIcon(f.ContentType), Picture: pictures[f.ContentType]}
}

func fileIcon(contentType string) string {
	switch {
	case strings.HasPrefix(contentType, "image/"):
		return "photo"
	case contentType == "application/pdf":
		return "file-type-pdf"
	case contentType == "message/rfc822":
		return "mail"
	}
	return "file"
}

var eventIcons = map[string]string{
	"opened": "inbox", "stage": "chevron-right", "reopened": "arrow-back-up", "fix": "tool", "priority": "star", "assigned": "user",
	"waiting": "hourglass", "waiting_changed": "hourglass", "due": "calendar-event", "missed": "alert-triangle", "reminded": "bell", "nudged": "bell",
	"category": "tag", "subject": "pencil", "requester": "user", "participant_added": "user-plus", "participant_removed": "user",
	"held": "alert-triangle", "approved": "check", "rejected": "ban", "revised": "refresh", "form_again": "refresh", "ack_withheld": "send-off", "archived": "archive",
	"kept_mail": "alert-triangle", "command_refused": "ban", "burst": "users", "burst_over": "users", "burst_left": "users", "mail_dead": "alert-triangle", "answers_revoked": "ban", "mail_uncertain": "alert-triangle",
	"watched": "eye", "unwatched": "eye", "taken_back": "arrow-back-up",
}

// eventView words an event as a whisper: who did what.
func (s *site) eventView(e tracker.Entry, t *tracker.Ticket, named map[tracker.Thing]thingView) (entryView, bool) {
	ev := e.Event
	who := e.Actor
	if who == "" {
		who = s.words.say("product")
	}
	icon := eventIcons[ev.Kind]
	if icon == "" {
		icon = "history"
	}
	v := entryView{Kind: "event", ID: ev.ID, At: ev.At, Icon: icon}
	key := "event." + ev.Kind
	switch ev.Kind {
	case "opened":
		v.Words = s.words.say(key, who)
		return v, strings.HasPrefix(ev.Actor, "account:") // else the first mail says it
	case "stage", "reopened":
		v.Words = s.words.say(key, who, s.words.say("stage."+ev.Was), s.words.say("stage."+ev.Became))
	case "priority":
		n, star := strings.CutSuffix(ev.Became, "*")
		level, _ := strconv.ParseInt(n, 10, 64)
		p := s.priority(level, star)
		v.Words = s.words.say(key, who, p.Mark+" "+p.Short)
	case "watched", "unwatched":
		return v, false // whoever watches stands beside the ticket
	case "taken_back":
		v.Words = s.words.say(key, who)
	case "assigned":
		switch {
		case ev.Became == "":
			key = "event.unassigned"
		case ev.Became == ev.Actor:
			key = "event.taken"
		}
		v.Words = s.words.say(key, who, e.Became)
	case "waiting":
		key += "." + orNobody(ev.Became)
		if ev.Became == "" && ev.Was != "" {
			key = "event.waiting.over." + ev.Was
		}
		v.Words = s.words.say(key, who)
	case "missed", "nudged":
		v.Words = s.words.say(key + "." + ev.Became)
	case "reminded":
		v.Words = s.words.say(key, ev.Became)
	case "due":
		if ev.Became == "" {
			key = "event.due.off"
		}
		v.Words = s.words.say(key, who)
	case "category":
		if ev.Became == "0" {
			key = "event.uncategorised"
		}
		v.Words = s.words.say(key, who, e.Became)
	case "fact":
		v.Words = s.words.say(key, who, s.words.say("fact."+ev.Became))
	case "for", "workaround":
		if ev.Became == "" {
			key += map[string]string{"for": ".none", "workaround": ".off"}[ev.Kind]
		}
		v.Words = s.words.say(key, who, e.Became)
	case "order", "linked", "unlinked", "merged", "merged_here", "unmerged", "unmerged_here", "adopted", "child_added", "parted", "child_removed", "child_message", "split", "split_off":
		t, status, _ := whispered(ev)
		link, ok := named[t]
		if !ok {
			link = thingView{Title: s.words.say("links.vanished")}
		}
		v.Link, v.Icon = &link, "link"
		switch {
		case ev.Kind == "unlinked":
			v.Icon = "unlink"
		case ev.Kind == "order":
			v.Icon = "tool"
			if key = "event.order.opened"; ev.Was != "" {
				key = "event.order.step"
				link.Title = "" // the whisper of its opening says it
				v.After = s.words.say("event.order.step.after", s.words.say("order.became."+status), who)
			}
		}
		v.Words = s.words.say(key, who)
	default:
		if !s.words.has(key) {
			key = "event.other"
		}
		name := e.Became
		if name == "" {
			name = s.words.say("client.unknown")
		}
		v.Words = s.words.say(key, who, name)
	}
	return v, true
}

func parseInt(text string) (int64, error)  { return strconv.ParseInt(text, 10, 64) }
func stampText(at migrations.Stamp) string { return strconv.FormatInt(int64(at), 10) }
