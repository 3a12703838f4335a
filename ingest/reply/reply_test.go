package reply

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"helpdeskd/ingest/htmltext"
)

func TestSplit(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nothing quoted":        {"Hello,\n\nit is broken.\n", "Hello,\n\nit is broken."},
		"english attribution":   {"Works now.\n\nOn Mon, 2 Mar 2026 at 09:00, Help <h@corp.example>\nwrote:\n\n> Does it?\n", "Works now."},
		"no quote marks":        {"Works now.\n\nOn 2 March 2026 Help wrote:\n\nDoes it?\n", "Works now."},
		"german":                {"Geht wieder.\n\nAm 02.03.2026 um 09:00 schrieb Help:\n> Und?\n", "Geht wieder."},
		"french":                {"Merci.\n\nLe 2 mars 2026 à 09:00, Aide <h@corp.example> a écrit :\n> Alors ?\n", "Merci."},
		"outlook block":         {"Done.\n\nVon: Help <h@corp.example>\nGesendet: Montag, 2. März 2026 09:00\nAn: Anna\nBetreff: x\n\nalt\n", "Done."},
		"separator":             {"Done.\n\n-----Original Message-----\nFrom: Help\n\nold\n", "Done."},
		"signature":             {"Please call.\n\n-- \nAnna\nTel 12\n", "Please call."},
		"polite close":          {"Bitte um Rückruf.\n\nMit freundlichen Grüßen\nAnna Berg\nEinkauf\n", "Bitte um Rückruf."},
		"device":                {"ok\n\nSent from my iPhone\n", "ok"},
		"a sentence about one":  {"The mail was sent from my iPhone app to all users.\n", "The mail was sent from my iPhone app to all users."},
		"interleaved":           {"> Which printer?\n\nThe blue one.\n\n> Which floor?\n\nThe second.\n", "> Which printer?\n\nThe blue one.\n\n> Which floor?\n\nThe second."},
		"answer below":          {"On 2 Mar 2026, Help wrote:\n> Which printer?\n> Which floor?\n\nThe blue one, second floor.\n", "The blue one, second floor."},
		"only a quote":          {"> Which printer?\n> Which floor?\n", "> Which printer?\n> Which floor?"},
		"forward keeps all":     {"Please look.\n\n---------- Forwarded message ---------\nFrom: Bob <b@x.example>\nDate: today\nSubject: x\n\nIt broke.\n", "Please look.\n\n---------- Forwarded message ---------\nFrom: Bob <b@x.example>\nDate: today\nSubject: x\n\nIt broke."},
		"code is not a quote":   {"See:\n\n```\n> not a quote\n-- \nnot a signature\n```\n\nHelp!\n", "See:\n\n```\n> not a quote\n--\nnot a signature\n```\n\nHelp!"},
		"colons are no header":  {"From: here on nothing works.\nNote: I tried twice.\n", "From: here on nothing works.\nNote: I tried twice."},
		"on is not attribution": {"On your computer you can run:\n\nipconfig\n", "On your computer you can run:\n\nipconfig"},
		"banner":                {"CAUTION: This email originated from outside of the organization.\n\nMy badge is lost.\n", "My badge is lost."},
		"legal footer":          {"My badge is lost.\n\nThis e-mail is confidential. If you have received this message in error, delete it.\n", "My badge is lost."},
	} {
		got, quoted := Split(c.text, false)
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if folded(c.text) != folded(got)+folded(quoted) && len(folded(c.text)) != len(folded(got+quoted)) {
			t.Errorf("%s: words are lost: %q + %q", name, got, quoted)
		}
	}
}

// folded is the text without white space, to compare what is kept.
func folded(s string) string { return strings.Join(strings.Fields(s), "") }

