package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// mailboxesView is the list of mailboxes.
type mailboxesView struct {
	settingsFrame
	Rows  []mailboxRow
	File  []mailboxRow // of the configuration file: only shown
	Kinds []mailboxKind
}

// mailboxRow is one mailbox of the list.
type mailboxRow struct {
	Name, Address, To string
	Word, Tone        string // its state
	Words             string // of its trouble
}

// mailboxKind is one kind of mailbox that can be connected.
type mailboxKind struct{ Kind, Icon string }

// To is where one of this kind is begun.
func (k mailboxKind) To() string { return "/settings/mailboxes/new?kind=" + k.Kind }

func mailboxKinds() []mailboxKind {
	return []mailboxKind{{tracker.KindMicrosoft365, "cloud"}, {tracker.KindGoogle, "mail"}, {tracker.KindOtherServer, "server-2"}}
}

func (s *site) mailboxes(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v := mailboxesView{settingsFrame: settingsFrame{Nav: s.settingsNav("mailboxes")}, Kinds: mailboxKinds()}
	known, err := s.store.Mailboxes(ctx)
	if err != nil {
		return err
	}
	all, err := s.store.Connections(ctx)
	if err != nil {
		return err
	}
	for _, d := range s.store.DeclaredMailboxes() {
		v.File = append(v.File, s.mailboxRow(d.Name, d.Address, true, known))
	}
	for _, c := range all {
		row := s.mailboxRow(c.Name, c.Address, c.Enabled, known)
		row.To = mailboxPath(c.ID)
		v.Rows = append(v.Rows, row)
	}
	return s.renderSettings(w, r, http.StatusOK, "mailboxes", v)
}

// mailboxRow words how a mailbox does, on or off.
func (s *site) mailboxRow(name, address string, on bool, known []tracker.Mailbox) mailboxRow {
	row := mailboxRow{Name: name, Address: address, Word: s.words.say("box.off"), Tone: "off"}
	if !on {
		return row
	}
	row.Word, row.Tone = s.words.say("box.starting"), "wait"
	i := slices.IndexFunc(known, func(m tracker.Mailbox) bool { return m.Name == name })
	if i < 0 {
		return row
	}
	switch b := s.boxView(known[i]); b.Light {
	case "bad":
		row.Word, row.Tone, row.Words = s.words.say("box.trouble"), "bad", b.Words
	case "":
		row.Word, row.Tone = s.words.say("box.works"), "good"
	}
	return row
}

func mailboxPath(id int64) string { return "/settings/mailboxes/" + strconv.FormatInt(id, 10) }

// mailboxForm is the form that makes or changes a mailbox.
type mailboxForm struct {
	Nav      []tab
	Problems problems
	tracker.Connection
	Action, Back       string
	New                bool
	Grants, Sends      []choice
	Securities, Auths  []choice
	SMTPAuths          []choice
	More               bool // the further settings are open
	AliasText, OwnText string
	FormText, PollText string
	Ports              [2]string
	Has                map[string]bool // secrets that are there already
}

func (s *site) newMailboxPage(w http.ResponseWriter, r *http.Request) error {
	c := presetConnection(r.URL.Query().Get("kind"))
	if c.Kind == "" {
		return seeOther(w, r, "/settings/mailboxes")
	}
	c.Name = s.freeMailboxName(r)
	return s.mailboxForm(w, r, http.StatusOK, c, nil)
}

// freeMailboxName proposes a name that no mailbox has yet.
func (s *site) freeMailboxName(r *http.Request) string {
	taken := map[string]bool{}
	for _, d := range s.store.DeclaredMailboxes() {
		taken[d.Name] = true
	}
	all, _ := s.store.Connections(r.Context()) // it is only a proposal
	for _, c := range all {
		taken[c.Name] = true
	}
	for n := 1; ; n++ {
		name := "helpdesk"
		if n > 1 {
			name += "-" + strconv.Itoa(n)
		}
		if !taken[name] {
			return name
		}
	}
}

