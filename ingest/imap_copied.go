package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"io"

	"github.com/emersion/go-imap/v2"

	"helpdeskd/tracker"
)

// copiedBefore returns which of the mails, kept and still in the folder, lie
// in the processed folder already: a connection that broke in COPY, on a
// server without MOVE, does not tell whether it was done, and to do it again
// would leave two copies. A mail counts as copied where the processed folder
// holds its very bytes more often than mails with these bytes were moved there.
// The folder is selected anew when it returns.
func (v *visit) copiedBefore(mails []tracker.UnmovedMail) (map[uint32]bool, error) {
	if err := v.s.folder(); err != nil {
		return nil, err
	}
	if err := v.s.open(v.s.target, true); err != nil {
		return nil, err
	}
	copied, surplus, seen := map[uint32]bool{}, map[string]int{}, map[string]bool{}
	for _, m := range mails {
		if !seen[m.Digest] {
			seen[m.Digest] = true
			n, err := v.s.holds(m.Digest, m.Size)
			if err != nil {
				return nil, err
			}
			surplus[m.Digest] = n - m.Moved
		}
		if surplus[m.Digest] > 0 {
			surplus[m.Digest]--
			copied[uint32(m.UID)] = true
		}
	}
	return copied, v.s.open(v.name, !v.touches())
}

// holds returns how many messages of the selected folder are these bytes.
func (s *session) holds(digest string, size int64) (n int, err error) {
	like := &imap.SearchCriteria{Larger: size - 1, Smaller: size + 1}
	if size < 2 { // LARGER 0 finds everything on some servers
		like = &imap.SearchCriteria{Smaller: size + 1}
	}
	uids, err := s.find(like, func(uint32) bool { return true })
	if err != nil || len(uids) == 0 {
		return 0, err
	}
	sum := func(r io.Reader) (string, int64, error) {
		h := sha256.New()
		size, err := io.Copy(h, r)
		return hex.EncodeToString(h.Sum(nil)), size, err
	}
	err = s.fetch(uids, sum, func(m tracker.RawMail) error {
		if m.Digest == digest || m.Data != nil && tracker.Digest(m.Data) == digest {
			n++
		}
		return nil
	})
	return n, err
}
