package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"helpdeskd/migrations"
)

// console is what a command talks to.
type console struct {
	in      io.Reader
	out     io.Writer
	err     io.Writer
	environ []string
}

// commands is the command line.
type commands struct {
	Config string `help:"The configuration file (also HELPDESKD_CONFIG; usually /etc/helpdeskd/helpdeskd.toml)." placeholder:"FILE"`

	Serve     serveCmd     `cmd:"" help:"Run the helpdesk: read the mailboxes, answer, serve the site."`
	Demo      demoCmd      `cmd:"" help:"Run a whole made-up helpdesk on this machine, mail servers included."`
	Check     checkCmd     `cmd:"" help:"Try everything that the configuration names, and say what to do where something fails."`
	Connect   connectCmd   `cmd:"" help:"Sign in for a mailbox once, by a code that is entered in a browser (flow = \"device\")."`
	Parse     parseCmd     `cmd:"" help:"Show what is understood of mails, storing nothing."`
	Ingest    ingestCmd    `cmd:"" help:"Take mails as an MTA's pipe would, and apply them as if they had been polled."`
	Reconcile reconcileCmd `cmd:"" help:"Compare the processed folders with what was taken, and take what was missed, for example after a restore."`
	User      userCmd      `cmd:"" help:"Add and list the people who sign in, disable them, set their passwords."`
	Migrate   migrateCmd   `cmd:"" help:"Bring the database's schema up to date, or show where it stands."`
	Backup    backupCmd    `cmd:"" help:"Write everything into one file, while the daemon runs."`
	Restore   restoreCmd   `cmd:"" help:"Fill the database from a backup."`
	Verify    verifyCmd    `cmd:"" help:"Check every content, every reference and every sum of the database, or of a backup."`
	Move      moveCmd      `cmd:"" help:"Move everything to another database: from SQLite to PostgreSQL, or back."`
	Export    exportCmd    `cmd:"" help:"Write all that is known of a person into a zip file."`
	Erase     eraseCmd     `cmd:"" help:"Erase a person everywhere."`
	Bench     benchCmd     `cmd:"" help:"Measure this machine with this program."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

const description = `helpdeskd turns a helpdesk mailbox into a complete IT desk.

"helpdeskd demo" shows it on this machine. To connect a real mailbox, write /etc/helpdeskd/helpdeskd.toml (deploy/helpdeskd.example.toml explains every key), run "helpdeskd check", then "helpdeskd serve".`

// exitError carries an exit status other than 1.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// errQuiet says that the command has already said what is wrong.
var errQuiet = errors.New("already said")

// execute parses the command line and runs the command.
func execute(ctx context.Context, args []string, c console) (code int) {
	type leave int // --help asks to exit in the middle of parsing
	defer func() {
		switch r := recover().(type) {
		case nil:
		case leave:
			code = int(r)
		default:
			panic(r)
		}
	}()
	var cli commands
	parser, err := kong.New(&cli,
		kong.Name("helpdeskd"),
		kong.Description(description),
		kong.Writers(c.out, c.err),
		kong.Exit(func(code int) { panic(leave(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		fmt.Fprintf(c.err, "helpdeskd: %v\n", err)
		return 1
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(c.err, "helpdeskd: %v (see helpdeskd --help)\n", err)
		return 2
	}
	return report(c, parsed.Command(), parsed.Run(&session{console: c, ctx: ctx, configFlag: cli.Config}))
}

// report says on stderr what went wrong, in one line where it can be one,
// and returns the exit status.
func report(c console, command string, err error) int {
	if err == nil {
		return 0
	}
	code := 1
	var e *exitError
	if errors.As(err, &e) {
		code = e.code
	}
	if errors.Is(err, errQuiet) {
		return code
	}
	name, _, _ := strings.Cut(command, " <")
	name, _, _ = strings.Cut(name, " [")
	fmt.Fprintf(c.err, "helpdeskd %s: %s\n", name, plain(err))
	return code
}

// plain is an error for people: where it has a message made for them, that
// message with the cause behind it.
func plain(err error) string {
	if migrations.SafeMessage(err) == "" || strings.Contains(err.Error(), migrations.SafeMessage(err)) {
		return err.Error()
	}
	return migrations.SafeMessage(err) + ": " + err.Error()
}
