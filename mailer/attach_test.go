package mailer

import (
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// TestNotificationsCarryWhatIsSeen: pictures and plain text of a new request,
// up to a size, never what runs; and nobody waits for a file that is gone.
func TestNotificationsCarryWhatIsSeen(t *testing.T) {
	it := sample(tracker.MailNotify)
	it.References, it.Message.Direction = nil, "in"
	file := func(name, kind string, size int64) tracker.Attachment {
		return tracker.Attachment{Name: name, ContentType: kind, Size: size, Length: size, Digest: "d"}
	}
	names := func(files ...tracker.Attachment) string {
		it.Message.Attachments = files
		got, _ := toSee(it)
		var all []string
		for _, a := range got {
			all = append(all, a.Name)
		}
		return strings.Join(all, " ")
	}
	for _, c := range []struct {
		what, want string
		files      []tracker.Attachment
	}{
		{"what is seen", "a.png b.JPG c.log", []tracker.Attachment{file("a.png", "image/png", 9), file("b.JPG", "image/jpeg", 9), file("c.log", "text/plain; charset=utf-8", 9)}},
		{"what runs", "", []tracker.Attachment{file("a.exe", "application/octet-stream", 9), file("a.png.exe", "image/png", 9), file("a.txt", "application/x-msdownload", 9), file("a.svg", "image/svg+xml", 9),
			file("a.html", "text/html", 9), file("a.bat", "text/plain", 9), file("a.zip", "application/zip", 9), file("a.docm", "application/msword", 9), file("a.pdf", "application/pdf", 9), file("", "image/png", 9), file("a.png", "image/png; x", 9)}},
		{"too large", "b.png", []tracker.Attachment{file("a.png", "image/png", maxSeenBytes+1), file("b.png", "image/png", maxSeenBytes), file("c.png", "image/png", 1)}},
		{"too many", "1.png 2.png 3.png 4.png 5.png", []tracker.Attachment{file("1.png", "image/png", 1), file("2.png", "image/png", 1), file("3.png", "image/png", 1), file("4.png", "image/png", 1), file("5.png", "image/png", 1), file("6.png", "image/png", 1)}},
	} {
		if got := names(c.files...); got != c.want {
			t.Errorf("%s: %q, not %q", c.what, got, c.want)
		}
	}
	it.References = []string{"x"}
	if got := names(file("a.png", "image/png", 9)); got != "" {
		t.Errorf("an answer's files: %q", got)
	}
	it.References = nil
	it.Message.Attachments = []tracker.Attachment{file("screen.png", "image/png", 4), file("setup.exe", "application/octet-stream", 4)}
	r := testRenderer(t)
	out, err := r.render(t.Context(), it, testDesk, testToken)
	if err != nil || strings.Contains(string(out.Bytes), "attachment;") {
		t.Fatalf("the file is gone: %v", err)
	}
	st := tracker.New(dbtest.Open(t, migrations.SQLite), tracker.Options{})
	digest, _, err := st.PutBlob(t.Context(), strings.NewReader("PNG!"))
	if err != nil {
		t.Fatal(err)
	}
	it.Message.Attachments[0].Digest, r.open = digest, st.OpenBlob
	out, err = r.render(t.Context(), it, testDesk, testToken)
	raw := string(out.Bytes)
	if err != nil || strings.Count(raw, "attachment;") != 1 || !strings.Contains(raw, "UE5HIQ==") || !strings.Contains(strings.ReplaceAll(strings.ReplaceAll(raw, "\r\n", "\n"), "=\n", ""), "setup.exe (4 bytes), on the ticket only") {
		t.Fatalf("%v\n%s", err, raw)
	}
	it.Kind = tracker.MailAck
	if got := names(file("a.png", "image/png", 9)); got != "" {
		t.Errorf("an acknowledgement carries %q", got)
	}
}
