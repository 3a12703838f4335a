package tracker

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"helpdeskd/migrations"
)

// Passwords are hashed with argon2id by the first recommendation of the OWASP
// password storage sheet that fits 50 MB: 19 MiB, two passes, one lane.
const (
	argonMemory = 19 * 1024 // KiB
	argonPasses = 2
	argonLanes  = 1
	argonKey    = 32 // bytes
	argonSalt   = 16 // bytes

	// MinPassword and MaxPassword are in characters. The upper bound keeps a
	// sign-in from being made to hash megabytes.
	MinPassword = 10
	MaxPassword = 256
)

// hasher hashes new passwords at its cost, and bounds how much memory hashing
// takes: each hash needs 19 MiB.
type hasher struct {
	slots          chan struct{}
	memory, passes uint32
}

func newHasher(cheap bool) hasher {
	h := hasher{slots: make(chan struct{}, 2), memory: argonMemory, passes: argonPasses}
	if cheap {
		h.memory, h.passes = 64, 1
	}
	return h
}

func (h hasher) key(ctx context.Context, password string, salt []byte, memory, passes uint32, lanes uint8, size uint32) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(password), salt, passes, memory, lanes, size), nil
}

// hash returns the PHC string of a password.
func (h hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, argonSalt)
	rand.Read(salt) // never fails since Go 1.24
	key, err := h.key(ctx, password, salt, h.memory, h.passes, argonLanes, argonKey)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.passes, argonLanes, b64(salt), b64(key)), nil
}

// nobodys returns what is verified where no account has the address, so that
// both cases take the same time. No password matches it.
func (h hasher) nobodys() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.passes, argonLanes,
		b64(make([]byte, argonSalt)), b64(make([]byte, argonKey)))
}

// verify reports whether a password belongs to a PHC string. A damaged or
// unknown string belongs to no password.
func (h hasher) verify(ctx context.Context, phc, password string) (bool, error) {
	var version int
	var memory, passes uint32
	var lanes uint8
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, nil
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, nil
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil || passes == 0 || lanes == 0 || memory > 1<<20 {
		return false, nil
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) == 0 {
		return false, nil
	}
	got, err := h.key(ctx, password, salt, memory, passes, lanes, uint32(len(want)))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// checkPasswordRules says in plain words what is wrong with a new password.
func checkPasswordRules(password string, email, name string) error {
	n := utf8.RuneCountInString(password)
	folded := strings.ToLower(strings.TrimSpace(password))
	local, _, _ := strings.Cut(strings.ToLower(email), "@")
	switch {
	case n < MinPassword:
		return migrations.Invalidf("This password has %d characters; please use at least %d. A few words in a row are easy to remember.", n, MinPassword)
	case n > MaxPassword:
		return migrations.Invalidf("This password is longer than %d characters; please use a shorter one.", MaxPassword)
	case folded == strings.ToLower(email), folded == local, folded == strings.ToLower(name), strings.Count(password, password[:1]) == len(password):
		return migrations.Invalidf("This password is too easy to guess. Please use a few words in a row that are not your name or address.")
	}
	return nil
}
