package tracker

import (
	"fmt"
	"testing"
)

// What is read ahead of a mail's words is what is read of them when its ticket
// is opened, and of other words nothing stays.
func TestWordsReadAhead(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		told := func(in Inbound) (is [2]string) {
			t.Helper()
			o := d.receive(in)
			x := must(d.TicketByNumber(d.ctx, numberIn(t, o.Ticket)))(t)
			k := d.knows(x.Number)
			return [2]string{x.SuggestedReason, k[FactWhat].Value + "|" + k[FactWhen].Value + "|" + k[FactEffect].Value}
		}
		words := about("The accounts drive", "I cannot work at all since Monday, the drive is gone.\n\nKind regards\nAnna")
		later := told(d.mail(by("Anna"), words))
		if later[0] == "" || later[1] != "I cannot work at all since Monday, the drive is gone.|since Monday|I cannot work at all since Monday, the drive is gone." {
			t.Fatalf("read of the mail: %q", later)
		}
		ahead := d.mail(by("Bela"), words)
		ahead.ReadWords()
		if ahead.words == nil {
			t.Fatal("nothing is read ahead")
		}
		if got := told(ahead); got != later {
			t.Errorf("read ahead %q, later %q", got, later)
		}
		other := d.mail(by("Cleo"), words)
		other.ReadWords()
		other.Subject, other.Reply = "Kitchen lamp", "It flickers all the time since Friday."
		if got := told(other); got != [2]string{"", "It flickers all the time since Friday.|since Friday|"} {
			t.Errorf("of other words: %q", got)
		}
		answer := d.mail(by("Dora"), words, answers("m1@aldermere.example"))
		if answer.ReadWords(); answer.words != nil {
			t.Error("an answer, which opens no ticket, is read ahead")
		}
	})
}

func numberIn(t *testing.T, name string) (n int64) {
	t.Helper()
	if _, err := fmt.Sscanf(name, "HD-%d", &n); err != nil {
		t.Fatalf("%q names no ticket: %v", name, err)
	}
	return n
}
