package checker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Filed is one mail that lies in a Maildir folder.
type Filed struct {
	Folder string // "" is the inbox
	Path   string
	Digest string
}

// Folders reads every folder of a Maildir++ tree (root/{cur,new} is the inbox,
// root/.Name/{cur,new} the others). A mail that is moved while it reads may
// be seen twice or not at all: call it when nothing moves.
func Folders(root string) ([]Filed, error) {
	dirs, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("read the maildir: %w", err)
	}
	names := []string{""}
	for _, d := range dirs {
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") {
			names = append(names, d.Name())
		}
	}
	var out []Filed
	for _, name := range names {
		for _, sub := range []string{"cur", "new"} {
			files, err := os.ReadDir(filepath.Join(root, name, sub))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("read the folder %q: %w", name, err)
			}
			for _, f := range files {
				path := filepath.Join(root, name, sub, f.Name())
				raw, err := os.ReadFile(path)
				if errors.Is(err, fs.ErrNotExist) {
					continue // its flags or its folder changed just now
				}
				if err != nil {
					return nil, fmt.Errorf("read a filed mail: %w", err)
				}
				out = append(out, Filed{Folder: strings.TrimPrefix(name, "."), Path: path, Digest: Digest(raw)})
			}
		}
	}
	return out, nil
}