// presetConnection is a connection with what is usual for its kind.
func presetConnection(kind string) tracker.Connection {
	c := tracker.Connection{ConnectionSettings: tracker.ConnectionSettings{Kind: kind, Display: "IT helpdesk", Folder: "INBOX", Processed: "Processed", Begin: "now", Send: tracker.SendSMTP}}
	server := func(host, security, auth string) tracker.ConnectionServer {
		return tracker.ConnectionServer{Host: host, Security: security, Auth: auth}
	}
	switch kind {
	case tracker.KindMicrosoft365:
		c.Grant = tracker.GrantClient
		c.IMAP, c.SMTP = server("outlook.office365.com", "tls", "xoauth2"), server("smtp.office365.com", "starttls", "xoauth2")
	case tracker.KindGoogle:
		c.Grant, c.PlusAddressing = tracker.GrantNone, true
		c.IMAP, c.SMTP = server("imap.gmail.com", "tls", "plain"), server("smtp.gmail.com", "starttls", "plain")
	case tracker.KindOtherServer:
		c.Grant = tracker.GrantNone
		c.IMAP, c.SMTP = server("", "tls", "plain"), server("", "starttls", "plain")
	default:
		c.Kind = ""
	}
	return c
}

func (s *site) wordChoices(prefix string, values ...string) []choice {
	var all []choice
	for _, v := range values {
		all = append(all, choice{Value: v, Word: s.words.say(prefix + v)})
	}
	return all
}

func (s *site) mailboxForm(w http.ResponseWriter, r *http.Request, status int, c tracker.Connection, wrong problems) error {
	f := mailboxForm{Nav: s.settingsNav("mailboxes"), Problems: wrong, Connection: c, New: c.ID == 0,
		Action: "/settings/mailboxes", Back: "/settings/mailboxes",
		AliasText: strings.Join(c.Aliases, "\n"), OwnText: strings.Join(c.OwnDomains, "\n"), FormText: strings.Join(c.FormSenders, "\n"), PollText: "45",
		Sends: s.wordChoices("box.send.", tracker.SendSMTP, tracker.SendGraph), Securities: s.wordChoices("box.security.", "tls", "starttls", "plain"),
		Auths: s.wordChoices("box.auth.", "plain", "login", "xoauth2"), SMTPAuths: s.wordChoices("box.auth.", "plain", "login", "none"),
	}
	if c.Kind != tracker.KindMicrosoft365 {
		f.Auths = f.Auths[:2]
	}
	switch c.Kind {
	case tracker.KindMicrosoft365:
		f.Grants = s.wordChoices("box.grant.", tracker.GrantClient, tracker.GrantDevice)
	case tracker.KindGoogle:
		f.Grants = []choice{{Value: tracker.GrantNone, Word: s.words.say("box.grant.app_password")}, {Value: tracker.GrantService, Word: s.words.say("box.grant.service")}}
	}
	for i, p := range []int{c.IMAP.Port, c.SMTP.Port} {
		if p != 0 {
			f.Ports[i] = strconv.Itoa(p)
		}
	}
	if c.Poll != 0 {
		f.PollText = strconv.Itoa(int(c.Poll.Seconds()))
	}
	title := s.words.say("box.kind." + c.Kind)
	if !f.New {
		f.Action, f.Back, title = mailboxPath(c.ID), mailboxPath(c.ID), s.words.say("box.edit", c.Name)
		f.Has = map[string]bool{"password": c.Secrets.Password != "", "smtp_password": c.Secrets.SMTPPassword != "", "client_secret": c.Secrets.ClientSecret != "",
			"certificate": c.Secrets.Certificate != "", "service_account": c.Secrets.ServiceAccount != ""}
	}
	for _, field := range []string{"folder", "processed", "begin", "poll", "aliases", "own_domains", "form_senders", "junk"} {
		f.More = f.More || wrong[field] != ""
	}
	return s.render(w, r, status, "mailboxform", view{Title: title, Section: "settings", Data: f})
}

