package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
	"helpdeskd/tracker/remedy"
)

// headersView is the part of a mailbox's page about forged headers.
type headersView struct {
	Probe    tracker.Probe
	Running  bool
	Waiting  bool // for the mail, with the page looking by itself
	Result   *tracker.HeaderTest
	Verdict  string
	Stamped  string // the authserv-id that was seen
	Exchange bool   // what is stamped looks like Exchange's
	Allowed  string // the trust that the test allows, "" for none
	Eml      string // address of the mail to send
	Commands []remedy.Lines
	To       string
	Trust    string
	Subject  string
}

// headersView reads the latest header test; it notes the result when its mail
// has arrived.
func (s *site) headersView(r *http.Request, c tracker.Connection, box tracker.Mailbox) (*headersView, error) {
	ctx := r.Context()
	v := &headersView{To: c.Address, Trust: c.Trust, Eml: mailboxPath(c.ID) + "/headers.eml"}
	p, err := s.store.LastProbe(ctx, box.ID, tracker.ProbeHeaders)
	if migrations.KindOf(err) == migrations.NotFound {
		return v, nil
	}
	if err != nil {
		return nil, err
	}
	v.Probe, v.Result, v.Running, v.Subject = p, p.Headers(), p.EndedAt == nil, p.Subject()
	if v.Result == nil && v.Running && s.opts.Connect != nil {
		row, err := s.store.ProbeMail(ctx, p)
		switch {
		case migrations.KindOf(err) == migrations.NotFound:
			v.Waiting = s.store.Now().Sub(p.CreatedAt.Time()) < time.Hour
		case err != nil:
			return nil, err
		default:
			blob, err := s.store.OpenBlob(ctx, row.Digest)
			if err != nil {
				return nil, err
			}
			h := s.opts.Connect.Headers(blob.Bytes(), p)
			blob.Close()
			h.At = s.store.Now()
			if err := s.store.RecordHeaderTest(ctx, actorOf(r), p.ID, h); err != nil {
				return nil, err
			}
			v.Result = &h
		}
	}
	if h := v.Result; h != nil {
		v.Verdict = h.Verdict()
		var said bool
		v.Stamped, said = h.Stamped()
		v.Exchange = said && v.Stamped == "" || len(h.AuthAs) > 0 && v.Stamped == ""
		switch {
		case h.Allows(tracker.TrustExchange, ""):
			v.Allowed = tracker.TrustExchange
		case h.Allows(tracker.TrustAuthserv, v.Stamped):
			v.Allowed = tracker.TrustAuthserv
		}
		return v, nil
	}
	v.Commands = forgedCommands(p.Outside, c.Address)
	return v, nil
}

// forgedCommands send the downloaded mail from outside, one line each.
func forgedCommands(address, mailbox string) []remedy.Lines {
	_, domain, _ := strings.Cut(address, "@")
	from, to := shellQuote(address), shellQuote(mailbox)
	return []remedy.Lines{
		{Where: "curl", Text: "curl --url smtps://smtp." + domain + " --user " + from + " --mail-from " + from + " --mail-rcpt " + to + " --upload-file helpdeskd-header-test.eml"},
		{Where: "swaks", Text: "swaks --server smtp." + domain + " --port 587 --tls --auth-user " + from + " --from " + from + " --to " + to + " --data @helpdeskd-header-test.eml"},
		// Send-MailMessage can send neither a file as it is nor a header; Windows ships curl.
		{Where: "Windows PowerShell", Text: "curl.exe --url smtps://smtp." + domain + " --user " + remedy.Quote(address) + " --mail-from " + remedy.Quote(address) + " --mail-rcpt " + remedy.Quote(mailbox) + " --upload-file helpdeskd-header-test.eml"},
	}
}

// startHeaders begins a header test.
func (s *site) startHeaders(w http.ResponseWriter, r *http.Request) error {
	c, err := s.connectionParam(r)
	if err != nil {
		return err
	}
	box, err := s.boxOfConnection(r.Context(), c)
	if err != nil {
		return err
	}
	forged := ""
	if c.Kind != tracker.KindMicrosoft365 {
		forged = strings.TrimSpace(r.PostFormValue("forged_id"))
		if forged == "" {
			_, forged, _ = strings.Cut(c.Address, "@")
		}
	}
	outside := r.PostFormValue("outside")
	if _, err := s.store.StartHeaders(r.Context(), actorOf(r), box.ID, outside, forged); err != nil {
		var wrong problems
		if err := wrong.add(err); err != nil {
			return err
		}
		return s.mailboxPage(w, r, http.StatusUnprocessableEntity, c, wrong)
	}
	return seeOther(w, r, mailboxPath(c.ID)+"#headers")
}

// forgedMail is the mail of a header test, to be sent from outside.
func (s *site) forgedMail(w http.ResponseWriter, r *http.Request) error {
	c, err := s.connectionParam(r)
	if err != nil {
		return err
	}
	box, err := s.boxOfConnection(r.Context(), c)
	if err != nil {
		return migrations.NotFoundf("not found")
	}
	p, err := s.store.LastProbe(r.Context(), box.ID, tracker.ProbeHeaders)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "message/rfc822")
	w.Header().Set("Content-Disposition", `attachment; filename="helpdeskd-header-test.eml"`)
	_, err = w.Write([]byte(p.ForgedMail(c.Address, s.store.Now())))
	return err
}

// trustMailbox decides which headers are believed.
func (s *site) trustMailbox(w http.ResponseWriter, r *http.Request) error {
	c, err := s.connectionParam(r)
	if err != nil {
		return err
	}
	version, err := formInt(r, "version")
	if err != nil {
		return err
	}
	t := tracker.Trusting{Trust: r.PostFormValue("trust"), AuthservID: r.PostFormValue("authserv_id"), Knowing: r.PostFormValue("knowing") == "1"}
	now, err := s.store.TrustConnection(r.Context(), actorOf(r), c.ID, t, version)
	if migrations.KindOf(err) == migrations.Invalid {
		var wrong problems
		wrong.put(err)
		return s.mailboxPage(w, r, http.StatusUnprocessableEntity, c, wrong)
	}
	if err != nil {
		return err
	}
	s.trials.carry(c, now)
	s.flash(r, "flash.saved")
	return seeOther(w, r, fmt.Sprintf("%s#headers", mailboxPath(c.ID)))
}

// shellQuote makes one word of a text for a shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
