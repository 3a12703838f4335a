package mailer

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/textproto"
	"slices"
	"strings"

	mail "github.com/wneessen/go-mail"

	"helpdeskd/tracker"
)

// attach adds files to a mail, read from their blobs as the mail is written.
// The returned function closes the blobs, also where there is an error.
func (r *renderer) attach(ctx context.Context, m *mail.Msg, files []tracker.Attachment) (closeAll func(), err error) {
	var open []*tracker.Blob
	closeAll = func() {
		for _, b := range open {
			b.Close()
		}
	}
	var parts []*mail.File
	for _, a := range files {
		blob, err := r.open(ctx, a.Digest)
		if err != nil {
			return closeAll, fmt.Errorf("%w: attachment %d: %w", errContent, a.ID, err)
		}
		open = append(open, blob)
		if a.Start < 0 || a.Length < 0 || a.Start+a.Length > blob.Size() {
			return closeAll, fmt.Errorf("attachment %d reaches beyond its content", a.ID)
		}
		name := oneLine(a.Name, 120)
		if name == "" {
			name = "attachment"
		}
		parts = append(parts, &mail.File{
			Name: name, Enc: mail.EncodingB64, Header: fileHeader(name, a.ContentType),
			Writer: func(w io.Writer) (int64, error) {
				return copyTolerant(w, tracker.OpenPart(blob, a.Part()))
			},
		})
	}
	m.SetAttachments(parts)
	return closeAll, nil
}

// Bounds on the files of a request that its first notification carries. Each
// technician's copy is kept as it left, so that it must not be large: some
// screenshots are to fit, and a telephone's photographs are on the ticket.
const (
	maxSeen      = 5
	maxSeenBytes = 2 << 20 // together
)

// seen are the files that a notification carries, by their type and the ends
// of their names: what shows what is wrong and runs nothing. All else, programs
// and archives, documents that may hold macros, is named only: our mail would
// vouch for it inside the house, and a mail server that refuses it would refuse
// the notification.
var seen = map[string][]string{
	"image/png": {".png"}, "image/jpeg": {".jpg", ".jpeg"}, "image/gif": {".gif"}, "image/webp": {".webp"}, "text/plain": {".txt", ".log"},
}

// toSee chooses the files that a notification carries: of a message from
// outside with which a request begins. left tells by their places in the
// message which it does not carry; it has no entries where it carries none.
func toSee(it tracker.OutboxItem) (files []tracker.Attachment, left map[int]bool) {
	m := it.Message
	if it.Kind != tracker.MailNotify || m == nil || m.Direction != "in" || len(it.References) > 0 {
		return nil, nil
	}
	total, out := int64(0), map[int]bool{}
	for i, a := range m.Attachments {
		kind, _, err := mime.ParseMediaType(a.ContentType)
		name := strings.ToLower(oneLine(a.Name, 120))
		fits := slices.ContainsFunc(seen[kind], func(end string) bool { return strings.HasSuffix(name, end) })
		if err != nil || !fits || len(files) == maxSeen || a.Size < 0 || total+a.Size > maxSeenBytes {
			out[i] = true
			continue
		}
		files, total = append(files, a), total+a.Size
	}
	if len(files) == 0 {
		return nil, nil
	}
	return files, out
}

// copyTolerant copies what can be decoded: an attachment that came damaged
// goes on as damaged as it is.
func copyTolerant(w io.Writer, r io.Reader) (int64, error) {
	buf := make([]byte, 32<<10)
	var total int64
	for {
		n, err := r.Read(buf)
		k, werr := w.Write(buf[:n])
		total += int64(k)
		if werr != nil {
			return total, werr
		}
		if err != nil {
			return total, nil
		}
	}
}

// fileHeader names a file twice: as RFC 2231 has it, and in the old way for
// programs that only know that.
func fileHeader(name, contentType string) textproto.MIMEHeader {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil || !strings.Contains(kind, "/") || strings.HasPrefix(kind, "multipart/") || strings.HasPrefix(kind, "message/") {
		kind = "application/octet-stream"
	}
	h := textproto.MIMEHeader{}
	h.Set("Content-Type", kind+";\r\n name=\""+strings.Join(encodeQuoted(name), "\r\n ")+"\"")
	h.Set("Content-Disposition", "attachment;\r\n "+strings.Join(splitParameter("filename", name), ";\r\n "))
	return h
}

// encodeQuoted returns a name for a quoted parameter: encoded words where it is not plain.
func encodeQuoted(name string) []string {
	if isASCII(name) && !strings.ContainsAny(name, `"\`) && !strings.Contains(name, "=?") && len(name) < 70 {
		return []string{name}
	}
	return encodedWords(name)
}

// splitParameter writes a parameter by RFC 2231: plain, encoded, or encoded
// in several pieces.
func splitParameter(key, value string) []string {
	if isASCII(value) && !strings.ContainsAny(value, `"\`) && len(value) < 60 {
		return []string{key + `="` + value + `"`}
	}
	var pieces []string
	var b strings.Builder
	for _, r := range value {
		enc := percent(r)
		if b.Len()+len(enc) > 50 {
			pieces = append(pieces, b.String())
			b.Reset()
		}
		b.WriteString(enc)
	}
	pieces = append(pieces, b.String())
	if len(pieces) == 1 {
		return []string{key + "*=utf-8''" + pieces[0]}
	}
	for i, p := range pieces {
		if i == 0 {
			p = "utf-8''" + p
		}
		pieces[i] = fmt.Sprintf("%s*%d*=%s", key, i, p)
	}
	return pieces
}

func percent(r rune) string {
	if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == '.' || r == '_' {
		return string(r)
	}
	var b strings.Builder
	for _, c := range []byte(string(r)) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}