// typedConnection reads the form over what a connection is.
func typedConnection(r *http.Request, c tracker.Connection) (tracker.Connection, problems) {
	var wrong problems
	text := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	number := func(name string) int {
		v := text(name)
		if v == "" {
			return 0
		}
		n, err := strconv.Atoi(v)
		if err != nil {
			wrong.put(migrations.InvalidAt(name, "Please write a number."))
		}
		return n
	}
	if c.ID == 0 {
		c.Name = text("name")
	}
	c.Address, c.Display = text("address"), text("display")
	c.Folder, c.Processed, c.LeaveInPlace = text("folder"), text("processed"), text("leave_in_place") != ""
	c.Begin, c.PlusAddressing, c.Junk = text("begin"), text("plus_addressing") != "", text("junk")
	c.Poll = time.Duration(number("poll")) * time.Second
	c.Aliases, c.OwnDomains, c.FormSenders = listOf(r, "aliases"), listOf(r, "own_domains"), listOf(r, "form_senders")
	c.Tenant, c.ClientID, c.ObjectID, c.CA = text("tenant"), text("client_id"), text("object_id"), text("ca")
	c.SecretUntil = text("secret_until")
	if g := text("grant"); g != "" {
		c.Grant = g
	}
	if g := text("send"); g != "" {
		c.Send = g
	}
	if c.Kind == tracker.KindOtherServer {
		server := func(at string) tracker.ConnectionServer {
			return tracker.ConnectionServer{Host: text(at + "host"), Port: number(at + "port"), Security: text(at + "security"), Auth: text(at + "auth"), Username: text(at + "username")}
		}
		c.IMAP, c.SMTP = server("imap_"), server("smtp_")
	} else {
		usual := presetConnection(c.Kind)
		c.IMAP, c.SMTP = usual.IMAP, usual.SMTP
		if c.Grant != tracker.GrantNone {
			c.IMAP.Auth, c.SMTP.Auth = "xoauth2", "xoauth2"
		}
	}
	c.Secrets = tracker.ConnectionSecrets{Password: r.PostFormValue("password"), SMTPPassword: r.PostFormValue("smtp_password"),
		ClientSecret: text("client_secret"), Certificate: text("certificate"), ServiceAccount: text("service_account")}
	if c.Kind == tracker.KindGoogle { // Google shows app passwords in four groups
		c.Secrets.Password = strings.ReplaceAll(c.Secrets.Password, " ", "")
	}
	return c, wrong
}

// listOf reads a field with an entry a line.
func listOf(r *http.Request, name string) []string {
	return strings.FieldsFunc(r.PostFormValue(name), func(c rune) bool { return c == '\n' || c == '\r' || c == ',' || c == ';' || c == ' ' })
}

func (s *site) addMailbox(w http.ResponseWriter, r *http.Request) error {
	preset := presetConnection(r.PostFormValue("kind"))
	if preset.Kind == "" {
		return errForm
	}
	c, wrong := typedConnection(r, preset)
	if !wrong.Any() {
		made, err := s.store.AddConnection(r.Context(), actorOf(r), c)
		if err == nil {
			s.startTrial(made)
			return seeOther(w, r, mailboxPath(made.ID))
		}
		if err := wrong.add(err); err != nil {
			return err
		}
	}
	return s.mailboxForm(w, r, http.StatusUnprocessableEntity, c, wrong)
}

func (s *site) editMailboxPage(w http.ResponseWriter, r *http.Request) error {
	c, err := s.connectionParam(r)
	if err != nil {
		return err
	}
	return s.mailboxForm(w, r, http.StatusOK, c, nil)
}

func (s *site) changeMailbox(w http.ResponseWriter, r *http.Request) error {
	now, err := s.connectionParam(r)
	if err != nil {
		return err
	}
	version, err := formInt(r, "version")
	if err != nil || version == 0 {
		return errForm
	}
	c, wrong := typedConnection(r, now)
	c.Version = version
	if !wrong.Any() {
		changed, err := s.store.ChangeConnection(r.Context(), actorOf(r), c)
		if err == nil {
			s.startTrial(changed)
			s.flash(r, "flash.saved")
			return seeOther(w, r, mailboxPath(c.ID))
		}
		if migrations.KindOf(err) == migrations.Conflict {
			c.Version = now.Version
			return s.mailboxForm(w, r, http.StatusConflict, c, problems{"": s.words.say("box.stale")})
		}
		if err := wrong.add(err); err != nil {
			return err
		}
	}
	return s.mailboxForm(w, r, http.StatusUnprocessableEntity, c, wrong)
}

func (s *site) connectionParam(r *http.Request) (tracker.Connection, error) {
	id, err := idParam(r, "id")
	if err != nil {
		return tracker.Connection{}, err
	}
	return s.store.Connection(r.Context(), id)
}
