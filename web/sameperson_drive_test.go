package web

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestPeopleFromAFileToOne: a technician brings a list of people, finds one
// person twice in it, and makes them one; at the desk and on the phone. With
// HELPDESKD_SHOTS it takes pictures.
func TestPeopleFromAFileToOne(t *testing.T) {
	for name, size := range map[string][2]int{"desk": {1440, 900}, "phone": {390, 844}} {
		t.Run(name, func(t *testing.T) {
			d := newDrive(t, usual, size[0], size[1])
			shot := func(what string) {
				if over := d.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); over > 0 {
					t.Errorf("%s is %d px wider than the window", what, over)
				}
				if dir := os.Getenv("HELPDESKD_SHOTS"); dir != "" {
					d.MustWaitIdle()
					d.MustScreenshotFullPage(filepath.Join(dir, fmt.Sprintf("people-%s-%s.png", what, name)))
				}
			}
			d.open("/people/import")
			shot("1-begin")
			file := filepath.Join(t.TempDir(), "people.csv")
			d.w.ok(os.WriteFile(file, []byte("Name;E-Mail;Abteilung;Telefon;Notes\nRosa Lund;rosa@corp.example;Finance;;x\nRosa Lund;rosa.lund@corp.example, rl@corp.example;;555 0177;\nNobody;;Sales;;\n"), 0o600))
			d.MustElement("#file").MustSetFiles(file)
			d.sees("main form button", "Check it").MustClick()
			d.sees(".import-sentence", "2 are new and 1 has a problem")
			d.sees(".import-problems td.m", "a name alone does not tell")
			d.sees(".import-preview", "rl@corp.example")
			shot("2-check")
			d.sees("button", "Import the 2 good rows").MustClick()
			d.sees(".import-sentence", "2 people are new and 1 row was left out")
			shot("3-done")
			d.open("/people")
			d.sees(".same-note", "1 pair of people")
			shot("4-list")
			d.sees(".same-note a", "Have a look").MustClick()
			d.sees(".same-acts", "The same name")
			shot("5-pairs")
			d.sees(".same-acts a", "The same").MustClick()
			d.sees("main", "This can not be taken back")
			d.sees(".same-field legend", "Telephone")
			shot("6-compare")
			d.sees("main form button", "Make them one").MustClick()
			d.sees(".side .person", "rosa.lund@corp.example")
			d.sees(".side dl", "555 0177")
			d.sees(".side summary", "Addresses").MustClick()
			d.sees(".addresses .tag", "main")
			shot("7-person")
			d.sees(".addresses a", "Remove").MustClick()
			d.sees("main", "off Rosa Lund")
			shot("8-remove")
			d.sees("main form button", "Remove this address").MustClick()
			d.sees(".side .person", "Rosa Lund")
			if n := d.w.count(`SELECT count(*) FROM client_address a JOIN client c ON c.id = a.client_id WHERE c.name = 'Rosa Lund'`); n != 2 {
				t.Errorf("%d addresses are left", n)
			}
		})
	}
}
