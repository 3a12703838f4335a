package main

import (
	"log/slog"

	sd "github.com/coreos/go-systemd/v22/daemon"
)

// notify tells the service manager something, where one has started us and
// wants to know; elsewhere it does nothing.
func notify(log *slog.Logger, state string) {
	if _, err := sd.SdNotify(false, state); err != nil {
		log.Warn("the service manager could not be told", slog.String("what", state), slog.Any("error", err))
	}
}
