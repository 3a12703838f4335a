package web

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"helpdeskd/tracker"
)

// route is one entry of the route table.
type route struct {
	method, path string
	need         tracker.Action // who may; anyone for everybody, signed in or not
	handle       handler
}

const (
	anyone     tracker.Action = ""
	formLimit                 = 1 << 20  // bytes of a form
	filesLimit                = 30 << 20 // bytes of a form with files
)

// table is every address of the site. Whatever changes something is a POST.
func (s *site) table() []route {
	const get, post = http.MethodGet, http.MethodPost
	return []route{
		{get, "/healthz", anyone, s.healthz},
		{get, "/readyz", anyone, s.readyz},
		{get, "/metrics", anyone, s.metrics},
		{get, "/login", anyone, s.loginPage},
		{post, "/login", anyone, s.login},
		{get, "/setup", anyone, s.setupPage},
		{post, "/setup", anyone, s.setup},
		{get, "/forgot", anyone, s.forgotPage},
		{post, "/forgot", anyone, s.forgot},
		{get, "/choose-password", anyone, s.choosePage},
		{post, "/choose-password", anyone, s.choose},

		// People without an account: the page of a request, by the link in a
		// mail or after proving an address with a code.
		{get, "/r/{token}", anyone, s.byLink(s.client)},
		{get, "/r/{token}/files/{uid}", anyone, s.byLink(s.clientFile)},
		{post, "/r/{token}/say", anyone, s.byLink(s.sayClient)},
		{post, "/r/{token}/answer", anyone, s.byLink(s.answerClient)},
		{post, "/r/{token}/rate", anyone, s.byLink(s.rateClient)},
		{get, "/my", anyone, s.my},
		{post, "/my/code", anyone, s.myCode},
		{post, "/my/enter", anyone, s.myEnter},
		{post, "/my/leave", anyone, s.myLeave},
		{get, "/my/{number}", anyone, s.bySession(s.client)},
		{get, "/my/{number}/files/{uid}", anyone, s.bySession(s.clientFile)},
		{post, "/my/{number}/say", anyone, s.bySession(s.sayClient)},
		{post, "/my/{number}/answer", anyone, s.bySession(s.answerClient)},
		{post, "/my/{number}/rate", anyone, s.bySession(s.rateClient)},

		{get, "/", tracker.ReadPlain, s.home},
		{get, "/requests", tracker.ReadPlain, s.requests},
		{post, "/logout", tracker.EditOwnAccount, s.logout},
		{get, "/account", tracker.EditOwnAccount, s.ownAccount},
		{post, "/account/password", tracker.EditOwnAccount, s.changePassword},
		{post, "/account/notify", tracker.EditOwnAccount, s.changeNotify},
		{post, "/account/answers/revoke", tracker.EditOwnAccount, s.revokeOwnAnswers},
		{post, "/account/signature", tracker.WorkTickets, s.changeSignature},
		{post, "/account/signature/preview", tracker.WorkTickets, s.previewSignature},
		{post, "/account/theme", tracker.EditOwnAccount, s.changeTheme},
		{post, "/account/zone", tracker.EditOwnAccount, s.changeZone},
		{post, "/account/keys", tracker.EditOwnAccount, s.changeKeys},
		{get, "/keys", tracker.ReadPlain, s.keys},

		{get, "/trends", tracker.ReadTickets, s.trends},
		{get, "/overview", tracker.ReadPlain, s.overview},
		{post, "/recurring/root", tracker.WorkTickets, s.openRootCause},
		{post, "/recurring/dismiss", tracker.WorkTickets, s.dismissRecurring},
		{post, "/recurring/undismiss", tracker.WorkTickets, s.undismissRecurring},
		{get, "/board", tracker.ReadPlain, s.board}, // managers are sent on to their own page
		{get, "/live", tracker.ReadTickets, s.live},
		{get, "/tickets", tracker.ReadTickets, s.ticketList},
		{get, "/tickets/new", tracker.WorkTickets, s.newTicketPage},
		{post, "/tickets", tracker.WorkTickets, s.newTicket},
		{get, "/call", tracker.WorkTickets, s.callPage},
		{post, "/call", tracker.WorkTickets, s.logCall},
		{get, "/tickets/templates", tracker.WorkTickets, s.ticketTemplates},
		{post, "/tickets/templates", tracker.WorkTickets, s.addTemplate},
		{get, "/tickets/templates/{id}", tracker.WorkTickets, s.ticketTemplate},
		{post, "/tickets/templates/{id}", tracker.WorkTickets, s.changeTemplate},
		{post, "/tickets/templates/{id}/remove", tracker.WorkTickets, s.removeTemplate},
		{get, "/tickets/{number}", tracker.ReadTickets, s.ticket},
		{get, "/tickets/loose", tracker.ReadTickets, s.looseEnds},
		{post, "/tickets/{number}/workaround", tracker.WorkTickets, s.workaroundDone},
		{post, "/tickets/{number}/summary", tracker.WorkTickets, s.changeSummary},
		{post, "/tickets/{number}/facts", tracker.WorkTickets, s.changeFact},
		{post, "/tickets/{number}/facts/fill", tracker.WorkTickets, s.fillFact},
		{post, "/tickets/{number}/for", tracker.WorkTickets, s.changeFor},
		{get, "/tickets/{number}/ask", tracker.WorkTickets, s.askPage},
		{post, "/tickets/{number}/ask", tracker.WorkTickets, s.askClient},
		{post, "/tickets/{number}/stage", tracker.WorkTickets, s.changeStage},
		{post, "/tickets/{number}/burst/leave", tracker.WorkTickets, s.leaveBurst},
		{post, "/tickets/{number}/priority", tracker.WorkTickets, s.changePriority},
		{post, "/tickets/{number}/assignee", tracker.WorkTickets, s.changeAssignee},
		{post, "/tickets/{number}/category", tracker.WorkTickets, s.changeCategory},
		{post, "/tickets/{number}/waiting", tracker.WorkTickets, s.changeWaiting},
		{post, "/tickets/{number}/due", tracker.WorkTickets, s.changeDue},
		{post, "/tickets/{number}/subject", tracker.WorkTickets, s.changeSubject},
		{post, "/tickets/{number}/requester", tracker.EditPeople, s.changeRequester},
		{post, "/tickets/{number}/participants", tracker.EditPeople, s.addParticipant},
		{post, "/tickets/{number}/participants/{id}/remove", tracker.EditPeople, s.removeParticipant},
		{post, "/tickets/{number}/answers/revoke", tracker.EditPeople, s.revokeAnswers},
		{post, "/tickets/{number}/reply", tracker.WorkTickets, s.reply},
		{post, "/tickets/{number}/reply/preview", tracker.WorkTickets, s.previewReply},
		{post, "/tickets/{number}/reply/insert", tracker.WorkTickets, s.insertReply},
		{get, "/tickets/{number}/replies", tracker.WorkTickets, s.replyChoices},
		{get, "/tickets/{number}/here", tracker.ReadTickets, s.whoIsHere},
		{post, "/tickets/{number}/here", tracker.ReadTickets, s.iAmHere},
		{post, "/tickets/{number}/watch", tracker.WorkTickets, s.watchTicket},
		{post, "/messages/{id}/back", tracker.WorkTickets, s.takeBackReply},
		{get, "/replies", tracker.WorkTickets, s.replies},
		{post, "/replies", tracker.WorkTickets, s.addReply},
		{post, "/replies/restore", tracker.WorkTickets, s.restoreReply},
		{post, "/replies/{id}", tracker.WorkTickets, s.changeReply},
		{post, "/replies/{id}/remove", tracker.WorkTickets, s.removeReply},
		{post, "/tickets/{number}/note", tracker.WorkTickets, s.addNote},
		{post, "/tickets/{number}/fix", tracker.WorkTickets, s.recordFix},
		{get, "/tickets/{number}/delete", tracker.EraseData, s.deleteTicketPage},
		{post, "/tickets/{number}/delete", tracker.EraseData, s.deleteTicket},
		{post, "/tickets/{number}/keep", tracker.EraseData, s.keepTicket},
		{get, "/tickets/{number}/merge", tracker.WorkTickets, s.mergePage},
		{post, "/tickets/{number}/merge", tracker.WorkTickets, s.mergeTicket},
		{post, "/tickets/{number}/unmerge", tracker.WorkTickets, s.unmergeTicket},
		{post, "/tickets/{number}/children", tracker.WorkTickets, s.adoptChildren},
		{post, "/tickets/{number}/parent", tracker.WorkTickets, s.setParent},
		{post, "/tickets/{number}/children/stage", tracker.WorkTickets, s.stageChildren},
		{get, "/messages/{id}/split", tracker.WorkTickets, s.splitPage},
		{post, "/messages/{id}/split", tracker.WorkTickets, s.splitMessage},
		{post, "/messages/{id}/pin", tracker.WorkTickets, s.pinMessage},
		{post, "/notes/{id}/pin", tracker.WorkTickets, s.pinNote},
		{get, "/messages/{id}/html", tracker.ReadTickets, s.messageHTML},
		{get, "/messages/{id}/raw", tracker.ReadTickets, s.messageRaw},
		{post, "/notes/{id}", tracker.WorkTickets, s.changeNote},
		{get, "/attachments/{uid}", tracker.ReadTickets, s.attachment},
		{get, "/attachments/{uid}/thumb", tracker.ReadTickets, s.attachmentThumb},
		{get, "/files/{uid}", tracker.ReadTickets, s.file},
		{get, "/files/{uid}/thumb", tracker.ReadTickets, s.fileThumb},
		{get, "/search", tracker.ReadTickets, s.search},
		{get, "/search/suggest", tracker.ReadTickets, s.suggest},
		{get, "/pick", tracker.ReadTickets, s.pick},
		{get, "/styleguide", tracker.EditOwnAccount, s.styleguide},

		// Lists: saved views, bulk actions.
		{post, "/tickets/bulk", tracker.WorkTickets, s.bulkTickets},
		{post, "/assets/bulk", tracker.WorkThings, s.bulkAssets},
		{post, "/assets/unmove", tracker.WorkThings, s.unmoveAssets},
		{get, "/bulk", tracker.WorkTickets, s.bulks},
		{post, "/bulk/{id}/undo", tracker.WorkTickets, s.undoBulk},
		{post, "/views", tracker.SaveViews, s.saveView},
		{post, "/views/restore", tracker.SaveViews, s.restoreView},
		{post, "/views/{id}", tracker.SaveViews, s.changeView},
		{post, "/views/{id}/move", tracker.SaveViews, s.moveView},
		{post, "/views/{id}/remove", tracker.SaveViews, s.removeView},

		// Assets, places, models.
		{get, "/assets", tracker.ReadThings, s.assetList},
		{get, "/assets/new", tracker.WorkThings, s.newAssetPage},
		{post, "/assets", tracker.WorkThings, s.newAsset},
		{get, "/assets/{id}", tracker.ReadThings, s.asset},
		{get, "/assets/{id}/edit", tracker.WorkThings, s.editAssetPage},
		{post, "/assets/{id}", tracker.WorkThings, s.changeAsset},
		{get, "/assets/{id}/move", tracker.WorkThings, s.movePage},
		{post, "/assets/{id}/move", tracker.WorkThings, s.move},
		{post, "/assets/{id}/files", tracker.WorkThings, s.addAssetFiles},
		{post, "/files/{uid}/remove", tracker.WorkThings, s.removeFile},
		{get, "/locations", tracker.ReadThings, s.locations},
		{post, "/locations", tracker.WorkThings, s.newLocation},
		{get, "/locations/{id}", tracker.ReadThings, s.location},
		{post, "/locations/{id}", tracker.WorkThings, s.changeLocation},
		{post, "/locations/{id}/archive", tracker.WorkThings, s.archiveLocation},
		{get, "/models", tracker.ReadThings, s.models},
		{post, "/models", tracker.WorkThings, s.newModel},
		{get, "/models/{id}", tracker.ReadThings, s.model},
		{post, "/models/{id}", tracker.WorkThings, s.changeModel},
		{post, "/models/{id}/archive", tracker.WorkThings, s.archiveModel},

		// Work orders and links.
		{get, "/orders", tracker.ReadThings, s.orderList},
		{get, "/orders/new", tracker.WorkThings, s.newOrderPage},
		{post, "/orders", tracker.WorkThings, s.newOrder},
		{get, "/orders/{number}", tracker.ReadThings, s.order},
		{post, "/orders/{number}", tracker.WorkThings, s.changeOrder},
		{post, "/orders/{number}/status", tracker.WorkThings, s.stepOrder},
		{post, "/orders/{number}/notes", tracker.WorkThings, s.addOrderNote},
		{post, "/orders/{number}/files", tracker.WorkThings, s.addOrderFiles},
		{post, "/orders/{number}/lines", tracker.WorkThings, s.addOrderLine},
		{post, "/orders/{number}/lines/{id}/remove", tracker.WorkThings, s.removeOrderLine},
		{post, "/links", tracker.WorkThings, s.addLink},
		{post, "/links/remove", tracker.WorkThings, s.removeLink},

		// Import and export.
		{get, "/import", tracker.WorkThings, s.importPage},
		{post, "/import", tracker.WorkThings, s.takeImport},
		{get, "/import/check", tracker.WorkThings, s.checkImport},
		{get, "/import/problems.csv", tracker.WorkThings, s.importProblems},
		{get, "/import/sample.csv", tracker.WorkThings, s.importSample},
		{post, "/import/run", tracker.WorkThings, s.runImport},
		{get, "/import/{id}", tracker.WorkThings, s.importDone},
		{get, "/assets/export.csv", tracker.ReadThings, s.exportAssets},
		{get, "/models/export.csv", tracker.ReadThings, s.exportModels},
		{get, "/locations/export.csv", tracker.ReadThings, s.exportLocations},
		{get, "/movements/export.csv", tracker.ReadThings, s.exportMovements},
		{get, "/orders/export.csv", tracker.ReadThings, s.exportOrders},

		{get, "/held", tracker.DecideHeld, s.held},
		{post, "/held/many", tracker.DecideHeld, s.decideHeldMany},
		{post, "/held/{id}/approve", tracker.DecideHeld, s.approveHeld},
		{post, "/held/{id}/attach", tracker.DecideHeld, s.attachHeld},
		{post, "/held/{id}/reject", tracker.DecideHeld, s.rejectHeld},

		{get, "/people", tracker.ReadPeople, s.people},
		{get, "/people/new", tracker.EditPeople, s.newPersonPage},
		{post, "/people", tracker.EditPeople, s.newPerson},
		{get, "/people/export.csv", tracker.ReadPeople, s.exportPeople},
		{get, "/people/import", tracker.EditPeople, s.peopleImportPage},
		{post, "/people/import", tracker.EditPeople, s.takePeople},
		{get, "/people/import/check", tracker.EditPeople, s.checkPeople},
		{get, "/people/import/problems.csv", tracker.EditPeople, s.peopleProblems},
		{get, "/people/import/sample.csv", tracker.EditPeople, s.peopleSample},
		{post, "/people/import/run", tracker.EditPeople, s.runPeople},
		{get, "/people/import/{id}", tracker.EditPeople, s.peopleImported},
		{get, "/people/{id}", tracker.ReadPeople, s.person},
		{post, "/people/{id}", tracker.EditPeople, s.changePerson},
		{get, "/people/{id}/erase", tracker.EraseData, s.erasePersonPage},
		{post, "/people/{id}/erase", tracker.EraseData, s.erasePerson},
		{post, "/people/{id}/export", tracker.EraseData, s.exportPerson},
		{get, "/people/same", tracker.EditPeople, s.alikePeople},
		{post, "/people/apart", tracker.EditPeople, s.tellApart},
		{get, "/people/{id}/same", tracker.EditPeople, s.samePersonPage},
		{post, "/people/{id}/same", tracker.EditPeople, s.samePerson},
		{post, "/people/{id}/addresses", tracker.EditPeople, s.addPersonAddress},
		{post, "/people/{id}/addresses/main", tracker.EditPeople, s.mainPersonAddress},
		{get, "/people/{id}/addresses/remove", tracker.EditPeople, s.removeAddressPage},
		{post, "/people/{id}/addresses/remove", tracker.EditPeople, s.removePersonAddress},
		{post, "/people/{id}/reached", tracker.EditPeople, s.addressReached},

		{get, "/mail", tracker.ReadHealth, s.mailHealth},
		{post, "/mail/boxes/{id}/compare", tracker.MendMail, s.compareMailbox},
		{get, "/mail/shadow/{id}", tracker.ReadHealth, s.shadow},
		{post, "/mail/shadow/{id}/end", tracker.EditSettings, s.endShadow},
		{get, "/mail/quarantine/{id}", tracker.ReadHealth, s.quarantined},
		{get, "/mail/quarantine/{id}/raw", tracker.ReadHealth, s.quarantinedRaw},
		{post, "/mail/quarantine/{id}/retry", tracker.MendMail, s.retryQuarantined},
		{post, "/mail/quarantine/{id}/discard", tracker.MendMail, s.discardQuarantined},
		{post, "/mail/quarantine/{id}/open", tracker.MendMail, s.openByHand},
		{post, "/mail/quarantine/{id}/attach", tracker.MendMail, s.attachByHand},
		{post, "/mail/quarantine/{id}/ignore", tracker.MendMail, s.ignoreSender},
		{post, "/mail/quarantine/{id}/back", tracker.MendMail, s.takeBackMail},
		{get, "/mail/ledger", tracker.ReadHealth, s.ledger},
		{post, "/mail/ledger/discard", tracker.MendMail, s.discardMany},
		{get, "/mail/senders", tracker.ReadHealth, s.senders},
		{post, "/mail/senders", tracker.MendMail, s.addSender},
		{post, "/mail/senders/{id}/remove", tracker.MendMail, s.removeSender},
		{get, "/mail/outbox", tracker.ReadHealth, s.outboxList},
		{get, "/mail/outbox/{id}", tracker.ReadHealth, s.outboxMail},
		{post, "/mail/outbox/{id}/resend", tracker.MendMail, s.resendOutbox},
		{post, "/mail/outbox/{id}/cancel", tracker.MendMail, s.cancelOutbox},
		{post, "/mail/restored", tracker.MendMail, s.settleRestored},

		{get, "/alarms", tracker.ReadHealth, s.alarms},
		{get, "/alarms/banner", tracker.ReadHealth, s.showAlarmBanner},
		{post, "/alarms/{id}/seen", tracker.MendMail, s.seeAlarm},
		{post, "/alarms/{id}/mute", tracker.EditSettings, s.muteAlarm},
		{post, "/alarms/{id}/forget", tracker.EditSettings, s.forgetNode},

		// Settings, people who sign in, the audit.
		{get, "/accounts", tracker.ManageAccounts, s.accounts},
		{post, "/accounts", tracker.ManageAccounts, s.invite},
		{get, "/accounts/{id}", tracker.ManageAccounts, s.accountPage},
		{post, "/accounts/{id}", tracker.ManageAccounts, s.changeAccount},
		{post, "/accounts/{id}/link", tracker.ManageAccounts, s.sendLink},
		{post, "/accounts/{id}/show-link", tracker.ManageAccounts, s.showLink},
		{post, "/accounts/{id}/answers/revoke", tracker.ManageAccounts, s.revokeTheirAnswers},
		{post, "/accounts/{id}/withdraw", tracker.ManageAccounts, s.withdrawLinks},
		{get, "/audit", tracker.ReadAudit, s.audit},
		{get, "/audit.csv", tracker.ReadAudit, s.auditCSV},
		{get, "/settings", tracker.EditSettings, s.settings},
		{get, "/settings/look", tracker.EditSettings, s.lookSettings},
		{post, "/settings/look", tracker.EditSettings, s.saveLook},
		{post, "/settings/look/logo", tracker.EditSettings, s.uploadLogo},
		{post, "/settings/look/logo/remove", tracker.EditSettings, s.removeLogo},
		{get, "/look/{uid}", anyone, s.logo},
		{get, "/settings/mail", tracker.EditSettings, s.mailTexts},
		{get, "/settings/mail/{key}", tracker.EditSettings, s.mailText},
		{post, "/settings/mail/{key}", tracker.EditSettings, s.saveMailText},
		{post, "/settings/mail/{key}/preview", tracker.EditSettings, s.previewMailText},
		{get, "/settings/mailboxes", tracker.EditSettings, s.mailboxes},
		{post, "/settings/mailboxes", tracker.EditSettings, s.addMailbox},
		{get, "/settings/mailboxes/new", tracker.EditSettings, s.newMailboxPage},
		{get, "/settings/mailboxes/{id}", tracker.EditSettings, s.mailbox},
		{post, "/settings/mailboxes/{id}", tracker.EditSettings, s.changeMailbox},
		{get, "/settings/mailboxes/{id}/edit", tracker.EditSettings, s.editMailboxPage},
		{post, "/settings/mailboxes/{id}/try", tracker.EditSettings, s.tryMailbox},
		{post, "/settings/mailboxes/{id}/signin", tracker.EditSettings, s.signInMailbox},
		{post, "/settings/mailboxes/{id}/switch", tracker.EditSettings, s.switchMailbox},
		{post, "/settings/mailboxes/{id}/test", tracker.EditSettings, s.sendTest},
		{post, "/settings/mailboxes/{id}/test/end", tracker.EditSettings, s.endTest},
		{post, "/settings/mailboxes/{id}/headers", tracker.EditSettings, s.startHeaders},
		{get, "/settings/mailboxes/{id}/headers.eml", tracker.EditSettings, s.forgedMail},
		{post, "/settings/mailboxes/{id}/trust", tracker.EditSettings, s.trustMailbox},
		{post, "/settings/mailboxes/{id}/remove", tracker.EditSettings, s.removeMailbox},
		{get, "/settings/hours", tracker.EditSettings, s.hoursSettings},
		{post, "/settings/hours", tracker.EditSettings, s.saveHours},
		{post, "/settings/hours/holidays", tracker.EditSettings, s.addHoliday},
		{post, "/settings/hours/holidays/remove", tracker.EditSettings, s.removeHoliday},
		{get, "/settings/targets", tracker.EditSettings, s.targetSettings},
		{post, "/settings/targets", tracker.EditSettings, s.saveTargets},
		{get, "/settings/categories", tracker.EditSettings, s.categorySettings},
		{post, "/settings/categories", tracker.EditSettings, s.addCategory},
		{post, "/settings/categories/{id}", tracker.EditSettings, s.editCategory},
		{post, "/settings/categories/{id}/move", tracker.EditSettings, s.moveCategory},
		{get, "/settings/forms", tracker.EditSettings, s.formSettings},
		{post, "/settings/forms", tracker.EditSettings, s.saveFormLink},
		{post, "/settings/forms/senders", tracker.EditSettings, s.addFormSender},
		{post, "/settings/forms/senders/remove", tracker.EditSettings, s.removeFormSender},
		{post, "/settings/forms/labels", tracker.EditSettings, s.addFormLabel},
		{post, "/settings/forms/labels/remove", tracker.EditSettings, s.removeFormLabel},
		{get, "/settings/forms/read", tracker.TeachForms, s.formReading},
		{post, "/settings/forms/read", tracker.TeachForms, s.readForm},
		{post, "/settings/forms/teach", tracker.TeachForms, s.teachForm},
		{get, "/settings/client", tracker.EditSettings, s.clientSettings},
		{post, "/settings/client", tracker.EditSettings, s.saveClientSettings},
		{get, "/settings/alarms", tracker.EditSettings, s.alarmSettings},
		{post, "/settings/alarms", tracker.EditSettings, s.saveAlarmSettings},
		{post, "/settings/alarms/test", tracker.EditSettings, s.testAlarm},
		{get, "/settings/alarms/mail", tracker.EditSettings, s.alarmMailPage},
		{post, "/settings/alarms/mail", tracker.EditSettings, s.saveAlarmMail},
		{get, "/settings/alarms/webhook", tracker.EditSettings, s.alarmHookPage},
		{post, "/settings/alarms/webhook", tracker.EditSettings, s.saveAlarmHook},
		{post, "/settings/alarms/remove", tracker.EditSettings, s.removeAlarmWay},
		{get, "/settings/backup", tracker.EditSettings, s.backupSettings},
		{get, "/settings/tickets", tracker.EditSettings, s.ticketSettings},
		{post, "/settings/tickets", tracker.EditSettings, s.saveTicketSettings},
	}
}

