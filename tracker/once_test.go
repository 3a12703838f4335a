package tracker

import (
	"bytes"
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"helpdeskd/migrations"
)

func (d *desk) upload(t *testing.T, name string, content []byte) Upload {
	t.Helper()
	digest, size, err := d.PutBlob(t.Context(), bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return Upload{Name: name, ContentType: "image/png", Digest: digest, Size: size}
}

// A form whose answer was lost is sent again: what it wrote is written once.
func TestTheSameFormSentAgainWritesOnce(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, by := t.Context(), d.tech.Actor()
		x := d.open(t, "Printer jams", "anna")
		in := ReplyInput{Text: "I am coming up.\r\n", Once: "k1", ThenStage: InProgress}
		ids := make([]int64, 5)
		var g errgroup.Group
		for i := range ids {
			g.Go(func() (err error) { ids[i], err = d.Reply(ctx, by, x.Number, in); return err })
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			if id == 0 || id != ids[0] {
				t.Fatalf("five sends of one form made the messages %v", ids)
			}
		}
		if got := fmt.Sprint(d.outbox(t, x.ID)); got != "[reply anna@office.example queued]" {
			t.Fatalf("queued %s", got)
		}
		// It stays one though it was answered meanwhile, and though what was seen is old.
		in.Seen = 1
		if id := must(d.Reply(ctx, by, x.Number, in))(t); id != ids[0] {
			t.Fatalf("sent again it is %d instead of %d", id, ids[0])
		}
		// Other words are not swallowed, another person's and another ticket's form not believed.
		in.Seen, in.Text = 0, "I am not coming."
		_, err := d.Reply(ctx, by, x.Number, in)
		wantKind(t, err, migrations.Conflict)
		in.Text = "I am coming up."
		_, err = d.Reply(ctx, d.admin.Actor(), x.Number, in)
		wantKind(t, err, migrations.Invalid)
		y := d.open(t, "Mouse", "anna")
		_, err = d.Reply(ctx, by, y.Number, in)
		wantKind(t, err, migrations.Invalid)
		// A form without a key, as before, is one answer each.
		a, b := must(d.Reply(ctx, by, y.Number, ReplyInput{Text: "x"}))(t), must(d.Reply(ctx, by, y.Number, ReplyInput{Text: "x"}))(t)
		if a == b {
			t.Fatal("two answers became one")
		}

		note := NoteInput{Body: "Drum", Once: "k2", Files: []Upload{d.upload(t, "drum.png", []byte("png"))}}
		n := must(d.WriteNote(ctx, by, x.Number, note))(t)
		if m := must(d.WriteNote(ctx, by, x.Number, note))(t); m.ID != n.ID {
			t.Fatalf("the note %d became %d as well", n.ID, m.ID)
		}
		if files := must(d.NoteByID(ctx, n.ID))(t).Files; len(files) != 1 || files[0].Name != "drum.png" {
			t.Fatalf("the note's files: %+v", files)
		}
		note.Body = "Drum, again"
		_, err = d.WriteNote(ctx, by, x.Number, note)
		wantKind(t, err, migrations.Conflict)
	})
}

func TestFilesOfNotesAndFixes(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, by := t.Context(), d.tech.Actor()
		x := d.open(t, "Printer jams", "anna")
		_, err := d.WriteNote(ctx, by, x.Number, NoteInput{Body: " "})
		wantKind(t, err, migrations.Invalid)
		n := must(d.WriteNote(ctx, by, x.Number, NoteInput{Files: []Upload{d.upload(t, `C:\shots\a.png`, []byte("a"))}}))(t)
		if n = must(d.EditNote(ctx, by, n.ID, "This is the drum.", n.Version))(t); n.Body != "This is the drum." {
			t.Fatalf("%+v", n)
		}
		must(d.EditNote(ctx, by, n.ID, "", n.Version))(t) // it has a picture
		_, err = d.EditNote(ctx, by, n.ID, "late", n.Version)
		wantKind(t, err, migrations.Conflict)
		_, err = d.EditNote(ctx, d.admin.Actor(), n.ID, "not mine", AnyVersion)
		wantKind(t, err, migrations.Denied)
		many := make([]Upload, maxFiles+1)
		_, err = d.WriteNote(ctx, by, x.Number, NoteInput{Body: "many", Files: many})
		wantKind(t, err, migrations.Invalid)

		y := must(d.SetStage(ctx, by, x.Number, StageChange{Fix: "New drum", Files: []Upload{d.upload(t, "drum.png", []byte("b"))}}, AnyVersion))(t)
		if y.Stage != Requested || y.Fix != "New drum" {
			t.Fatalf("a fix alone: %+v", y)
		}
		c := must(d.Conversation(ctx, x.Number, 0))(t)
		if len(c.FixFiles) != 1 || c.FixFiles[0].Name != "drum.png" {
			t.Fatalf("files of the fix: %+v", c.FixFiles)
		}
		var notes []Note
		for _, e := range c.Entries {
			if e.Note != nil {
				notes = append(notes, *e.Note)
			}
		}
		if len(notes) != 1 || len(notes[0].Files) != 1 || notes[0].Files[0].Name != "a.png" {
			t.Fatalf("notes: %+v", notes)
		}
	})
}
