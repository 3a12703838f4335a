package tracker

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker/transfer"
)

// Attachment is a part of a message as a range of a blob.
type Attachment struct {
	ID          int64  `db:"id"`
	UID         string `db:"uid"` // random, in links
	MessageID   int64  `db:"message_id"`
	Role        Role   `db:"role"`
	Name        string `db:"name"`
	ContentType string `db:"content_type"`
	Charset     string `db:"charset"`
	ContentID   string `db:"content_id"`
	Encoding    string `db:"encoding"`
	Digest      string `db:"digest"`
	Start       int64  `db:"start"`  // bytes into the blob
	Length      int64  `db:"length"` // encoded bytes
	Cuts        string `db:"cuts"`   // ranges of what is decoded: see cutsText
	Size        int64  `db:"size"`   // decoded bytes
}

const attachmentColumns = `id, uid, message_id, role, name, content_type, charset, content_id, encoding, digest, start, length, cuts, size`

// maxCuts bounds how many wrappings a part may lie within.
const maxCuts = 32

// Part returns the attachment as the reader of mails describes it.
func (a Attachment) Part() Part {
	return Part{Role: a.Role, Name: a.Name, ContentType: a.ContentType, Charset: a.Charset, ContentID: a.ContentID,
		Encoding: a.Encoding, Offset: a.Start, Length: a.Length, Cuts: parseCuts(a.Cuts), Size: a.Size}
}

// OpenPart returns a part's decoded content: every wrapping is undone, from
// the outermost on, streamed and in bounded memory. Everything that reads
// attachments reads them through this. Damage is skipped, never an error; the
// only errors are those of raw.
func OpenPart(raw io.ReaderAt, p Part) io.Reader {
	r := transfer.NewReader(p.Encoding, io.NewSectionReader(raw, p.Offset, p.Length))
	for _, c := range p.Cuts {
		r = transfer.NewReader(c.Encoding, &cutReader{r: r, skip: c.Offset, left: c.Length})
	}
	return r
}

// cutReader is a range of what r reads.
type cutReader struct {
	r          io.Reader
	skip, left int64
}

func (c *cutReader) Read(p []byte) (int, error) {
	if c.skip > 0 {
		n, err := io.CopyN(io.Discard, c.r, c.skip)
		c.skip -= n
		if err != nil {
			return 0, err // io.EOF where the range lies beyond the end
		}
	}
	if c.left <= 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.r.Read(p)
	c.left -= int64(n)
	return n, err
}

// cutsText writes cuts as the database has them: "37+1204 base64, 0+90".
func cutsText(cuts []Cut) string {
	var b strings.Builder
	for i, c := range cuts {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%d+%d", c.Offset, c.Length)
		if c.Encoding != "" {
			b.WriteString(" " + c.Encoding)
		}
	}
	return b.String()
}

// parseCuts reads what cutsText wrote. What it did not write cuts everything
// away, so that nobody takes other bytes for the file.
func parseCuts(s string) []Cut {
	if s == "" {
		return nil
	}
	var cuts []Cut
	for _, one := range strings.Split(s, ", ") {
		span, encoding, _ := strings.Cut(one, " ")
		off, length, _ := strings.Cut(span, "+")
		o, err1 := strconv.ParseInt(off, 10, 64)
		n, err2 := strconv.ParseInt(length, 10, 64)
		if err1 != nil || err2 != nil || o < 0 || n < 0 || !transfer.Known(encoding) || len(cuts) == maxCuts {
			return []Cut{{}}
		}
		cuts = append(cuts, Cut{Offset: o, Length: n, Encoding: encoding})
	}
	return cuts
}

// attachTx records parts of a blob as a message's attachments.
func (s *Store) attachTx(ctx context.Context, tx *migrations.Tx, messageID int64, digest string, parts []Part) error {
	for _, p := range parts {
		uid, _ := NewToken()
		err := tx.Later(ctx, `INSERT INTO attachment (uid, message_id, role, name, content_type, charset, content_id, encoding, digest, start, length, cuts, size)`, "",
			uid, messageID, string(p.Role), p.Name, p.ContentType, p.Charset, p.ContentID, p.Encoding, digest, p.Offset, p.Length, cutsText(p.Cuts), p.Size)
		if err != nil {
			return fmt.Errorf("record attachment: %w", err)
		}
	}
	return nil
}