// withFiles are the addresses whose forms may carry files.
var withFiles = map[string]bool{
	"/tickets/{number}/reply":         true,
	"/tickets/{number}/reply/preview": true,
	"/tickets/{number}/reply/insert":  true,
	"/tickets/{number}/note":          true,
	"/tickets/{number}/fix":           true,
	"/assets/{id}/files":              true,
	"/orders/{number}/files":          true,
	"/settings/look/logo":             true,
	"/settings/forms/read":            true,
	"/settings/forms/teach":           true,
	"/import":                         true,
	"/r/{token}/say":                  true,
	"/my/{number}/say":                true,
	"/r/{token}/answer":               true,
	"/my/{number}/answer":             true,
}

// probes are the addresses that machines ask: no session is read for them,
// which would ask the database.
var probes = map[string]bool{"/healthz": true, "/readyz": true, "/metrics": true}

// routes builds the router out of the table.
func (s *site) routes() (http.Handler, error) {
	crossOrigin, err := s.crossOrigin()
	if err != nil {
		return nil, err
	}
	r := chi.NewRouter()
	r.Use(s.observe, s.recover, s.hurry, s.secureHeaders, textPath, middleware.GetHead)
	r.Handle("/static/*", s.assets)
	for _, e := range s.table() {
		if probes[e.path] {
			r.Method(e.method, e.path, s.handle(e.handle))
		}
	}
	r.Group(func(r chi.Router) {
		r.Use(middleware.Compress(5, "text/html"), crossOrigin, s.sessions.LoadAndSave, s.identify)
		for _, e := range s.table() {
			if !probes[e.path] {
				r.Method(e.method, e.path, s.guard(e))
			}
		}
		r.NotFound(s.handle(func(http.ResponseWriter, *http.Request) error { return errNowhere }))
		r.MethodNotAllowed(s.handle(func(http.ResponseWriter, *http.Request) error { return errMethod }))
	})
	if s.opts.Extra != nil {
		r.Group(func(r chi.Router) {
			r.Use(crossOrigin)
			s.opts.Extra(r)
		})
	}
	return r, nil
}

