package tracker

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"helpdeskd/migrations"
)

func TestWordsOfSearch(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		" - ' \" ":                    "",
		"Hello, World":                "hello world",
		"HD-12":                       "hd 12",
		"user@mail.example":           "user mail example",
		"Élodie n’arrive plus à ÇA":   "elodie n arrive plus a ca",
		"Straße Ærø Łódź İstanbul ıı": "strasse aero lodz istanbul ii",
		"ﬁle ①② 5㎒":                   "file 12 5mhz",
		"再起動してください":                   "再起 起動 動し して てく くた たさ さい い",
		"PCが動かない":                     "pc か動 動か かな ない い",
		"프린터 고장":                      "프린터 고장",
		"a\x00b\xff c":                "a b c",
		strings.Repeat("x", 90):       strings.Repeat("x", 40),
		"मुझे":                        "मझ",
		"x x X":                       "x",
	} {
		got := strings.Join(wordsOf(100, text), " ")
		if text == "프린터 고장" { // in jamo, by which a prefix of a syllable is found
			got, want = fmt.Sprint(len(strings.Fields(got))), "2"
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if n := len(wordsOf(3, "a b c d e", "f")); n != 3 {
		t.Errorf("%d words instead of 3", n)
	}
}

func TestSearchFindsNewestFirst(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		d.open(t, "Toner für den Drucker fehlt", "anna")
		d.open(t, "Écran noir after the update", "bert")
		d.open(t, "Bildschirm flackert, Drucker auch (Gerät 東京都庁)", "carla")
		d.put(t, 3, `fix = 'Replaced the DisplayPort-cable'`)
		d.open(t, "c++ compiler and a-b test", "anna")
		if n := must(d.IndexPending(ctx, nil))(t); n != 7 {
			t.Fatalf("indexed %d things, want 4 tickets and 3 clients", n)
		}
		find := func(q, kind string) []string {
			t.Helper()
			page, err := d.Search(ctx, q, kind, 0, 50)
			if err != nil {
				t.Fatalf("search %.40q: %v", q, err)
			}
			out := []string{}
			if page.Exact != nil {
				out = append(out, "="+page.Exact.Name())
			}
			for _, h := range page.Hits {
				if h.Ticket != nil {
					out = append(out, h.Ticket.Name())
				} else {
					out = append(out, h.Client.Name)
				}
			}
			return out
		}
		for _, c := range []struct {
			q, kind string
			want    string
		}{
			{"drucker", "", "[HD-3 HD-1]"},
			{"DRUCKER fur", "", "[HD-1]"},
			{"dru", "", "[HD-3 HD-1]"},
			{"dr bi", "", "[HD-3]"},
			{"d", "", "[]"},
			{"ecran", "", "[HD-2]"},
			{"ÉCRAN NOIR", "", "[HD-2]"},
			{"displayport", "", "[HD-3]"},
			{"displayport-cable", "", "[HD-3]"},
			{"東京", "", "[HD-3]"},
			{"京都", "", "[HD-3]"},
			{"庁", "", "[HD-3]"},
			{"大阪", "", "[]"},
			{"c++", "", "[HD-4]"},
			{"a-b", "", "[HD-4]"},
			{"anna", "", "[HD-4 HD-1 Anna]"},
			{"anna", KindTicket, "[HD-4 HD-1]"},
			{"anna", KindClient, "[Anna]"},
			{"anna@office.example", KindClient, "[Anna]"},
			{"HD-2", "", "[=HD-2 HD-2]"},
			{"hd2", "", "[HD-2]"},
			{"2", "", "[=HD-2 HD-2]"},
			{"hd-99", "", "[]"},
			{`"drucker`, "", "[HD-3 HD-1]"},
			{`drucker NOT toner OR NEAR(`, "", "[]"},
			{"words:drucker*", "", "[]"},
			{"drucker & !toner | <->", "", "[HD-1]"},
			{"", "", "[]"},
			{"'; DROP TABLE ticket; --", "", "[]"},
			{"\x00\xff\xfe", "", "[]"},
			{strings.Repeat("drucker ", 1300), "", "[HD-3 HD-1]"},
			{strings.Repeat("x", 10_000), "", "[]"},
			{strings.Repeat("\"'()*:&|!<>-+^~\\", 700), "", "[]"},
		} {
			got := find(c.q, c.kind)
			if c.q == "anna" && c.kind == "" { // a client is indexed beside its first ticket
				slices.Sort(got)
				c.want = "[Anna HD-1 HD-4]"
			}
			if fmt.Sprint(got) != c.want {
				t.Errorf("search %.40q %s: %v, want %s", c.q, c.kind, got, c.want)
			}
		}
		var paged []string
		for before, pages := int64(0), 0; before != 0 || pages == 0; pages++ {
			page := must(d.Search(ctx, "drucker", "", before, 1))(t)
			for _, h := range page.Hits {
				paged = append(paged, h.Ticket.Name())
			}
			if before = page.More; pages > 3 {
				t.Fatal("the pages do not end")
			}
		}
		if fmt.Sprint(paged) != "[HD-3 HD-1]" {
			t.Errorf("by pages: %v", paged)
		}
	})
}

