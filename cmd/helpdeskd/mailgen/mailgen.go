// Package mailgen writes believable mails to a helpdesk: people with
// problems in several languages and encodings, their answers, and the
// robots, lists and bounces that come with them. The same seed gives the same
// mails. `helpdeskd bench` and the tests feed on it.
//
// Invariants: every person and domain is invented (.example, RFC 2606); every
// mail ends its lines with CR LF; every mail carries a marker, a word that is
// in no other mail's new words. It owns no table.
package mailgen

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Kind says what a mail is.
type Kind string

// The kinds of mail.
const (
	Request   Kind = "request"     // a person with a problem
	Reply     Kind = "reply"       // the same person writes again, in the same thread
	Duplicate Kind = "duplicate"   // the bytes of an earlier mail
	Traced    Kind = "traced copy" // an earlier mail that took another route: other Received lines
	AutoReply Kind = "auto reply"  // out of office
	List      Kind = "list"        // a newsletter
	Bounce    Kind = "bounce"      // a failed delivery
	NoReply   Kind = "no-reply"    // a machine's notice
)

// Mail is one generated mail.
type Mail struct {
	Kind      Kind
	Raw       []byte
	MessageID string // without brackets, "" where the mail has none
	From      string // lower-case address
	Name      string
	Subject   string
	Marker    string
	Body      string // the author's words, quote included
	Shape     string // how it is encoded, for people
	Of        int    // for replies and copies: index of the mail it belongs to, else -1
}

// Mix is how many of every hundred mails are of a kind; the rest are requests.
type Mix struct {
	Reply, Duplicate, Traced, AutoReply, List, Bounce, NoReply int
	NoMessageID                                                int // of the requests
	Plain                                                      bool
}

// Usual is a lively mailbox.
var Usual = Mix{Reply: 18, Duplicate: 3, Traced: 2, AutoReply: 4, List: 3, Bounce: 2, NoReply: 3, NoMessageID: 4}

// Generator writes mails. It is not safe for concurrent use.
type Generator struct {
	To     string // the helpdesk's address
	Domain string // of its people
	People int    // how many different people write
	Size   int    // bytes that a request has at least, 0 for as it comes
	Start  time.Time

	r    *rand.Rand
	mix  Mix
	n    int
	done []Mail
	open []int // indexes of requests that can be replied to
}

// New returns a generator.
func New(seed uint64, to string, people int, mix Mix, start time.Time) *Generator {
	domain := "corp.example"
	if _, d, ok := strings.Cut(to, "@"); ok {
		domain = d
	}
	return &Generator{To: to, Domain: domain, People: people, Start: start, mix: mix, r: rand.New(rand.NewPCG(seed, 0x9e3779b9))}
}

// Next writes the next mail.
func (g *Generator) Next() Mail {
	i := len(g.done)
	m := g.pick()
	if m.Kind == Request {
		g.open = append(g.open, i)
	}
	g.done = append(g.done, m)
	return m
}

// Many writes the next n mails.
func (g *Generator) Many(n int) []Mail {
	out := make([]Mail, n)
	for i := range out {
		out[i] = g.Next()
	}
	return out
}

func (g *Generator) pick() Mail {
	x := g.r.IntN(100)
	in := func(n int) bool { x -= n; return x < 0 }
	m := g.mix
	switch {
	case in(m.Reply) && len(g.open) > 0:
		return g.Answer(g.open[g.r.IntN(len(g.open))])
	case in(m.Duplicate) && len(g.open) > 0:
		return g.copyOf(Duplicate)
	case in(m.Traced) && len(g.open) > 0:
		return g.copyOf(Traced)
	case in(m.AutoReply):
		return g.robot(AutoReply)
	case in(m.List):
		return g.robot(List)
	case in(m.Bounce):
		return g.robot(Bounce)
	case in(m.NoReply):
		return g.robot(NoReply)
	}
	return g.request()
}

// request writes a person's first mail about a problem.
func (g *Generator) request() Mail {
	p := g.person(g.r.IntN(g.People))
	m := g.begin(Request, p)
	m.Subject = one(g.r, subjects)
	if !(g.mix.NoMessageID > 0 && g.r.IntN(100) < g.mix.NoMessageID) {
		m.MessageID = g.newID()
	}
	g.write(&m, nil, g.problem(m.Marker))
	return m
}

// Answer writes a reply of the same person to the mail of index of.
func (g *Generator) Answer(of int) Mail {
	to := g.done[of]
	m := g.begin(Reply, person{to.Name, to.From})
	m.Of = of
	m.Subject = "Re: " + to.Subject
	m.MessageID = g.newID()
	words := fmt.Sprintf("%s (%s)\n", one(g.r, answers), m.Marker)
	if to.MessageID == "" {
		// Nothing to refer to: it can only be a request of its own.
		m.Kind, m.Of = Request, -1
		g.write(&m, nil, words)
		return m
	}
	// The quote carries no marker, so that what is found is what is new.
	quote := fmt.Sprintf("\nOn %s, %s <%s> wrote:\n> %s\n> Thank you\n",
		g.at(of).Format("Mon, 2 Jan 2006 at 15:04"), to.Name, to.From, one(g.r, sentences))
	g.write(&m, []string{"In-Reply-To: <" + to.MessageID + ">", "References: <" + to.MessageID + ">"}, words+quote)
	return m
}

func (g *Generator) copyOf(k Kind) Mail {
	of := g.open[g.r.IntN(len(g.open))]
	m := g.done[of]
	m.Kind, m.Of = k, of
	if k == Traced {
		if m.MessageID == "" { // without an id another route makes another mail
			m.Kind = Duplicate
			return m
		}
		hop := fmt.Sprintf("Received: from relay%d.%s (10.%d.%d.%d) by mx9.%s with ESMTPS;\r\n\t%s\r\n", g.r.IntN(9), g.Domain,
			g.r.IntN(255), g.r.IntN(255), g.r.IntN(255), g.Domain, g.at(len(g.done)).Format(time.RFC1123Z))
		m.Raw = append([]byte(hop), m.Raw...)
	}
	return m
}

type person struct{ name, address string }

func (g *Generator) person(i int) person {
	first, last := firsts[i%len(firsts)], lasts[(i/len(firsts)+i*7)%len(lasts)]
	return person{first + " " + last, fmt.Sprintf("%s.%s%d@%s", ascii(first), ascii(last), i, g.Domain)}
}

func (g *Generator) begin(k Kind, p person) Mail {
	g.n++
	return Mail{Kind: k, From: p.address, Name: p.name, Marker: g.marker(), Of: -1}
}

// marker returns a word that no other mail has: "mk" and ten characters.
func (g *Generator) marker() string {
	const letters = "0123456789abcdefghijklmnopqrstuvwxyz"
	b := []byte("mk")
	for range 6 {
		b = append(b, letters[g.r.IntN(len(letters))])
	}
	n := g.n
	for range 4 {
		b = append(b, letters[n%36])
		n /= 36
	}
	return string(b)
}

func (g *Generator) newID() string {
	return fmt.Sprintf("%08x.%d.%d@mail.%s", g.r.Uint32(), g.n, g.r.IntN(1e6), g.Domain)
}

// at is when the mail of an index was written: half a minute apart.
func (g *Generator) at(i int) time.Time {
	return g.Start.Add(time.Duration(i) * 500 * time.Millisecond)
}

func one(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }
