package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
	"golang.org/x/term"
)

// cryptTo says for whom a backup is encrypted.
type cryptTo struct {
	Recipient      []string `help:"Encrypt to this age key (age1…); may be repeated." placeholder:"KEY" sep:"none"`
	RecipientsFile string   `help:"Encrypt to the age keys in this file, one a line." placeholder:"FILE" type:"path"`
	Passphrase     bool     `help:"Encrypt with a passphrase, which is asked for twice."`
	PassphraseFile string   `help:"Encrypt with the passphrase on the first line of this file." placeholder:"FILE" type:"path"`
}

type recipients []age.Recipient

// recipients reads and asks for what encrypts; none is no encryption.
func (c cryptTo) recipients(s *session) (recipients, error) {
	var list recipients
	for _, r := range c.Recipient {
		parsed, err := age.ParseRecipients(strings.NewReader(r))
		if err != nil || len(parsed) != 1 {
			return nil, fmt.Errorf("--recipient %.80q is no age key: they begin with age1, and age-keygen makes them", r)
		}
		list = append(list, parsed...)
	}
	if c.RecipientsFile != "" {
		f, err := os.Open(c.RecipientsFile)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		parsed, err := age.ParseRecipients(f)
		if err != nil {
			return nil, fmt.Errorf("read the keys in %s: %w", c.RecipientsFile, err)
		}
		list = append(list, parsed...)
	}
	if !c.Passphrase && c.PassphraseFile == "" {
		return list, nil
	}
	if len(list) > 0 {
		return nil, errors.New("a backup is encrypted to keys or with a passphrase, not both: leave one out")
	}
	var word string
	var err error
	if c.PassphraseFile != "" {
		word, err = firstLine(c.PassphraseFile)
	} else {
		word, err = s.newPassphrase()
	}
	if err != nil {
		return nil, err
	}
	r, err := age.NewScryptRecipient(word)
	if err != nil {
		return nil, err
	}
	return recipients{r}, nil
}

func firstLine(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	if line = strings.TrimRight(line, "\r"); line == "" {
		return "", fmt.Errorf("the first line of %s is empty", path)
	}
	return line, nil
}

// newPassphrase asks twice, without showing what is typed.
func (s *session) newPassphrase() (string, error) {
	f, ok := s.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return "", errors.New("there is no terminal to ask for the passphrase at: give it with --passphrase-file")
	}
	first, err := s.askPassword(f, "Passphrase of the backup: ")
	if err != nil {
		return "", err
	}
	second, err := s.askPassword(f, "Once more: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", errors.New("the two differ: nothing was written")
	}
	if first == "" {
		return "", errors.New("the passphrase is empty: nothing was written")
	}
	return first, nil
}

// seal encrypts what is written to w, where there is somebody to encrypt to.
func (r recipients) seal(w io.Writer) (io.WriteCloser, error) {
	if len(r) == 0 {
		return inClear{w}, nil
	}
	return age.Encrypt(w, r...)
}

type inClear struct{ io.Writer }

func (inClear) Close() error { return nil }

// cryptFrom says how an encrypted backup is opened.
type cryptFrom struct {
	Identity       []string `help:"The file with the age identity (AGE-SECRET-KEY-1…) that the backup is encrypted to; may be repeated." placeholder:"FILE" sep:"none"`
	PassphraseFile string   `help:"The passphrase of the backup is the first line of this file; else it is asked for." placeholder:"FILE" type:"path"`

	known []age.Identity // so that nothing is asked twice
}

// open reads a backup, decrypting it where it is encrypted.
func (c *cryptFrom) open(s *session, r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, 1<<20)
	begin, _ := b.Peek(len(armor.Header))
	var sealed io.Reader = b
	switch {
	case strings.HasPrefix(string(begin), armor.Header):
		sealed = armor.NewReader(b)
	case !strings.HasPrefix(string(begin), "age-encryption.org/"):
		return b, nil
	}
	if c.known == nil {
		var err error
		if c.known, err = c.identities(s); err != nil {
			return nil, err
		}
	}
	opened, err := age.Decrypt(sealed, c.known...)
	if e := (*age.NoIdentityMatchError)(nil); errors.As(err, &e) {
		return nil, errors.New("neither key nor passphrase opens this backup: it is encrypted to another one")
	}
	if err != nil {
		return nil, fmt.Errorf("decrypt the backup: %w", err)
	}
	return opened, nil
}

func (c *cryptFrom) identities(s *session) ([]age.Identity, error) {
	var list []age.Identity
	for _, path := range c.Identity {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		parsed, err := age.ParseIdentities(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("read the identity in %s: %w", path, err)
		}
		list = append(list, parsed...)
	}
	word := ""
	if c.PassphraseFile != "" {
		var err error
		if word, err = firstLine(c.PassphraseFile); err != nil {
			return nil, err
		}
	} else if len(list) == 0 {
		f, ok := s.in.(*os.File)
		if !ok || !term.IsTerminal(int(f.Fd())) {
			return nil, errors.New("this backup is encrypted: give --identity or --passphrase-file")
		}
		var err error
		if word, err = s.askPassword(f, "Passphrase of the backup: "); err != nil {
			return nil, err
		}
	}
	if word != "" {
		i, err := age.NewScryptIdentity(word)
		if err != nil {
			return nil, err
		}
		i.SetMaxWorkFactor(22)
		list = append(list, i)
	}
	return list, nil
}
