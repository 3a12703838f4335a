package tracker

import (
	"strconv"
	"strings"

	"helpdeskd/migrations"
)

// Who is told of what was missed, beside the assignee. Else SetTell names an
// account: account:7.
const (
	TellAdmins = "admins"
	TellNobody = "nobody"
)

// checkTell takes what SetTell may hold.
func checkTell(value string) (string, error) {
	if value == TellAdmins || value == TellNobody {
		return value, nil
	}
	id, ok := strings.CutPrefix(value, "account:")
	if n, err := strconv.ParseInt(id, 10, 64); !ok || err != nil || n <= 0 {
		return "", migrations.InvalidAt(SetTell, "Please choose who is told: all administrators, one person, or nobody.")
	}
	return value, nil
}
