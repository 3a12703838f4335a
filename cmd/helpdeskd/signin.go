package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/tracker"
	"helpdeskd/tracker/oauth"
)

type connectCmd struct {
	Mailbox string `arg:"" help:"The mailbox's name in the configuration, with flow = \"device\" under oauth." name:"mailbox"`
	Forget  bool   `help:"Forget the sign-in instead."`
}

// Run has a person sign in for a mailbox by device code, and stores what comes
// of it; a running helpdesk goes on with it within seconds.
func (c connectCmd) Run(s *session) error {
	conf, err := s.configuration()
	if err != nil {
		return err
	}
	var box *config.Mailbox
	for i := range conf.Mailboxes {
		if conf.Mailboxes[i].Name == c.Mailbox {
			box = &conf.Mailboxes[i]
		}
	}
	if box == nil {
		return fmt.Errorf("the configuration has no mailbox %q", c.Mailbox)
	}
	if box.OAuth.Flow != string(oauth.FlowDevice) {
		return fmt.Errorf("mailbox %s does not sign in by device code: write flow = \"device\" under [mailbox.oauth], and auth = \"xoauth2\" under imap and smtp", c.Mailbox)
	}
	log := s.logger(conf)
	store, err := s.open(s.ctx, conf, tracker.Options{Log: log})
	if err != nil {
		return err
	}
	defer store.DB().Close()
	if c.Forget {
		if err := store.ForgetGrant(s.ctx, tracker.Actor{}, c.Mailbox); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "the sign-in of mailbox %s is forgotten here; its owner may revoke it at the provider, too\n", c.Mailbox)
		return nil
	}
	account, err := accountOf(*box, store.Grants(c.Mailbox), log)
	if err != nil {
		return err
	}
	return c.signIn(s, account)
}

func (c connectCmd) signIn(s *session, account *oauth.Account) error {
	d, err := account.StartDevice(s.ctx)
	if err != nil {
		return inWords(err)
	}
	fmt.Fprintf(s.out, "Open %s and enter the code\n\n    %s\n\nSign in there as the mailbox, or as somebody with full access to it.\nThe code is good until %s. Waiting …\n", d.URL, d.UserCode, d.Expires.Local().Format(time.TimeOnly))
	subject, err := account.AwaitDevice(s.ctx, d)
	if err != nil {
		return inWords(err)
	}
	if subject == "" {
		subject = "whom the provider does not name"
	}
	fmt.Fprintf(s.out, "signed in as %s; see with helpdeskd check that the mailbox can be read\n", subject)
	return nil
}

// inWords is why there is no token, for people.
func inWords(err error) error {
	var e *oauth.Error
	if !errors.As(err, &e) {
		if errors.Is(err, context.Canceled) {
			return errors.New("stopped: nothing was stored")
		}
		return err
	}
	what, do := oauth.Explain(e)
	return fmt.Errorf("%s. %s", what, do)
}
