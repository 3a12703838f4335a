// Package tracker is people and work: tickets, messages, clients, accounts,
// notes, events, search, and the rows of inbox, outbox and leases.
//
// Invariants: a mail that Keep committed is never lost; every step after it
// is idempotent, so that a crash repeats a step; whatever changes state
// writes its Event in the same transaction; a transaction done under a lease
// checks the lease's fence; nothing is queued in memory only.
//
// It owns every table of the initial schema, except those of inventory.
package tracker

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker/erased"
	"helpdeskd/tracker/seal"
)

// Options are what a Store needs from outside.
type Options struct {
	Clock    func() time.Time // time.Now where nil
	Log      *slog.Logger     // discarded where nil
	Node     string           // names this node in leases; random where empty
	LeaseTTL time.Duration    // 15 s where zero
	// Twin, where set, is called once when another process turns out to hold
	// leases under this node's id: the data directory, or the machine, was copied.
	Twin func()
	Key  *seal.Key // seals secrets; see OpenKey. Nil for who needs none
	// Erased is the journal of what was erased, outside the database; nil for
	// none: then nothing is erased again after a restore.
	Erased *erased.Journal
	// CheapHashes is for tests, which make hundreds of accounts: whoever gets
	// hold of such hashes guesses the passwords soon.
	CheapHashes bool
}

// Store is the tracker on one database. It is safe for concurrent use.
type Store struct {
	recurring recurringFound // see Recurring
	db        *migrations.DB
	clock     func() time.Time
	log       *slog.Logger
	node      string
	start     string // of this process
	ttl       time.Duration
	key       *seal.Key
	// erased is written by SyncErased alone.
	erased  *erased.Journal
	syncing sync.Mutex
	synced  [2]int64 // the last tombstone and erasure that the journal holds
	erasing inHand

	twin     func()
	twinOnce sync.Once
	// settled is when this process has lived for crashPause.
	settled migrations.Stamp

	mu       sync.RWMutex
	policies map[int64]Policy
	// accountMailbox is the mailbox that invitations leave by; 0 for none.
	accountMailbox int64
	declared       []Declared // the mailboxes of the configuration file

	inboxNews      chan struct{}
	outboxNews     chan struct{}
	connectionNews chan struct{}
	live           hub
	feed           feed
	presence       presence
	hasher         hasher
	known          knownSettings
	beats          beats
	gists          gists
	knownFor       time.Duration
	indexKinds     map[string]func(ctx context.Context, q migrations.Queryer, id int64) ([]string, error)
	indexNamed     map[string]func(ctx context.Context, q migrations.Queryer, clientID int64) ([]int64, error)
	alsoPerson     []AlsoPerson
	assetsIn       AssetsIn
	things         Things // nil for none
	briefs         briefCache
}

// New returns the tracker on db.
func New(db *migrations.DB, o Options) *Store {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Node == "" {
		o.Node, _ = NewToken()
	}
	if o.LeaseTTL == 0 {
		o.LeaseTTL = 15 * time.Second
	}
	start, _ := NewToken()
	return &Store{
		start: start, twin: o.Twin,
		db: db, clock: o.Clock, log: o.Log, node: o.Node, ttl: o.LeaseTTL, key: o.Key, erased: o.Erased,
		settled:        migrations.At(o.Clock().Add(crashPause)),
		policies:       map[int64]Policy{},
		inboxNews:      make(chan struct{}, 1),
		outboxNews:     make(chan struct{}, 1),
		connectionNews: make(chan struct{}, 1),
		hasher:         newHasher(o.CheapHashes),
		knownFor:       settingsFor,
		indexKinds:     map[string]func(ctx context.Context, q migrations.Queryer, id int64) ([]string, error){},
		indexNamed:     map[string]func(ctx context.Context, q migrations.Queryer, clientID int64) ([]int64, error){},
	}
}

// DB returns the database, for what reads it beside the Store.
func (s *Store) DB() *migrations.DB { return s.db }

// Now returns the time by the store's clock, in UTC.
func (s *Store) Now() time.Time { return s.clock().UTC() }

func (s *Store) stamp() migrations.Stamp { return migrations.At(s.clock()) }

// InboxNews is signalled after mail was kept in this process: a hint, since
// other processes keep mail too.
func (s *Store) InboxNews() <-chan struct{} { return s.inboxNews }

// OutboxNews is signalled after mail was queued in this process: a hint.
func (s *Store) OutboxNews() <-chan struct{} { return s.outboxNews }

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// read is what private helpers take that work in and out of transactions.
type read = migrations.Queryer

// exists reports whether a query finds a row.
func exists(ctx context.Context, q read, query string, args ...any) (bool, error) {
	var one int
	err := q.Get(ctx, &one, query, args...)
	if migrations.KindOf(err) == migrations.NotFound {
		return false, nil
	}
	return err == nil, err
}
