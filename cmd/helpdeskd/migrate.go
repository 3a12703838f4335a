package main

import (
	"fmt"

	"helpdeskd/migrations"
)

type migrateCmd struct {
	Up     migrateUpCmd     `cmd:"" default:"1" help:"Bring the schema up to date (as every start does)."`
	Status migrateStatusCmd `cmd:"" help:"Show the schema's version, changing nothing."`
}

type migrateUpCmd struct{}

// Run migrates and says from where to where.
func (migrateUpCmd) Run(s *session) error {
	c, err := s.configuration()
	if err != nil {
		return err
	}
	before, err := migrations.Connect(s.ctx, c.Database.Reveal())
	if err != nil {
		return fmt.Errorf("open the database %s: %w", c.Database, err)
	}
	have, _, err := before.Version(s.ctx)
	before.Close()
	if err != nil {
		return err
	}
	db, err := migrations.Open(s.ctx, c.Database.Reveal())
	if err != nil {
		return fmt.Errorf("migrate the database %s: %w", c.Database, err)
	}
	defer db.Close()
	now, _, err := db.Version(s.ctx)
	if err != nil {
		return err
	}
	if now == have {
		fmt.Fprintf(s.out, "schema %d: up to date\n", now)
		return nil
	}
	fmt.Fprintf(s.out, "schema %d: migrated from %d\n", now, have)
	return nil
}

type migrateStatusCmd struct{}

// Run shows the versions.
func (migrateStatusCmd) Run(s *session) error {
	c, err := s.configuration()
	if err != nil {
		return err
	}
	if missing(c.Database) {
		fmt.Fprintf(s.out, "%s is not there yet: the next start makes it\n", c.Database)
		return nil
	}
	db, err := migrations.Connect(s.ctx, c.Database.Reveal())
	if err != nil {
		return fmt.Errorf("open the database %s: %w", c.Database, err)
	}
	defer db.Close()
	have, know, err := db.Version(s.ctx)
	if err != nil {
		return err
	}
	state := "up to date"
	switch {
	case have == 0:
		state = "empty: the next start fills it"
	case have < know:
		state = "older than this program: the next start migrates it"
	case have > know:
		state = "newer than this program: start the newer one"
	}
	fmt.Fprintf(s.out, "schema %d, this program knows %d: %s\n", have, know, state)
	return nil
}
