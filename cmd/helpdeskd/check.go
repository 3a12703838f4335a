package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
	"helpdeskd/tracker/remedy"
	"helpdeskd/web"
)

type checkCmd struct {
	ShowConfig bool   `help:"Print the configuration that is in force, without secrets, and try nothing."`
	Send       bool   `help:"Send each mailbox a test mail, and wait for the running helpdeskd to take it."`
	Headers    string `help:"Say what became of the forged headers of a mail saved raw, and try nothing else." placeholder:"FILE"`
	Forge      string `help:"Print a mail with forged trust headers, to be sent from this address outside, and try nothing else." placeholder:"ADDRESS"`
	ForgeAs    string `help:"The authserv-id in whose name --forge forges; leave it out for Microsoft 365." placeholder:"NAME"`
}

// finding is how one thing that was tried went.
type finding struct {
	name string
	ok   bool
	said string
	do   string // what to do where it is not ok
}

// Limits of what is worth a warning.
const (
	minFree      = 1 << 30 // bytes in the data directory
	maxSkew      = 2 * time.Minute
	certExpiring = 14 * 24 * time.Hour
	tryWithin    = 20 * time.Second
)

// Run tries everything that the configuration names. It changes nothing but
// one thing: a processed folder is made where it is missing.
func (c checkCmd) Run(s *session) error {
	conf, err := s.configuration()
	if err != nil {
		return err
	}
	if c.ShowConfig {
		return conf.Show(s.out)
	}
	if c.Forge != "" {
		if len(conf.Mailboxes) == 0 {
			return errors.New("the configuration has no mailbox: make the mail on the page of the mailbox")
		}
		nonce, _ := tracker.NewToken()
		p := tracker.Probe{Kind: tracker.ProbeHeaders, Nonce: nonce, MailID: "test." + nonce + "@" + conf.Mailboxes[0].Name + ".invalid", Outside: c.Forge, ForgedID: c.ForgeAs}
		_, err := fmt.Fprint(s.out, p.ForgedMail(conf.Mailboxes[0].Address, time.Now()))
		return err
	}
	all, failed := 0, 0
	tell := func(f finding) {
		all++
		if f.ok {
			fmt.Fprintf(s.out, "ok    %s: %s\n", f.name, f.said)
			return
		}
		failed++
		fmt.Fprintf(s.out, "FAIL  %s: %s\n", f.name, f.said)
		if f.do != "" {
			fmt.Fprintf(s.out, "      %s\n", f.do)
		}
	}
	if c.Headers != "" {
		if err := checkHeaders(c.Headers, tell); err != nil || failed == 0 {
			return err
		}
		return errors.New("these headers must not be believed")
	}
	where := conf.Path
	if where == "" {
		where = "variables only"
	}
	tell(finding{name: "configuration", ok: true, said: fmt.Sprintf("%s, mailboxes: %d", where, len(conf.Mailboxes))})
	checkPlaceholders(conf, tell)
	checkDatabase(s.ctx, conf, tell)
	checkFolder(conf, tell)
	checkCertificate(conf, tell)
	checkClock(s.ctx, conf, tell)
	for _, b := range conf.Mailboxes {
		checkMailbox(s.ctx, conf, b, tell)
	}
	checkMade(s.ctx, conf, c.Send, tell)
	if failed > 0 {
		return fmt.Errorf("%d of %d checks failed", failed, all)
	}
	fmt.Fprintf(s.out, "all %d checks passed\n", all)
	return nil
}

func checkMailbox(ctx context.Context, c *config.Config, b config.Mailbox, tell func(finding)) {
	keeper, done := grantsFor(ctx, c, b)
	defer done()
	account, err := accountOf(b, keeper, nil)
	if err != nil {
		tell(finding{name: b.Name + ", access token", said: plain(err)})
		return
	}
	at := remedy.Place{Mailbox: b.Address, ClientID: b.OAuth.ClientID}
	tryMailbox(ctx, b, account, at, func(t web.TryStep) { tell(findingOf(b.Name, t)) })
}