func TestIndexFollowsChangesAndBoundsWhatItTakes(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		x := d.open(t, "Beamer", "anna")
		d.put(t, x.Number, `fix = 'Lampe'`)
		// A million different words in one message.
		var b strings.Builder
		for i := range 60_000 {
			fmt.Fprintf(&b, "w%dq ", i)
		}
		err := d.db.Tx(ctx, func(tx *migrations.Tx) error {
			for range 40 {
				if _, err := tx.Exec(ctx, `INSERT INTO message (ticket_id, direction, state, from_name, from_address, subject, body, at) VALUES (?, 'in', 'shown', '', '', '', ?, 1)`, x.ID, b.String()); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		must(d.IndexPending(ctx, nil))(t)
		found := func(q string) bool {
			return len(must(d.Search(ctx, q, "", 0, 10))(t).Hits) == 1
		}
		if !found("beamer w17q") || found("w59999q") {
			t.Fatal("the index must hold the beginning of a message, and only that")
		}
		d.put(t, x.Number, `fix = 'Projektor'`)
		err = d.db.Tx(ctx, func(tx *migrations.Tx) error {
			for range 3 {
				if err := d.IndexTx(ctx, tx, KindTicket, x.ID); err != nil {
					return err
				}
			}
			return d.IndexTx(ctx, tx, KindTicket, 999) // gone since
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := must(d.IndexPending(ctx, nil))(t); n != 2 {
			t.Fatalf("indexed %d things, want 2", n)
		}
		if n := must(d.IndexPending(ctx, nil))(t); n != 0 || found("lampe") || !found("please w18q projektor") {
			t.Fatalf("after a change: %d left; the old words must go and the new ones come", n)
		}
	})
}

// Searches walk from shelf to shelf of the index, and pages of what they find
// go on where the last one ended.
func TestSearchFindsRareAndOldOnes(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		for i := range 3 {
			d.open(t, fmt.Sprint("Quokka ", i), "anna")
		}
		err := d.db.Tx(ctx, func(tx *migrations.Tx) error {
			for i, at := range []int64{7, 3<<shelfBits - 1, 60<<shelfBits + 5} {
				if _, err := tx.Exec(ctx, `INSERT INTO search_doc (id, kind, ref) SELECT CAST(? AS BIGINT), 'ticket', id FROM ticket WHERE number = ?`, at, i+1); err != nil {
					return err
				}
			}
			_, err := tx.Exec(ctx, `INSERT INTO search_doc (id, kind, ref) VALUES (?, 'client', -1)`, 90<<shelfBits)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		must(d.IndexPending(ctx, nil))(t)
		var got []int64
		for before, pages := int64(0), 0; before != 0 || pages == 0; pages++ {
			page := must(d.Search(ctx, "quokka", KindTicket, before, 2))(t)
			for _, h := range page.Hits {
				got = append(got, h.Ticket.Number)
			}
			if before = page.More; pages > 3 {
				t.Fatal("the pages do not end")
			}
		}
		if !slices.Equal(got, []int64{3, 2, 1}) {
			t.Fatalf("found %v", got)
		}
		list, _, err := d.Tickets(ctx, TicketFilter{Text: "quokka anna", AssigneeID: Nobody}, "", 10)
		if err != nil || !slices.Equal(numbers(list), []int64{3, 2, 1}) {
			t.Fatalf("listed %v %v", numbers(list), err)
		}
	})
}

// Words need no escaping in the engines' query languages, whatever is typed.
func FuzzWordsAreOnlyLettersAndDigits(f *testing.F) {
	for _, seed := range []string{"HD-12 user@x c++", "\"'\\():*&|!<->", "再起動 İ ß ㎒ \u0345\u0301", "\xff\x00", "ǅ ᾼ ﷺ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, w := range wordsOf(1000, text) {
			if w == "" || utf8.RuneCountInString(w) > maxToken {
				t.Fatalf("%q gives %q", text, w)
			}
			for _, r := range w {
				if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mc, r) || unicode.ToLower(r) != r {
					t.Fatalf("%q gives %q", text, w)
				}
			}
		}
	})
}
