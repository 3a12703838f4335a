//go:build !linux

package main

import "errors"

// benchCmd measures through /proc and a Dovecot of its own.
type benchCmd struct{}

// Run says that it cannot.
func (benchCmd) Run() error { return errors.New("bench runs on Linux only") }
