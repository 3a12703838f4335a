// Package seal keeps secrets unreadable in the database: each is sealed with
// a key that lies in a file of its own, outside the database.
//
// Invariants: a key file is made whole or not at all and never overwritten; a
// file that others may read is refused; what was sealed for one context opens
// in no other; nothing here prints a key or what was sealed. It owns no tables.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"

	"helpdeskd/migrations"
)

// size is the length of a key in bytes.
const size = 32

// version begins every sealed text, so that another way of sealing can follow.
const version = "s1"

// encoding is strict, so that one secret has one sealed text.
var encoding = base64.RawURLEncoding.Strict()

// Key seals and opens. It is safe for concurrent use. The zero value seals
// nothing; keys come from Read, Make and New.
type Key struct {
	id   string
	aead cipher.AEAD
	mac  []byte
}

// New returns the key of 32 secret bytes. What encrypts and what names the key
// are derived from them (HKDF, RFC 5869), so that the id tells nothing.
func New(secret []byte) (*Key, error) {
	if len(secret) != size {
		return nil, fmt.Errorf("a key has %d bytes, not %d", size, len(secret))
	}
	derive := func(use string, n int) ([]byte, error) { return hkdf.Key(sha256.New, secret, nil, "helpdeskd "+use, n) }
	encrypt, err := derive("seal", size)
	if err != nil {
		return nil, fmt.Errorf("derive a key: %w", err)
	}
	id, err := derive("key id", 4)
	if err != nil {
		return nil, fmt.Errorf("derive a key's id: %w", err)
	}
	block, err := aes.NewCipher(encrypt)
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	mac, err := derive("mac", size)
	if err != nil {
		return nil, fmt.Errorf("derive a key: %w", err)
	}
	return &Key{id: hex.EncodeToString(id), aead: aead, mac: mac}, nil
}

// ID names the key: eight hexadecimal digits that tell nothing about it.
func (k *Key) ID() string { return k.id }

// Seal encrypts plain with AES-256-GCM under a random nonce, and returns
// printable ASCII: "s1.KEYID.BASE64". The context says what the secret is and
// whose, for example "grant:helpdesk"; it is not secret and not in the result,
// and Open must be given the same. One key seals 2^32 texts safely.
func (k *Key) Seal(context string, plain []byte) string {
	return version + "." + k.id + "." + encoding.EncodeToString(k.aead.Seal(nil, nil, plain, k.bind(context)))
}

// Open returns what was sealed for the context. An Invalid error says whether
// another key sealed it, or it was changed or moved to another place.
func (k *Key) Open(context, sealed string) ([]byte, error) {
	id, ok := SealedBy(sealed)
	if !ok {
		return nil, migrations.Invalidf("this is not a sealed secret")
	}
	if id != k.id {
		return nil, migrations.Invalidf("this secret was sealed with the key %s, and the key file holds the key %s", id, k.id)
	}
	body, err := encoding.DecodeString(sealed[len(version)+len(id)+2:])
	if err != nil {
		return nil, migrations.Invalidf("this sealed secret is damaged")
	}
	plain, err := k.aead.Open(nil, nil, body, k.bind(context))
	if err != nil {
		return nil, migrations.Invalidf("this sealed secret is damaged, or was sealed for another place")
	}
	return plain, nil
}

// For returns 32 secret bytes for another use, for example keyed hashes: the
// same for the same use, and telling nothing about the key or other uses.
func (k *Key) For(use string) []byte {
	m := hmac.New(sha256.New, k.mac)
	m.Write([]byte(use))
	return m.Sum(nil)
}

// SealedBy returns the id of the key that sealed a text; ok is false where it
// is no sealed text.
func SealedBy(sealed string) (id string, ok bool) {
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || parts[0] != version || parts[1] == "" || parts[2] == "" {
		return "", false
	}
	return parts[1], true
}

// bind is what is authenticated beside the secret.
func (k *Key) bind(context string) []byte { return []byte(version + "\x00" + k.id + "\x00" + context) }

// String names the key, and shows nothing of it.
func (k *Key) String() string { return "key " + k.id }

// GoString keeps %#v from showing the key.
func (k *Key) GoString() string { return k.String() }

// Format keeps %+v and its like from showing the key.
func (k *Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

// LogValue keeps slog from showing the key.
func (k *Key) LogValue() slog.Value { return slog.StringValue(k.String()) }
