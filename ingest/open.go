package ingest

import (
	"io"
	"strings"

	"helpdeskd/tracker"
	"helpdeskd/tracker/transfer"
)

// maxShownHTML bounds how much of an HTML part is shown, in bytes.
const maxShownHTML = 8 << 20

// PartReader opens the parts of kept mails, for pages.
type PartReader struct{}

// OpenPart returns a part's content with everything that it is wrapped in
// undone. An HTML body comes as UTF-8 (at most 8 MiB of it); files come as
// they were sent.
func (PartReader) OpenPart(raw io.ReaderAt, p tracker.Part) (io.Reader, error) {
	r := tracker.OpenPart(raw, p)
	if p.Role != tracker.RoleHTML {
		return r, nil
	}
	b, err := io.ReadAll(io.LimitReader(r, maxShownHTML))
	if err != nil {
		return nil, err
	}
	text, _ := htmlSource(b, p.Charset)
	return strings.NewReader(text), nil
}

// decodeAll decodes src, at most max bytes of it (0: all). Identity content
// is returned as a slice of src, not a copy.
func decodeAll(src []byte, encoding string, max int) (out []byte, cut bool) {
	return transfer.All(src, encoding, max)
}

// decodedSize counts without keeping.
func decodedSize(src []byte, encoding string) int64 { return transfer.Size(src, encoding) }

// WholeText returns the readable text of a mail with nothing folded away.
func (PartReader) WholeText(raw []byte) string { return Parse(raw, Options{}).Text }
