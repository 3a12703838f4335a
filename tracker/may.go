package tracker

// AccountRole is what kind of person an account is.
type AccountRole string

// The roles.
const (
	Admin      AccountRole = "admin"      // everything, also settings and people who sign in
	Technician AccountRole = "technician" // works tickets
	Manager    AccountRole = "manager"    // reads the plain view, nothing else
)

// Roles returns every role, the mightiest first.
func Roles() []AccountRole { return []AccountRole{Admin, Technician, Manager} }

// Valid reports whether r is one of the roles.
func (r AccountRole) Valid() bool { return r == Admin || r == Technician || r == Manager }

// Action is something that a person who signed in may want to do.
type Action string

// The actions.
const (
	ReadPlain         Action = "read the plain view"      // the managers' page
	ReadTickets       Action = "read tickets"             // board, lists, tickets, attachments, search
	WorkTickets       Action = "work tickets"             // reply, note, fix, stage, priority, assign, open
	DecideHeld        Action = "decide held mails"        // approve, reject
	ReadPeople        Action = "read people"              // clients and their requests
	EditPeople        Action = "edit people"              // department, telephone, high management, requester
	ReadThings        Action = "read the inventory"       // assets, places, work orders, their files
	WorkThings        Action = "work the inventory"       // register, move, repair, import
	ReadHealth        Action = "read mail health"         // queues, quarantine, raw mails
	MendMail          Action = "mend mail"                // retry, discard, resend, cancel
	SaveViews         Action = "save views"               // names on filters: their own, and everybody's
	EditAnyView       Action = "edit anybody's views"     // also those that others made
	EditSharedReplies Action = "edit everybody's replies" // canned ones; their own every technician edits
	TeachForms        Action = "teach forms"              // how form mails are read: senders, labels
	EditSettings      Action = "edit settings"            // settings, categories
	ManageAccounts    Action = "manage accounts"          // people who sign in
	EraseData         Action = "delete tickets, export and erase people"
	ReadAudit         Action = "read the audit"       // every change, by whom
	EditOwnAccount    Action = "edit the own account" // password, notifications
)

// May reports whether this person may do this. It is the one answer to that
// question: pages, the JSON API and mail all ask it.
func May(a Account, do Action) bool {
	if a.ID == 0 || !a.Enabled {
		return false
	}
	switch a.Role {
	case Admin:
		return true
	case Technician:
		return do != EditSettings && do != ManageAccounts && do != EraseData && do != ReadAudit && do != EditAnyView
	case Manager:
		return do == ReadPlain || do == EditOwnAccount
	}
	return false
}
