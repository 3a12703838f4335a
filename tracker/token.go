package tracker

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"
)

var tokenAlphabet = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewToken returns 128 random bits as 26 lower-case base32 characters, and
// the hash under which they are stored.
func NewToken() (plain, hash string) {
	var b [16]byte
	rand.Read(b[:]) // never fails since Go 1.24
	plain = tokenAlphabet.EncodeToString(b[:])
	return plain, HashToken(plain)
}

// HashToken returns what is stored of a token: its SHA-256 in hex.
func HashToken(plain string) string {
	sum := sha256.Sum256([]byte(plain))
	return hex.EncodeToString(sum[:])
}

// IsToken reports whether s has the form of a token.
func IsToken(s string) bool {
	return len(s) == 26 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") == ""
}
