package tracker

import "strings"

// Check is one of the conditions that a mail is measured by before it may do
// something by itself.
type Check struct {
	What string // one of the words below
	OK   bool
}

// The conditions. A technician's mail needs the first five to reach a client
// by itself; anybody else's needs the others.
const (
	CheckFrom  = "from"  // one author, who is an enabled technician
	CheckStamp = "stamp" // our own mail server vouches for the author
	CheckToken = "token" // their own reply token, for this ticket
	CheckMay   = "may"   // they may act on this ticket now
	CheckHuman = "human" // a person wrote it

	CheckAuthor = "author" // one author
	CheckUnhurt = "unhurt" // our mail server does not say that it is forged
	CheckPart   = "part"   // the author takes part in the ticket
)

// checkList is the conditions as a message holds them.
type checkList []Check

func (l checkList) String() string {
	var b strings.Builder
	for i, c := range l {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(c.What)
		if c.OK {
			b.WriteString("=1")
		} else {
			b.WriteString("=0")
		}
	}
	return b.String()
}

// readChecks reads what checkList wrote.
func readChecks(text string) (list []Check) {
	for field := range strings.FieldsSeq(text) {
		what, ok, _ := strings.Cut(field, "=")
		list = append(list, Check{What: what, OK: ok == "1"})
	}
	return list
}

// technicianChecks measures a mail that seems to be a technician's.
func technicianChecks(d *decision, m match) string {
	return checkList{
		{CheckFrom, d.account.Enabled && len(d.in.From) == 1},
		{CheckStamp, d.verdict == verdictPass},
		{CheckToken, m.held == "" && m.token != nil && m.token.AccountID != nil && *m.token.AccountID == d.account.ID},
		{CheckMay, May(*d.account, WorkTickets)},
		{CheckHuman, d.in.Class == ClassHuman},
	}.String()
}

// clientChecks measures anybody else's. Whether they take part is asked only
// where it is about a ticket.
func clientChecks(d *decision, m match) string {
	l := checkList{{CheckAuthor, len(d.in.From) == 1}, {CheckUnhurt, d.verdict != verdictFail}}
	if m.ticket != 0 {
		l = append(l, Check{CheckPart, m.held == "" || d.verdict == verdictFail && strings.HasPrefix(m.held, "our mail server")})
	}
	return l.String()
}