// findingOf words a step of trying a mailbox for the console.
func findingOf(mailbox string, t web.TryStep) finding {
	f := finding{name: mailbox + ", reading, " + t.Name, ok: t.OK, said: t.Said, do: t.Do}
	if t.Sending {
		f.name = mailbox + ", sending, " + t.Name
	}
	if t.Detail != "" {
		f.said += " (" + t.Detail + ")"
	}
	for _, l := range t.Lines {
		f.do += "\nIn " + l.Where + ":\n" + l.Text
	}
	f.do = strings.ReplaceAll(strings.TrimSpace(f.do), "\n", "\n      ")
	return f
}

func checkDatabase(ctx context.Context, c *config.Config, tell func(finding)) {
	ctx, stop := context.WithTimeout(ctx, tryWithin)
	defer stop()
	if missing(c.Database) { // opening it would make it
		tell(finding{name: "database", ok: true, said: fmt.Sprintf("%s is not there yet; the next start makes it", c.Database)})
		return
	}
	db, err := migrations.Connect(ctx, c.Database.Reveal())
	if err != nil {
		tell(finding{name: "database", said: fmt.Sprintf("%s can not be opened: %v", c.Database, err),
			do: "See that the server runs and can be reached from here, and that user, password and database name in the configuration are right."})
		return
	}
	defer db.Close()
	if err := db.Ping(ctx); err != nil {
		tell(finding{name: "database", said: fmt.Sprintf("%s does not answer: %v", c.Database, err), do: "Look into the database server's log."})
		return
	}
	have, know, err := db.Version(ctx)
	switch {
	case err != nil:
		tell(finding{name: "database", said: fmt.Sprintf("%s answers, but its schema can not be read: %v", c.Database, err), do: "Give the database's user the rights to its own schema: it must be the owner."})
	case have > know:
		tell(finding{name: "database", said: fmt.Sprintf("schema %d is newer than this program, which knows %d", have, know), do: "Run the newer helpdeskd that wrote it, or restore a backup made by this one."})
	case have < know:
		tell(finding{name: "database", ok: true, said: fmt.Sprintf("%s answers; schema %d, the next start brings it to %d", c.Database, have, know)})
	default:
		tell(finding{name: "database", ok: true, said: fmt.Sprintf("%s answers; schema %d is up to date", c.Database, have)})
	}
	if have == know {
		checkKey(ctx, c, db, tell)
	}
	if db.Engine == migrations.Postgres {
		var theirs migrations.Stamp
		if err := db.Get(ctx, &theirs, `SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)`); err == nil {
			tell(skew("clock, against the database", theirs.Time()))
		}
	}
}

// checkKey sees that the key file is the one of this database.
func checkKey(ctx context.Context, c *config.Config, db *migrations.DB, tell func(finding)) {
	switch key, err := tracker.CheckKey(ctx, db, c.KeyFile); {
	case err != nil:
		tell(finding{name: "key file", said: plain(err)})
	case key == nil:
		tell(finding{name: "key file", ok: true, said: c.KeyFile + " is not there yet; the next start makes it"})
	default:
		tell(finding{name: "key file", ok: true, said: fmt.Sprintf("%s, key %s. Keep a copy apart from the database's backups: without it no secret in them opens", c.KeyFile, key.ID())})
	}
}

// missing reports whether a SQLite database has not been made yet.
func missing(d config.DSN) bool {
	if d.File() == "" {
		return false
	}
	_, err := os.Stat(d.File())
	return errors.Is(err, fs.ErrNotExist)
}

