package mailer

import (
	"context"
	"fmt"
	"strings"

	"helpdeskd/tracker/remedy"
)

// Step is one thing that Check tried.
type Step struct {
	Name   string // in words
	OK     bool
	Said   string // how it went
	Advice string // what to do, where it failed
	Detail string // the server's own words, or the error
	Case   remedy.Case
}

// Check tries to send as far as the server's consent to the sender, and no
// further: nothing is sent. The steps end with the first that fails. Tell,
// where it is not nil, is told each step as it ends.
func Check(ctx context.Context, c SMTPConfig, tell func(Step)) []Step {
	var steps []Step
	add := func(s Step) {
		steps = append(steps, s)
		if tell != nil {
			tell(s)
		}
	}
	w, err := loadWords("en")
	if err != nil {
		add(Step{Name: "settings", Said: err.Error()})
		return steps
	}
	if bad := c.Validate(); len(bad) > 0 {
		for _, b := range bad {
			add(Step{Name: w.say("check.settings"), Said: b.Error()})
		}
		return steps
	}
	add(Step{Name: w.say("check.settings"), OK: true, Said: w.say("check.ok.settings")})
	if c.Graph != "" {
		checkGraph(ctx, w, c, add)
		return steps
	}
	var last stage // begun, and not known to have gone well
	s, err := connect(ctx, c, usual, func(at stage) {
		if last != "" {
			add(w.passed(c, last))
		}
		last = at
	})
	if err != nil {
		add(w.failed(c, err))
		return steps
	}
	add(w.passed(c, last))
	defer s.close()
	from, err := cleanAddress(c.Address)
	if err == nil {
		err = s.command(func() error { return s.client.Mail("<" + from + ">") })
	}
	if err != nil {
		add(w.failed(c, newTrouble(stageSender, err)))
		return steps
	}
	s.reset()
	add(w.passed(c, stageSender))
	return steps
}

// checkGraph sees that there is a token, and that the mailbox may send with it.
func checkGraph(ctx context.Context, w words, c SMTPConfig, add func(Step)) {
	c.Host, c.Port = c.graphHost()
	g, err := openGraph(ctx, c, usual)
	if err != nil {
		add(w.failed(c, err))
		return
	}
	defer g.close()
	add(w.passed(c, stageToken))
	if err := g.try(ctx); err != nil {
		add(w.failed(c, err))
		return
	}
	add(w.passed(c, stageSender))
}

func (w words) passed(c SMTPConfig, at stage) Step {
	return Step{Name: w.say("check." + string(at)), OK: true, Said: w.say("check.ok."+string(at), c.Host, c.port(), c.user(), c.Address)}
}

func (w words) failed(c SMTPConfig, err error) Step {
	at := stageConnect
	if t, ok := err.(*trouble); ok {
		at = t.stage
	}
	what, advice := w.explain(c, err)
	key, _ := diagnose(c, err)
	return Step{Case: caseOf(key), Name: w.say("check." + string(at)), Said: what, Advice: advice, Detail: oneLine(err.Error(), 500)}
}

// cases are the keys of the catalogue that the table of known failures has
// under another name.
var cases = map[string]remedy.Case{
	"login": remedy.PasswordRefused, "refused_login": remedy.PasswordRefused, "no_such_host": remedy.UnknownName, "slow": remedy.NoAnswer,
}

func caseOf(key string) remedy.Case {
	if c, ok := cases[key]; ok {
		return c
	}
	if what, _ := remedy.Case(key).Explain(remedy.About{}); what == "" {
		return remedy.None
	}
	return remedy.Case(key)
}

// String returns the step as one line for people.
func (s Step) String() string {
	mark := "ok  "
	if !s.OK {
		mark = "FAIL"
	}
	parts := []string{fmt.Sprintf("%s %s: %s", mark, s.Name, s.Said)}
	if s.Advice != "" {
		parts = append(parts, s.Advice)
	}
	if s.Detail != "" {
		parts = append(parts, "("+s.Detail+")")
	}
	return strings.Join(parts, " ")
}
