// Command helpdeskd turns a company's helpdesk mailbox into a complete IT
// desk. This package holds the commands and the wiring: it reads the
// configuration, opens the store, and hands the parts to one another; they
// never import each other (arrows_test.go). It owns no tables.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // people and hours have time zones, and machines may have none

	"helpdeskd/ingest"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == ingest.ReadCommand { // by ourselves: see ingest.Isolated
		if err := ingest.ServeReader(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program. It returns the exit status: 0, 1 for a failure,
// 2 for a command line that makes no sense, 75 (EX_TEMPFAIL) for mail that
// ingest could not keep. The end of ctx is the wish to stop cleanly.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return execute(ctx, args, console{in: os.Stdin, out: stdout, err: stderr, environ: os.Environ()})
}
