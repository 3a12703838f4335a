// Package web is the site on which technicians work the tickets.
//
// Invariants: every page is rendered on the server and works without
// JavaScript, for reading and for every form; every change is a POST from
// our own pages; handlers return errors and one adapter answers them; nothing
// is loaded from outside; mail HTML is sanitised when it is shown and runs in
// a frame without scripts. All interface words come from one catalogue.
//
// It owns no table: it reads and changes through tracker.Store and
// inventory.Store.
package web

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"

	"helpdeskd/inventory"
	"helpdeskd/tracker"
)

// MailReader decodes a part of a raw mail: the transfer encoding is undone,
// and text comes as UTF-8. Sanitising HTML is this package's own job.
type MailReader interface {
	OpenPart(raw io.ReaderAt, p tracker.Part) (io.Reader, error)
	// WholeText returns the readable text of a mail with nothing folded away.
	WholeText(raw []byte) string
}

// Options are what the site needs from outside.
type Options struct {
	PublicURL      string         // where people reach the site, for example https://desk.example; decides whether cookies are Secure
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed; nobody's where empty
	Log            *slog.Logger   // discarded where nil
	Version        string
	Mail           MailReader
	Forms          FormReader   // shows how mails of forms are read; not at all where nil
	Texts          MailTexts    // of the mails; no previews and no defaults where nil
	Replies        ReplyPreview // shows answers as their recipients will see them; not at all where nil
	Connect        Connector    // tries mailboxes; where nil they can be made, and not tried
	// ReadMail reads a mail of the ledger as it would be read now, or tells why
	// it can not be; it must be safe to give it any mail. Nothing is shown of
	// them but their bytes where nil.
	ReadMail     func(raw []byte) (tracker.Inbound, error)
	StuckReading func() int       // how much reading of mail in this process goes on without an end; none where nil
	Alarms       Alarms           // looks after the desk; no routes and no more than a ping where nil
	Metrics      Metrics          // for Prometheus
	Banner       string           // shown above every page, for the demo; "" for none
	Language     string           // of the catalogue; "en" where empty
	Styleguide   bool             // /styleguide shows the components: for the demo and development
	Extra        func(chi.Router) // mounts further routes, outside the sign-in

	liveBeat time.Duration // how often a live stream shows that it lives; 25 s where zero
	formTime time.Duration // how long a form may take to arrive; a minute where zero
}

// Metrics are what /metrics shows, and to whom.
type Metrics struct {
	Registerer prometheus.Registerer // what the site counts; for nobody where nil
	Handler    http.Handler          // nothing is shown where nil
	Token      string                // whoever has it may read; only this machine where empty
}

// site is what the handlers share.
type site struct {
	store    *tracker.Store
	things   *inventory.Store
	opts     Options
	log      *slog.Logger
	secure   bool // PublicURL is https
	sessions *scs.SessionManager
	assets   *assets
	words    words
	pages    *pages
	cleaner  *mailCleaner
	streams  *streams
	imports  importJobs
	trials   trials
	signIns  signIns
	thumbs   *thumbs
	meters   *meters
}

// New returns the site on a store and the inventory beside it.
func New(store *tracker.Store, things *inventory.Store, opts Options) (http.Handler, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Language == "" {
		opts.Language = "en"
	}
	if opts.liveBeat == 0 {
		opts.liveBeat = liveBeat
	}
	if opts.formTime == 0 {
		opts.formTime = formTime
	}
	s := &site{store: store, things: things, opts: opts, log: opts.Log, cleaner: newMailCleaner(), streams: &streams{of: map[int64]int{}}, thumbs: newThumbs(), meters: newMeters(opts.Metrics.Registerer)}
	if opts.PublicURL != "" {
		u, err := url.Parse(opts.PublicURL)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, fmt.Errorf("the public URL %q must look like https://desk.example", opts.PublicURL)
		}
		s.secure = u.Scheme == "https"
	}
	var err error
	if s.words, err = loadWords(opts.Language); err != nil {
		return nil, err
	}
	if s.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if s.pages, err = s.loadPages(); err != nil {
		return nil, err
	}
	s.sessions = s.newSessions()
	return s.routes()
}
