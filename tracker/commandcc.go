package tracker

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"helpdeskd/migrations"
)

// maxJoining bounds how many people one command has take part.
const maxJoining = 20

// actParticipant has people take part in the ticket: those whose addresses are
// named, those of the mails' To and Cc that a name fits, or, where nobody is
// named, all of these.
func actParticipant(ctx context.Context, s *Store, tx *migrations.Tx, r *run, arg string) (string, []string, error) {
	copied, err := s.copiedTx(ctx, tx, r)
	if err != nil {
		return "", nil, err
	}
	var who []Address
	arg = strings.Trim(arg, " .")
	switch Fold(arg) {
	case "", "all", "everybody", "everyone":
		if who = copied; len(who) == 0 {
			return "", nil, migrations.Invalidf("Nobody was copied in: please name the address, as in #cc ben@company.example.")
		}
	default:
		for _, name := range strings.FieldsFunc(arg, func(r rune) bool { return r == ',' || r == ';' }) {
			if at := addressIn.FindString(name); at != "" {
				i := slices.IndexFunc(copied, func(a Address) bool { return strings.EqualFold(a.Address, at) })
				a := Address{Address: at}
				if i >= 0 {
					a = copied[i]
				}
				who = append(who, a)
				continue
			}
			i, err := oneNamed(name, "person copied in", len(copied), func(i int) []string { return []string{copied[i].Address, copied[i].Name} })
			if err != nil {
				return "", nil, err
			}
			who = append(who, copied[i])
		}
	}
	if len(who) > maxJoining {
		return "", nil, migrations.Invalidf("These are too many: up to %d people can be added at once.", maxJoining)
	}
	var names []string
	for _, a := range who {
		if s.policy(r.d.work.MailboxID).isOurs(a.Address) {
			return "", nil, migrations.Invalidf("%s is the desk's own address.", a.Address)
		}
		c, _, err := s.personTx(ctx, tx, a)
		if err != nil {
			return "", nil, err
		}
		if err := s.joinPersonTx(ctx, tx, r.actor, &r.t, c.ID); err != nil {
			return "", nil, err
		}
		// With the address: a name is what anybody writes before theirs.
		names = append(names, strings.TrimSpace(nameUnless(c.Name, a.Address)+" <"+a.Address+">"))
	}
	return "cc", []string{strings.Join(names, ", ")}, nil
}

var (
	addressIn  = regexp.MustCompile(`[^\s<>"',;:()]+@[^\s<>"',;:()]+`)
	copiedInTo = regexp.MustCompile(`(?:^|, )([^<>]*)<([^<>@\s]+@[^<>\s]+)>`)
)

// copiedTx returns who stands in To and Cc of this mail and of the mails that
// clients wrote on the ticket, without the desk, its staff and the requester.
func (s *Store) copiedTx(ctx context.Context, tx *migrations.Tx, r *run) ([]Address, error) {
	var lines []string
	err := tx.Select(ctx, &lines, `SELECT to_line || ', ' || cc_line FROM message WHERE ticket_id = ? AND direction = 'in' AND state = 'shown' AND class = 'human' ORDER BY id DESC LIMIT 20`, r.t.ID)
	if err != nil {
		return nil, fmt.Errorf("list who was copied in: %w", err)
	}
	list := append(slices.Clone(r.d.in.To), r.d.in.Cc...)
	for _, l := range lines {
		for _, m := range copiedInTo.FindAllStringSubmatch(l, 100) {
			list = append(list, Address{Name: strings.TrimSpace(m[1]), Address: m[2]})
		}
	}
	policy := s.policy(r.d.work.MailboxID)
	var all []Address
	for _, a := range list {
		address := strings.ToLower(a.Address)
		if address == "" || policy.isOurs(address) || strings.EqualFold(address, r.t.ClientAddress) || strings.EqualFold(address, r.by.Email) ||
			slices.ContainsFunc(all, func(b Address) bool { return strings.EqualFold(b.Address, address) }) {
			continue
		}
		staff, err := exists(ctx, tx, `SELECT 1 FROM account WHERE email = ?`, address)
		if err != nil {
			return nil, err
		}
		if !staff {
			all = append(all, a)
		}
	}
	return all, nil
}
