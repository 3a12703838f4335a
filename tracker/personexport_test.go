package tracker

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"helpdeskd/migrations"
)

func TestAPersonIsExportedWhole(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		_, raw := annaEverywhere(d)
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `INSERT INTO satisfaction (ticket_id, client_id, score, comment, at) SELECT t.id, c.client_id, 2, CASE WHEN c.client_id = t.client_id THEN 'So-so, said quetzal' ELSE 'of another' END, t.opened_at
				FROM ticket t JOIN client_address c ON c.address IN ('anna@aldermere.example', 'bob@aldermere.example') WHERE t.number = 1`)
			return err
		}))
		var done, all int
		export := func(notes bool) map[string]string {
			var b bytes.Buffer
			d.ok(d.ExportPerson(d.ctx, Actor{}, "anna@aldermere.example", notes, &b, func(n, of int) { done, all = n, of }))
			if done != all || done == 0 {
				t.Errorf("it told of %d of %d", done, all)
			}
			z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
			d.ok(err)
			files := map[string]string{}
			for _, f := range z.File {
				r, err := f.Open()
				d.ok(err)
				data, err := io.ReadAll(r)
				d.ok(err)
				if _, twice := files[f.Name]; twice {
					t.Errorf("%s is in it twice", f.Name)
				}
				files[f.Name] = string(data)
			}
			return files
		}
		token, _ := NewToken()
		d.takeRaw(d.mail(says("with a mark")), "From: anna@aldermere.example\r\nIn-Reply-To: <hd."+token+"@aldermere.example>\r\nTo: helpdesk+"+token+"@aldermere.example\r\n\r\nhelpdesk=2B"+token[:9]+"=\r\n"+token[9:]+"=40aldermere.example and hd."+token[:20]+"@x\r\n")
		for name, text := range export(false) {
			if strings.Contains(text, token) || strings.Contains(text, "=\r\n"+token[9:]) {
				t.Errorf("%s has a reply token", name)
			}
			if strings.Contains(text, "Anna called") || name == "notes.json" {
				t.Errorf("%s has what technicians noted", name)
			}
			if strings.HasSuffix(name, ".eml") && (strings.Contains(text, "From: bob@") || strings.Contains(text, "Subject: quote")) {
				t.Errorf("%s is somebody else's", name)
			}
		}
		files := export(true)
		marked := 0
		for _, text := range files {
			if strings.Contains(text, "<hd."+noToken+"@aldermere.example>\r\nTo: helpdesk+"+noToken+"@aldermere.example\r\n\r\nhelpdesk=2B"+noToken+"=40aldermere.example and hd."+token[:20]+"@x") {
				marked++
			}
		}
		if marked != 1 {
			t.Errorf("%d mails say where a token was", marked)
		}
		for name, want := range map[string]string{
			"person.json": "anna@aldermere.example", "tickets/HD-1/HD-1.txt": "It is quetzal again.", "tickets/HD-1/HD-1.json": `"text": "It is quetzal again."`, "tickets/HD-1/mail-1.eml": raw,
			"took part in/HD-2/HD-2.txt": "My chair quetzals, too.", "took part in/HD-2/Plan of Anna Berg.txt": "plan of the chair", "other mail/to-them.json": `"Kind": "ack"`,
			"notes.json": "Anna called", "events.json": `"opened"`, "README.txt": "All that this helpdesk",
		} {
			if !strings.Contains(files[name], want) {
				t.Errorf("%s does not say %q: %.300s", name, want, files[name])
			}
		}
		if one := files["tickets/HD-1/HD-1.json"]; !strings.Contains(one, `"how_it_was"`) || !strings.Contains(one, `"score": 2`) || !strings.Contains(one, "So-so, said quetzal") || strings.Contains(one, "of another") {
			t.Errorf("how content they were is not in it: %s", one)
		}
		held, acks := false, false
		for name, text := range files {
			held = held || strings.Contains(text, "held quetzal")
			acks = acks || strings.HasPrefix(name, "other mail/to-them-") && strings.HasSuffix(name, ".eml")
		}
		if !held || !acks {
			t.Errorf("held %v, mails to them %v", held, acks)
		}
		if n := d.count(`SELECT count(*) FROM event WHERE subject = 'client' AND kind = 'exported'`); n != 2 {
			t.Errorf("%d events", n)
		}
		if err := d.ExportPerson(d.ctx, Actor{}, "nobody@x.example", false, io.Discard, nil); migrations.KindOf(err) != migrations.NotFound {
			t.Errorf("nobody: %v", err)
		}
	})
}