func TestSplitDoc(t *testing.T) {
	for name, c := range map[string]struct{ html, want string }{
		"gmail":         {`<div>Works.</div><div class="gmail_quote"><div class="gmail_attr">On x wrote:</div><blockquote class="gmail_quote">old</blockquote></div>`, "Works."},
		"outlook":       {`<div>Works.</div><div id="divRplyFwdMsg"><b>From:</b> Help</div><div>old</div>`, "Works."},
		"outlook desk":  {`<p class=MsoNormal>Works.</p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p><b>Von:</b> Help</p></div></div><p>old</p>`, "Works."},
		"apple":         {`<div>Works.</div><blockquote type="cite">old</blockquote>`, "Works."},
		"thunderbird":   {`Works.<div class="moz-cite-prefix">Am 2.3. schrieb Help:</div><blockquote type="cite">old</blockquote>`, "Works."},
		"inline answer": {`<blockquote type="cite">Which?</blockquote><p>The blue one.</p>`, "The blue one."},
		"only a quote":  {`<blockquote type="cite">old</blockquote>`, "old"},
		"plain rule":    {`<p>one</p><hr><p>two</p>`, "one\n\ntwo"},
	} {
		got, _ := SplitDoc(htmltext.Parse(c.html, 1<<20), false)
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestForwarded(t *testing.T) {
	text := "FYI\n\nVon: Bob Roth <b@x.example>\nGesendet: Montag\nAn: Anna\nBetreff: x\n\nKaputt.\n"
	want := Origin{From: "Bob Roth <b@x.example>", Date: "Montag", Subject: "x"}
	if got, ok := Forwarded(text, true); !ok || got != want {
		t.Errorf("%+v", got)
	}
	if got, ok := Forwarded(text, false); ok {
		t.Errorf("an answer is not a forward: %+v", got)
	}
}

// TestLinear: one long text takes about as long as many short ones of the same
// sum, for texts that make careless splitters quadratic. Both are measured in
// turns and the best round counts, so that a busy machine does not matter;
// quadratic time would show as a factor of sixteen.
func TestLinear(t *testing.T) {
	const short, times = 16 << 10, 16
	for name, unit := range map[string]string{
		"quotes": "> > On x wrote:\n", "attributions": "On Mon, 2 Mar 2026 somebody\n", "open attributions": "On Mon, 2 Mar 2026 at 09:00 a@b.example:\n", "labels": "From: a\n", "label values": "From:\n\n", "closings": "Regards\n\n", "dashes": "\n-Anna\n", "double dashes": "--\na\n", "postscripts": "x\n\nRegards\n\nPS: a b\n\n", "groupwise": ">>> a@b.example 2.3.2026 >>>\n", "rulers": "----\n", "underscores": "_____\nx\n", "fences": "```\n", "carets": ">", "blanks": "\n", "prompts": "$ x\n> y\n", "run together": "a. On 2 Mar 2026 b@c.example wrote: ", "phones": "Sent from my iPhone, x\n\n", "forwards": "--- Forwarded message ---\nFrom: a\n", "interleaved": "> a\nb\n",
	} {
		small, large := strings.Repeat(unit, short/len(unit)), strings.Repeat(unit, short*times/len(unit))
		many, one := time.Hour, time.Hour
		for range 4 {
			start := time.Now()
			for range times {
				Split(small, false)
				Forwarded(small, true)
			}
			many = min(many, time.Since(start))
			start = time.Now()
			Split(large, false)
			Forwarded(large, true)
			one = min(one, time.Since(start))
			if one < 3*many {
				break
			}
		}
		t.Logf("%s: %d short ones %v, a long one %v", name, times, many, one)
		if one > 5*many {
			t.Errorf("%s: %d texts of %d KiB take %v, one of %d KiB %v", name, times, short>>10, many, times*short>>10, one)
		}
	}
}

// FuzzReply: every line with text is either new or folded away, none is lost
// or made up or said twice; the same text gives the same answer; and
// something is always left.
func FuzzReply(f *testing.F) {
	for _, s := range []string{"a\n> b\nc\n> d", "On 2 Mar 2026, x@y.example\nwrote:\nz", "From: a@b\nSent: x\nTo: y\n\nz", "```\n-- \n```\nRegards\nA", "---------- Forwarded message\n", "a. On 2 Mar 2026 at 09:00, b@c.example wrote:\n> c", "$ x\n> y\n\n---\n> z", "< a\n---\n> b", "see <http://x\n> y", "CAUTION: External email\na\n\nb", "a\n\nThis is confidential; if you have received this in error\n", "<pre>&gt; a</pre>b<div class=gmail_quote><blockquote class=gmail_quote>c</blockquote>d</div>", "a\x00b\n\x00> c", "a\u00a0\u202fb\n\u200e> c", "VON: a@b\nGESENDET: 9:00\nAN: c\n"} {
		f.Add(s, true)
		f.Add(s, false)
	}
	for _, c := range plains {
		f.Add(c.mail(tongues[0], tongues[0].text), false)
	}
	for _, c := range htmls {
		f.Add(c.mail(tongues[1], tongues[1].text), false)
	}
	for _, c := range forwardShapes {
		f.Add(c.mail(tongues[2], "x\n\n"), !c.marked)
	}
	f.Fuzz(func(t *testing.T, s string, forward bool) {
		s = strings.ToValidUTF8(s, "")
		r, q := Split(s, forward)
		if r2, q2 := Split(s, forward); r2 != r || q2 != q {
			t.Fatalf("two answers for %q", s)
		}
		if !utf8.ValidString(r) || !utf8.ValidString(q) {
			t.Fatal("invalid UTF-8")
		}
		if strings.TrimSpace(s) != "" && strings.TrimSpace(strings.ReplaceAll(s, codeMark, "")) != "" && strings.TrimSpace(r) == "" {
			t.Fatalf("nothing is left of %q", s)
		}
		if a, b := bag(s), bag(r+"\n"+q); a != b {
			t.Fatalf("lines are lost or made up: %q -> %q + %q:\n%s\n%s", s, r, q, a, b)
		}
		d := htmltext.Parse(s, 1<<16)
		r, q = SplitDoc(d, forward)
		if strings.TrimSpace(r) == "" && strings.TrimSpace(strings.ReplaceAll(d.Text(), codeMark, "")) != "" {
			t.Fatalf("nothing is left of the document %q", s)
		}
		// between passages that are answered quote marks are added
		plain := func(s string) string { return bag(strings.ReplaceAll(s, ">", " ")) }
		if a, b := plain(d.Text()), plain(r+"\n"+q); a != b {
			t.Fatalf("words of the document %q are lost or made up: %q + %q", s, r, q)
		}
		Forwarded(s, forward)
	})
}

// bag is the words of a text, in an order that does not depend on where they
// stand.
func bag(s string) string {
	w := strings.Fields(strings.ReplaceAll(s, codeMark, ""))
	slices.Sort(w)
	return strings.Join(w, " ")
}