func checkFolder(c *config.Config, tell func(finding)) {
	f := finding{name: "data directory", do: fmt.Sprintf("Create it and give it to the user that helpdeskd runs as: mkdir -p %s && chown helpdeskd %s", c.DataDir, c.DataDir)}
	_, err := os.Stat(c.DataDir)
	gone := errors.Is(err, fs.ErrNotExist)
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		f.said = fmt.Sprintf("%s can not be created: %v", c.DataDir, errors.Unwrap(err))
		tell(f)
		return
	}
	probe := filepath.Join(c.DataDir, ".check")
	if err := os.WriteFile(probe, []byte("helpdeskd check\n"), 0o600); err != nil {
		f.said = fmt.Sprintf("%s can not be written to: %v", c.DataDir, errors.Unwrap(err))
		tell(f)
		return
	}
	os.Remove(probe)
	free, err := freeBytes(c.DataDir)
	if gone {
		// Left behind, it would belong to whoever runs the check, who may be root.
		os.Remove(c.DataDir)
	}
	switch {
	case gone && (err != nil || free >= minFree):
		tell(finding{name: "data directory", ok: true, said: c.DataDir + " is not there yet; the next start makes it, when its user may"})
	case err != nil:
		tell(finding{name: "data directory", ok: true, said: c.DataDir + " can be written to"})
	case free < minFree:
		tell(finding{name: "data directory", said: fmt.Sprintf("%s has only %d MB free", c.DataDir, free>>20), do: "Make room: with a full disk no mail is taken (it stays safe in the mailbox)."})
	default:
		tell(finding{name: "data directory", ok: true, said: fmt.Sprintf("%s can be written to, %d GB free", c.DataDir, free>>30)})
	}
}

func checkCertificate(c *config.Config, tell func(finding)) {
	if c.TLS.Cert == "" {
		said := "none: the site speaks HTTP"
		if strings.HasPrefix(c.PublicURL, "https:") {
			said += ", so a proxy in front must do HTTPS for " + c.PublicURL
		}
		tell(finding{name: "certificate", ok: true, said: said})
		return
	}
	f := finding{name: "certificate", do: "Renew it, or name the right files under [tls]."}
	pair, err := tls.LoadX509KeyPair(c.TLS.Cert, c.TLS.Key)
	if err != nil {
		f.said = err.Error()
		tell(f)
		return
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		f.said = err.Error()
		tell(f)
		return
	}
	u, err := url.Parse(c.PublicURL)
	if err == nil {
		err = leaf.VerifyHostname(u.Hostname())
	}
	left := time.Until(leaf.NotAfter)
	switch {
	case err != nil:
		f.said = fmt.Sprintf("it is not for the host of public_url: %v", err)
	case left < 0:
		f.said = "it expired on " + leaf.NotAfter.Format(time.DateOnly)
	case left < certExpiring:
		f.said = fmt.Sprintf("it expires in %d days, on %s", int(left.Hours()/24), leaf.NotAfter.Format(time.DateOnly))
	default:
		f.ok, f.said = true, fmt.Sprintf("valid for %s until %s", u.Hostname(), leaf.NotAfter.Format(time.DateOnly))
	}
	tell(f)
}

// checkClock compares our clock with those of the token endpoints: tokens and
// certificates depend on it.
func checkClock(ctx context.Context, c *config.Config, tell func(finding)) {
	seen := map[string]bool{}
	for _, b := range c.Mailboxes {
		if b.OAuth.TokenURL == "" || seen[b.OAuth.TokenURL] {
			continue
		}
		seen[b.OAuth.TokenURL] = true
		if at, err := dateOf(ctx, b.OAuth.TokenURL); err == nil {
			tell(skew("clock, against the token endpoint", at))
		}
	}
	if now := time.Now(); now.Year() < 2026 {
		tell(finding{name: "clock", said: "it says " + now.Format(time.RFC1123), do: "Set the clock, best by NTP: systemctl enable --now systemd-timesyncd"})
	}
}

func skew(name string, theirs time.Time) finding {
	d := time.Since(theirs).Round(time.Second)
	if d.Abs() <= maxSkew {
		return finding{name: name, ok: true, said: fmt.Sprintf("%s apart", d.Abs())}
	}
	return finding{name: name, said: fmt.Sprintf("ours is %s apart", d), do: "Set the clock, best by NTP: systemctl enable --now systemd-timesyncd"}
}

// dateOf asks a web server what time it is.
func dateOf(ctx context.Context, at string) (time.Time, error) {
	ctx, stop := context.WithTimeout(ctx, tryWithin)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, at, nil)
	if err != nil {
		return time.Time{}, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return time.Time{}, err
	}
	answer.Body.Close()
	return http.ParseTime(answer.Header.Get("Date"))
}
