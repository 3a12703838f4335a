//go:build unix

package seal

import (
	"io/fs"
	"os"
	"syscall"
)

// loose reports whether others than the file's owner may read or change it.
// A group may read a file of root, as where the system hands secrets to a
// service: root could read it anyway.
func loose(s fs.FileInfo) bool {
	allowed := fs.FileMode(0o700)
	if st, ok := s.Sys().(*syscall.Stat_t); ok && st.Uid == 0 && os.Geteuid() != 0 {
		allowed |= 0o040
	}
	return s.Mode().Perm()&^allowed != 0
}

// syncDir has a folder's entries survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
