package tracker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker/seal"
)

// setKeyCanary is a setting that holds a known text sealed with the key file,
// so that a wrong one is found out at the start and not at the first secret.
const setKeyCanary = "key.canary"

// canary is the text; what it is sealed for keeps it from passing for a secret.
const (
	canary        = "helpdeskd"
	canaryContext = "canary"
)

// Seal encrypts a secret for the database: what it returns is printable ASCII
// of about 60 characters more than four thirds of the secret. The context says
// what the secret is and whose, for example "grant:helpdesk": only Open with
// the same context gives it back, so that a secret copied to another row is
// refused. Invalid where this process has no key file.
func (s *Store) Seal(context string, plain []byte) (string, error) {
	if s.key == nil {
		return "", errNoKey()
	}
	return s.key.Seal(context, plain), nil
}

// Open returns what Seal encrypted for the same context. Invalid, with words
// for people, where this process has no key file, another key sealed it, or it
// was changed.
func (s *Store) Open(context, sealed string) ([]byte, error) {
	if s.key == nil {
		return nil, errNoKey()
	}
	return s.key.Open(context, sealed)
}

func errNoKey() error {
	return migrations.Invalidf("this command was started without the key file that secrets are sealed with")
}

// OpenKey reads the key file at path and makes sure that it is the one with
// which this database's secrets are sealed. Only where the database holds
// nothing sealed yet, a missing file is made. The errors are Invalid, in words
// that say what to do.
//
// Nodes that share a database share the key: whoever comes first decides, and
// every other one is told.
func OpenKey(ctx context.Context, db *migrations.DB, path string) (*seal.Key, error) {
	return openKey(ctx, db, path, true)
}

// CheckKey is OpenKey for who makes and writes nothing: where the file is
// missing and the database holds nothing sealed yet, the key is nil.
func CheckKey(ctx context.Context, db *migrations.DB, path string) (*seal.Key, error) {
	return openKey(ctx, db, path, false)
}

func openKey(ctx context.Context, db *migrations.DB, path string, make bool) (*seal.Key, error) {
	have, err := readCanary(ctx, db)
	if err != nil {
		return nil, err
	}
	key, err := seal.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		switch {
		case have != "":
			id, _ := seal.SealedBy(have)
			return nil, migrations.Invalidf("the key file %s is missing, and the secrets in this database are sealed with it (key %s): put its copy back (a backup holds it only where it was made with --with-key). "+
				"Several nodes on one database share one key file: copy it from the first node, or name it as key_file", path, id)
		case !make:
			return nil, nil
		}
		key, err = seal.Make(path)
	}
	if err != nil {
		return nil, err
	}
	if have == "" && make {
		if have, err = layCanary(ctx, db, key); err != nil {
			return nil, err
		}
	}
	if have == "" {
		return key, nil
	}
	if text, err := key.Open(canaryContext, have); err == nil && string(text) == canary {
		return key, nil
	}
	id, _ := seal.SealedBy(have)
	return nil, migrations.Invalidf("the key file %s (key %s) is not the one that the secrets in this database are sealed with (key %s): put that one back from the backup. "+
		"Several nodes on one database share one key file: copy it from the first node, or name it as key_file", path, key.ID(), id)
}

func readCanary(ctx context.Context, q read) (string, error) {
	var v string
	err := q.Get(ctx, &v, `SELECT value FROM setting WHERE name = ?`, setKeyCanary)
	if err != nil && migrations.KindOf(err) != migrations.NotFound {
		return "", fmt.Errorf("read the key's canary: %w", err)
	}
	return v, nil
}

// layCanary seals the canary with a key, and returns the one that is there
// now: another node may have been first.
func layCanary(ctx context.Context, db *migrations.DB, key *seal.Key) (have string, err error) {
	err = db.Tx(ctx, func(tx *migrations.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO setting (name, value, updated_at) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING`,
			setKeyCanary, key.Seal(canaryContext, []byte(canary)), migrations.At(time.Now()))
		if err != nil {
			return err
		}
		have, err = readCanary(ctx, tx)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("note the key in the database: %w", err)
	}
	return have, nil
}
