//go:build !failpoints

package ingest

import "time"

// failpoints returns nil: the shipped program has no way to be killed at an edge.
func failpoints() func(edge string) { return nil }

// misbehave does nothing: no mail has the shipped program break.
func misbehave(raw []byte, apart bool) {}

func readTime(d time.Duration) time.Duration { return d }

func hastened(t timing) timing { return t }
