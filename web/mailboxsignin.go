package web

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// SignIn is a sign-in by code that has begun: a person opens URL and enters
// Code. Await returns who signed in, when they have.
type SignIn struct {
	Code, URL string
	Until     time.Time
	Await     func(ctx context.Context) (who string, err error)
}

// signInView is how a sign-in by code stands.
type signInView struct {
	Code, URL string
	Until     time.Time
	Waiting   bool
	Who       string // who signed in
	Failed    string
}

// signIns are those of this process, by connection.
type signIns struct {
	mu  sync.Mutex
	all map[int64]*signInView
}

func (ss *signIns) get(id int64) *signInView {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if v := ss.all[id]; v != nil {
		now := *v
		return &now
	}
	return nil
}

func (ss *signIns) put(id int64, v signInView) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.all == nil {
		ss.all = map[int64]*signInView{}
	}
	ss.all[id] = &v
}

// signInMailbox begins a sign-in by code, and waits for it behind the page.
func (s *site) signInMailbox(w http.ResponseWriter, r *http.Request) error {
	c, err := s.connectionParam(r)
	if err != nil {
		return err
	}
	if s.opts.Connect == nil || c.Grant != tracker.GrantDevice {
		return errNowhere
	}
	begun, err := s.opts.Connect.SignIn(r.Context(), c)
	if err != nil {
		said := migrations.SafeMessage(err)
		if said == "" {
			return err
		}
		s.signIns.put(c.ID, signInView{Failed: said})
		return seeOther(w, r, mailboxPath(c.ID)+"#signin")
	}
	v := signInView{Code: begun.Code, URL: begun.URL, Until: begun.Until, Waiting: true}
	s.signIns.put(c.ID, v)
	go func() {
		ctx, stop := context.WithDeadline(context.Background(), begun.Until)
		defer stop()
		defer s.caught("a sign-in by code", func(t TryStep) { s.signIns.put(c.ID, signInView{Failed: t.Said}) })
		who, err := begun.Await(ctx)
		if err != nil {
			s.log.Warn("a sign-in by code failed", slog.String("mailbox", c.Name), slog.Any("error", err))
			s.signIns.put(c.ID, signInView{Failed: s.words.say("box.signin_failed")})
			return
		}
		s.signIns.put(c.ID, signInView{Who: who})
		s.startTrial(c)
	}()
	return seeOther(w, r, mailboxPath(c.ID)+"#signin")
}
