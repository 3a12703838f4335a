package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"

	"helpdeskd/tracker"
)

type userCmd struct {
	Add      userAddCmd      `cmd:"" help:"Add a person who signs in; the password comes from stdin or is asked for."`
	List     userListCmd     `cmd:"" help:"List the people who sign in."`
	Disable  userDisableCmd  `cmd:"" help:"Keep a person from signing in; nothing of theirs is lost."`
	Enable   userEnableCmd   `cmd:"" help:"Let a disabled person sign in again."`
	Password userPasswordCmd `cmd:"" help:"Set a person's password, from stdin or asked for, and end their sessions."`
}

type userAddCmd struct {
	Email string              `arg:"" help:"Their mail address: they sign in with it, and are told there of what happens."`
	Name  string              `help:"Their name, as colleagues read it." required:""`
	Role  tracker.AccountRole `help:"What they may do: technician, admin or manager." default:"technician"`
}

// Run adds the account.
func (c userAddCmd) Run(s *session) error {
	store, done, err := s.store()
	if err != nil {
		return err
	}
	defer done()
	password, err := s.password(c.Email)
	if err != nil {
		return err
	}
	a, err := store.CreateAccount(s.ctx, tracker.Actor{}, tracker.NewAccount{Email: c.Email, Name: c.Name, Role: c.Role, Password: password})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "added %s <%s> as %s\n", a.Name, a.Email, a.Role)
	return nil
}

type userListCmd struct{}

// Run lists the accounts.
func (userListCmd) Run(s *session) error {
	store, done, err := s.store()
	if err != nil {
		return err
	}
	defer done()
	all, err := store.Accounts(s.ctx)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		fmt.Fprintln(s.out, "Nobody yet: add the first with helpdeskd user add ADDRESS --name NAME --role admin, or open the site and use the code that serve prints.")
		return nil
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ADDRESS\tNAME\tROLE\tSTATE\tLAST SIGN-IN")
	for _, a := range all {
		state, seen := "enabled", "never"
		if !a.Enabled {
			state = "disabled"
		}
		if a.SignedInAt != nil {
			seen = a.SignedInAt.Time().Format("2006-01-02 15:04 UTC")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", a.Email, a.Name, a.Role, state, seen)
	}
	return w.Flush()
}

type userDisableCmd struct {
	Email string `arg:"" help:"Whom."`
}

// Run disables the account, which ends its sessions.
func (c userDisableCmd) Run(s *session) error { return s.setEnabled(c.Email, false) }

type userEnableCmd struct {
	Email string `arg:"" help:"Whom."`
}

// Run enables the account.
func (c userEnableCmd) Run(s *session) error { return s.setEnabled(c.Email, true) }

func (s *session) setEnabled(email string, on bool) error {
	store, done, err := s.store()
	if err != nil {
		return err
	}
	defer done()
	a, err := store.AccountByEmail(s.ctx, email)
	if err != nil {
		return fmt.Errorf("%s: %w", email, err)
	}
	if _, err := store.UpdateAccount(s.ctx, tracker.Actor{}, a.ID, tracker.AccountChange{Enabled: &on}, tracker.AnyVersion); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s %s <%s>\n", map[bool]string{true: "enabled", false: "disabled"}[on], a.Name, a.Email)
	return nil
}

type userPasswordCmd struct {
	Email string `arg:"" help:"Whose."`
}

// Run sets the password.
func (c userPasswordCmd) Run(s *session) error {
	store, done, err := s.store()
	if err != nil {
		return err
	}
	defer done()
	a, err := store.AccountByEmail(s.ctx, c.Email)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Email, err)
	}
	password, err := s.password(a.Email)
	if err != nil {
		return err
	}
	if err := store.SetPassword(s.ctx, tracker.Actor{}, a.ID, password, ""); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "the password of %s <%s> is set, and they are signed out everywhere\n", a.Name, a.Email)
	return nil
}

// store opens the store of the configuration for a short command.
func (s *session) store() (*tracker.Store, func(), error) {
	c, err := s.configuration()
	if err != nil {
		return nil, nil, err
	}
	store, err := s.openBriefly(s.ctx, c, tracker.Options{Log: s.logger(c)})
	if err != nil {
		return nil, nil, err
	}
	return store, func() { store.DB().Close() }, nil
}

// password asks twice at a terminal, without showing what is typed; else it
// is the first line of stdin.
func (s *session) password(whose string) (string, error) {
	if f, ok := s.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		first, err := s.askPassword(f, "Password for "+whose+": ")
		if err != nil {
			return "", err
		}
		second, err := s.askPassword(f, "Once more: ")
		if err != nil {
			return "", err
		}
		if first != second {
			return "", errors.New("the two passwords differ: nothing was changed")
		}
		return first, nil
	}
	line, err := bufio.NewReader(s.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password from stdin: %w", err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", errors.New("no password came on stdin: give it on the first line, or run this at a terminal to be asked")
	}
	return line, nil
}

func (s *session) askPassword(f *os.File, prompt string) (string, error) {
	fmt.Fprint(s.err, prompt)
	b, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(s.err)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return string(b), nil
}