// textPath answers addresses that are no text, before a database is asked, and
// makes text of their queries.
func textPath(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.ContainsRune(r.URL.Path, 0) || !utf8.ValidString(r.URL.Path) {
			http.NotFound(w, r)
			return
		}
		if q, changed := textQuery(r.URL.Query()); changed {
			r.URL.RawQuery = q.Encode()
		}
		next.ServeHTTP(w, r)
	})
}

// textQuery returns a query as text that every database takes.
func textQuery(q url.Values) (clean url.Values, changed bool) {
	for _, values := range q {
		for i, v := range values {
			values[i] = strings.ToValidUTF8(strings.ReplaceAll(v, "\x00", ""), "\uFFFD")
			changed = changed || values[i] != v
		}
	}
	return q, changed
}

// guard puts before a handler what its route asks for: the right person, and
// a form of a bearable size.
func (s *site) guard(e route) http.Handler {
	limit := int64(formLimit)
	if withFiles[e.path] {
		limit = filesLimit
	}
	h := s.handle(func(w http.ResponseWriter, r *http.Request) error {
		if r.Method == http.MethodPost {
			body, limit := r.Body, limit
			if limit == filesLimit && e.need == anyone && !s.mayUpload(r) {
				limit = formLimit
			}
			if b, slow := body.(*hurried); slow && limit == filesLimit {
				b.c.SetReadDeadline(time.Now().Add(filesTime))
			}
			r.Body = http.MaxBytesReader(w, body, limit)
			if err := parseForm(r); err != nil {
				err = formError(err)
				var large *tooLarge
				if errors.As(err, &large) && accountOf(r.Context()) != nil {
					drain(w, body)
				}
				return err
			}
			if r.MultipartForm != nil {
				defer r.MultipartForm.RemoveAll()
			}
		}
		return e.handle(w, r)
	})
	if e.need == anyone {
		return h
	}
	return s.need(e.need)(h)
}

// drain reads what is too large to its end, as far as that is bearable, and
// keeps nothing: a browser that is cut off while it sends shows no answer.
func drain(w http.ResponseWriter, body io.Reader) {
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Minute)) // where it cannot be set, the limit is enough
	io.Copy(io.Discard, io.LimitReader(body, 512<<20))
}

func formError(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) || errors.Is(err, multipart.ErrMessageTooLarge) {
		return &tooLarge{err}
	}
	return errForm
}
