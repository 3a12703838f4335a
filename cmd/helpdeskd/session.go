package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/cmd/helpdeskd/quiet"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
	"helpdeskd/tracker/erased"
	"helpdeskd/tracker/seal"
)

// session is one run of a command: its console and what it finds by the
// command line's general flags.
type session struct {
	console
	ctx        context.Context
	configFlag string
}

// configuration reads the file of --config or HELPDESKD_CONFIG, else the
// usual one; where that is missing, the variables may say everything.
func (s *session) configuration() (*config.Config, error) {
	path := s.configFlag
	for _, kv := range s.environ {
		if v, ok := strings.CutPrefix(kv, "HELPDESKD_CONFIG="); ok && path == "" {
			path = v
		}
	}
	if path == "" {
		path = config.DefaultPath
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			if !config.HasKeys(s.environ) {
				return nil, fmt.Errorf("there is no %s: write one (deploy/helpdeskd.example.toml explains every key), or name another with --config", path)
			}
			path = ""
		}
	}
	return config.Load(path, s.environ)
}

// logger writes to stderr as the configuration says, and never a secret.
func (s *session) logger(c *config.Config) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Log.Level)) // validated
	o := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewTextHandler(s.err, o)
	if c.Log.Format == "json" {
		h = slog.NewJSONHandler(s.err, o)
	}
	return slog.New(quiet.New(h, c.Secrets()...))
}

// open opens the database, migrating it, and the store on it, with the key
// file, which is made where nothing is sealed yet.
func (s *session) open(ctx context.Context, c *config.Config, o tracker.Options) (*tracker.Store, error) {
	return s.openWith(ctx, c, o, tracker.OpenKey)
}

// openBriefly is open for short commands. They make no key file, since they
// may be another user's than the daemon's, and do without one that is missing
// as long as nothing is sealed.
func (s *session) openBriefly(ctx context.Context, c *config.Config, o tracker.Options) (*tracker.Store, error) {
	return s.openWith(ctx, c, o, tracker.CheckKey)
}

func (s *session) openWith(ctx context.Context, c *config.Config, o tracker.Options, key func(context.Context, *migrations.DB, string) (*seal.Key, error)) (*tracker.Store, error) {
	db, err := migrations.Open(ctx, c.Database.Reveal())
	if err != nil {
		return nil, fmt.Errorf("open the database %s: %w", c.Database, err)
	}
	if o.Key, err = key(ctx, db, c.KeyFile); err != nil {
		db.Close()
		return nil, err
	}
	o.Erased = journal(c, o.Key)
	return tracker.New(db, o), nil
}

// journal is this node's journal of erasures; nil without the key that names
// people in it.
func journal(c *config.Config, key *seal.Key) *erased.Journal {
	if key == nil || c.DataDir == "" {
		return nil
	}
	return erased.New(filepath.Join(c.DataDir, erased.FileName), key.For("erased"))
}
