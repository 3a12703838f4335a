package web

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// What is there, but not in the form that was asked for.
var (
	errNoPicture   = migrations.NotFoundf("This is no picture.")
	errNoThumbnail = migrations.NotFoundf("This picture cannot be shown small. Open it instead.")
	errNoHTML      = migrations.NotFoundf("This mail has no formatted text.")
	errNoMail      = migrations.NotFoundf("This was written here: there is no mail of it.")
)

// pictures are the types that browsers may show inside our pages. SVG is not
// among them: it is a document with scripts.
var pictures = map[string]bool{"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true, "image/bmp": true}

// attachment serves a file that somebody attached. Pictures may be shown;
// everything else is only ever downloaded, whatever it says it is.
func (s *site) attachment(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a, m, err := s.store.AttachmentByUID(ctx, *accountOf(ctx), chi.URLParam(r, "uid"))
	if err != nil {
		return err
	}
	if a.Role == tracker.RoleHTML {
		return seeOther(w, r, fmt.Sprintf("/messages/%d/html", m.ID))
	}
	if a.Role == tracker.RoleFile { // what stands within a mail is read with its ticket
		if err := s.store.LookedAt(ctx, actorOf(r), m.ClientID); err != nil {
			return err
		}
	}
	body, done, err := s.openAttachment(r, a)
	if err != nil {
		return err
	}
	defer done()
	h := w.Header()
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("Cache-Control", "private, max-age=86400, immutable")
	kind, shown := "application/octet-stream", "attachment"
	if pictures[a.ContentType] {
		kind, shown = a.ContentType, "inline"
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", disposition(shown, a.Name))
	if _, err := io.Copy(w, body); err != nil {
		s.log.WarnContext(ctx, "sending an attachment ended early", slog.String("attachment", a.UID), slog.Any("error", err))
	}
	return nil
}

// file serves a file that somebody added to a thing, like an attachment.
func (s *site) file(w http.ResponseWriter, r *http.Request) error {
	f, err := s.fileFor(r)
	if err != nil {
		return err
	}
	blob, err := s.store.OpenBlob(r.Context(), f.Digest)
	if err != nil {
		return err
	}
	defer blob.Close()
	h := w.Header()
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("Cache-Control", "private, max-age=86400, immutable")
	kind, shown := "application/octet-stream", "attachment"
	if pictures[f.ContentType] {
		kind, shown = f.ContentType, "inline"
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", disposition(shown, f.Name))
	w.Write(blob.Bytes()) // an error means that the reader went away
	return nil
}

// fileFor finds the file in a link, for somebody who may read what it is of.
func (s *site) fileFor(r *http.Request) (tracker.File, error) {
	f, err := s.store.FileByUID(r.Context(), chi.URLParam(r, "uid"))
	if migrations.KindOf(err) == migrations.NotFound {
		return f, migrations.NotFoundf("There is no such file.")
	}
	if err != nil {
		return f, err
	}
	need := tracker.ReadThings
	if f.OwnerKind == "note" || f.OwnerKind == "fix" {
		need = tracker.ReadTickets
	}
	if !tracker.May(*accountOf(r.Context()), need) {
		return f, migrations.NotFoundf("There is no such file.")
	}
	return f, nil
}

// fileThumb serves a small picture of a file, for tiles.
func (s *site) fileThumb(w http.ResponseWriter, r *http.Request) error {
	f, err := s.fileFor(r)
	if err != nil {
		return err
	}
	return s.thumb(w, r, f.ContentType, f.Digest, func() (io.Reader, func(), error) {
		blob, err := s.store.OpenBlob(r.Context(), f.Digest)
		if err != nil {
			return nil, nil, err
		}
		return io.NewSectionReader(blob, 0, blob.Size()), func() { blob.Close() }, nil
	})
}

// attachmentThumb serves a small picture of an attachment.
func (s *site) attachmentThumb(w http.ResponseWriter, r *http.Request) error {
	a, _, err := s.store.AttachmentByUID(r.Context(), *accountOf(r.Context()), chi.URLParam(r, "uid"))
	if err != nil {
		return err
	}
	key := fmt.Sprintf("%s:%d:%d:%s", a.Digest, a.Start, a.Length, a.Cuts)
	return s.thumb(w, r, a.ContentType, key, func() (io.Reader, func(), error) { return s.openAttachment(r, a) })
}

func (s *site) thumb(w http.ResponseWriter, r *http.Request, contentType, key string, open func() (io.Reader, func(), error)) error {
	if !pictures[contentType] {
		return errNoPicture
	}
	data, kind, err := s.thumbs.get(r.Context(), key, open)
	if errors.Is(err, errNoThumb) {
		return errNoThumbnail
	}
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("Cache-Control", "private, max-age=86400, immutable")
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(data)))
	w.Write(data)
	return nil
}

// disposition is a Content-Disposition with a name in any script (RFC 6266).
func disposition(kind, name string) string {
	if name == "" {
		name = "file"
	}
	if v := mime.FormatMediaType(kind, map[string]string{"filename": name}); v != "" {
		return v
	}
	return kind
}

// openAttachment opens the decoded content of an attachment.
func (s *site) openAttachment(r *http.Request, a tracker.Attachment) (io.Reader, func(), error) {
	blob, err := s.store.OpenBlob(r.Context(), a.Digest)
	if err != nil {
		return nil, nil, err
	}
	done := func() { blob.Close() }
	if s.opts.Mail == nil || a.Encoding == "" && a.Cuts == "" && a.Start == 0 && a.Length == blob.Size() {
		return tracker.OpenPart(blob, a.Part()), done, nil // an upload
	}
	body, err := s.opts.Mail.OpenPart(blob, a.Part())
	if err != nil {
		done()
		return nil, nil, fmt.Errorf("decode attachment %s: %w", a.UID, err)
	}
	return body, done, nil
}

// frameHeaders are those of everything that stands in the frame.
func frameHeaders(h http.Header) {
	h.Set("Content-Security-Policy", mailPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "private, no-store")
}

// maxTextMail is how many bytes of a mail without HTML are read to show it as
// it was sent: its text stands in front of its attachments.
const maxTextMail = 8 << 20

// messageText shows a mail that has no HTML as it was sent, with everything in
// its place that the page folds away.
func (s *site) messageText(w http.ResponseWriter, r *http.Request, m tracker.Message) error {
	if m.Digest == "" || s.opts.Mail == nil {
		return errNoHTML
	}
	blob, err := s.store.OpenBlob(r.Context(), m.Digest)
	if err != nil {
		return err
	}
	defer blob.Close()
	raw := make([]byte, min(maxTextMail, blob.Size()))
	if _, err := io.ReadFull(io.NewSectionReader(blob, 0, blob.Size()), raw); err != nil {
		return fmt.Errorf("read message %d: %w", m.ID, err)
	}
	frameHeaders(w.Header())
	return mailFrame.Execute(w, mailFrameView{Title: s.frameTitle(&m), Text: tracker.WithoutLinks(s.opts.Mail.WholeText(raw))})
}

// messageRaw shows a mail as it came, as plain text.
func (s *site) messageRaw(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	m, err := s.store.MessageByID(r.Context(), id)
	if err != nil {
		return err
	}
	if m.Digest == "" {
		return errNoMail
	}
	if err := s.store.LookedAt(r.Context(), actorOf(r), m.ClientID); err != nil {
		return err
	}
	return s.rawMail(w, r, m.Digest, "message-"+strconv.FormatInt(id, 10))
}

// rawMail serves the bytes of a mail: shown as text, or with ?download=1
// saved as a file. A browser never takes it for anything else.
func (s *site) rawMail(w http.ResponseWriter, r *http.Request, digest, name string) error {
	blob, err := s.store.OpenBlob(r.Context(), digest)
	if err != nil {
		return err
	}
	defer blob.Close()
	h := w.Header()
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "private, no-store")
	if r.URL.Query().Get("download") == "1" {
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Content-Disposition", disposition("attachment", name+".eml"))
	}
	io.Copy(w, io.NewSectionReader(blob, 0, blob.Size())) // an error means that the reader went away
	return nil
}

// rawText returns the first part of a mail's bytes as text that can be shown.
func (s *site) rawText(r *http.Request, digest string, limit int64) (text string, cut bool, err error) {
	blob, err := s.store.OpenBlob(r.Context(), digest)
	if err != nil {
		return "", false, err
	}
	defer blob.Close()
	b := make([]byte, min(limit, blob.Size()))
	if _, err := io.ReadFull(io.NewSectionReader(blob, 0, blob.Size()), b); err != nil {
		return "", false, err
	}
	return strings.ToValidUTF8(strings.ReplaceAll(string(b), "\r\n", "\n"), "\uFFFD"), blob.Size() > limit, nil
}
