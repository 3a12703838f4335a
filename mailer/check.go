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
// further: nothing is sent. The steps end with the first that fails.
func Check(ctx context.Context, c SMTPConfig) []Step {
	w, err := loadWords("en")
	if err != nil {
		return []Step{{Name: "settings", Said: err.Error()}}
	}
	if bad := c.Validate(); len(bad) > 0 {
		var steps []Step
		for _, b := range bad {
			steps = append(steps, Step{Name: w.say("check.settings"), Said: b.Error()})
		}
		return steps
	}
	steps := []Step{{Name: w.say("check.settings"), OK: true, Said: w.say("check.ok.settings")}}
	if c.Graph != "" {
		return checkGraph(ctx, w, c, steps)
	}
	var begun []stage
	s, err := connect(ctx, c, usual, func(at stage) { begun = append(begun, at) })
	if err != nil {
		begun = begun[:max(len(begun)-1, 0)]
	}
	for _, at := range begun {
		steps = append(steps, w.passed(c, at))
	}
	if err != nil {
		return append(steps, w.failed(c, err))
	}
	defer s.close()
	from, err := cleanAddress(c.Address)
	if err == nil {
		err = s.command(func() error { return s.client.Mail("<" + from + ">") })
	}
	if err != nil {
		return append(steps, w.failed(c, newTrouble(stageSender, err)))
	}
	s.reset()
	return append(steps, w.passed(c, stageSender))
}

// checkGraph sees that there is a token, and that the mailbox may send with it.
func checkGraph(ctx context.Context, w words, c SMTPConfig, steps []Step) []Step {
	c.Host, c.Port = c.graphHost()
	g, err := openGraph(ctx, c, usual)
	if err != nil {
		return append(steps, w.failed(c, err))
	}
	defer g.close()
	steps = append(steps, w.passed(c, stageToken))
	if err := g.try(ctx); err != nil {
		return append(steps, w.failed(c, err))
	}
	return append(steps, w.passed(c, stageSender))
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
