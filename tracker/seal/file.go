package seal

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"helpdeskd/migrations"
)

// mark begins the one line of a key file, so that nothing else passes for one.
const mark = "helpdeskd-key-1:"

// Read reads the key file at path. The error is Invalid, in words that say
// what to do, where others may read the file or it holds no key, and wraps
// fs.ErrNotExist where it is missing.
func Read(path string) (*Key, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return nil, migrations.Invalidf("the key file %s can not be read: give it to the user that helpdeskd runs as, for example chown helpdeskd %s", path, path)
	}
	if err != nil {
		return nil, fmt.Errorf("open the key file: %w", err)
	}
	defer f.Close()
	s, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("look at the key file: %w", err)
	}
	if !s.Mode().IsRegular() {
		return nil, migrations.Invalidf("the key file %s is not a file", path)
	}
	if loose(s) {
		return nil, migrations.Invalidf("the key file %s can be read or changed by others (its mode is %04o): run chmod 600 %s, and see who could read it until now", path, s.Mode().Perm(), path)
	}
	text, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	return parse(path, string(text))
}

// Parse reads what a key file holds.
func Parse(text []byte) (*Key, error) { return parse("this", string(text)) }

func parse(path, text string) (*Key, error) {
	body, ok := strings.CutPrefix(strings.TrimSpace(text), mark)
	secret, err := base64.StdEncoding.DecodeString(body)
	if !ok || err != nil || len(secret) != size {
		return nil, migrations.Invalidf("%s holds no key of helpdeskd, or only a part of one: put the right file back, from the backup or from another node", path)
	}
	return New(secret)
}

// Text returns what the file of a key of 32 secret bytes holds.
func Text(secret []byte) []byte {
	return []byte(mark + base64.StdEncoding.EncodeToString(secret) + "\n")
}

// Make makes a new key and its file, readable for its owner only. The file
// appears with all its content, synced to the disk, and never replaces
// another: where one is there already, also one that another process made in
// the same moment, that one's key is returned.
func Make(path string) (*Key, error) {
	secret := make([]byte, size)
	rand.Read(secret) // never fails since Go 1.24
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the key file's folder: %w", err)
	}
	f, err := os.CreateTemp(dir, ".key-") // mode 600
	if err != nil {
		return nil, fmt.Errorf("make the key file: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(Text(secret))
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return nil, fmt.Errorf("write the key file: %w", err)
	}
	// A link, unlike a rename, fails where the file is there.
	err = os.Link(f.Name(), path)
	if err != nil && !errors.Is(err, fs.ErrExist) { // a file system without links
		err = exclusive(path, Text(secret))
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make the key file: %w", err)
	}
	if err := syncDir(dir); err != nil {
		return nil, fmt.Errorf("make the key file: %w", err)
	}
	return Read(path)
}

// exclusive writes a file that must not be there yet.
func exclusive(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}
