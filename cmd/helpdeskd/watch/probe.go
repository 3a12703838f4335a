package watch

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

const (
	maxSkew      = 2 * time.Minute
	skewEvery    = 5 * time.Minute
	dateEvery    = time.Hour
	certEvery    = time.Minute
	forgetServer = 24 * time.Hour // a server whose certificate nobody has seen for so long
)

// Disk finds little room in a directory, by the setting of megabytes.
func Disk(store *tracker.Store, dir string, free func(dir string) (int64, error)) Probe {
	return func(ctx context.Context) []tracker.Problem {
		set, err := store.KnownSettings(ctx)
		if err != nil {
			return nil
		}
		limit := int64(tracker.AlarmNumber(set, tracker.SetAlarmDisk)) << 20
		n, err := free(dir)
		if err != nil || n >= limit {
			return nil
		}
		return []tracker.Problem{{Kind: tracker.AlarmDisk, Node: store.Node(), Detail: fmt.Sprintf("%d MB are free.", n>>20)}}
	}
}

// days is how many days before its end a certificate is called about; 0 for never.
func days(ctx context.Context, store *tracker.Store) time.Duration {
	set, err := store.KnownSettings(ctx)
	if err != nil {
		return 0
	}
	return time.Duration(tracker.AlarmNumber(set, tracker.SetAlarmDays)) * 24 * time.Hour
}

// Certificate finds the site's own certificate about to expire.
func Certificate(store *tracker.Store, file string) Probe {
	var looked, until time.Time
	return func(ctx context.Context) []tracker.Problem {
		if now := store.Now(); looked.IsZero() || now.Sub(looked).Abs() >= certEvery {
			if t, err := notAfter(file); err == nil {
				looked, until = now, t
			}
		}
		if limit := days(ctx, store); until.IsZero() || limit == 0 || until.Sub(store.Now()) > limit {
			return nil
		}
		return []tracker.Problem{{Kind: tracker.AlarmCertificate, Node: store.Node(), Detail: "It ends on " + until.UTC().Format(time.DateOnly) + "."}}
	}
}

func notAfter(file string) (time.Time, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return time.Time{}, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return time.Time{}, fmt.Errorf("%s holds no certificate", file)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return time.Time{}, err
	}
	return c.NotAfter, nil
}

// Servers remembers the certificates of mail servers, as they were met. It is
// safe for concurrent use.
type Servers struct {
	now func() time.Time

	mu   sync.Mutex
	ends map[string]end
}

type end struct{ at, seen time.Time }

// NewServers returns an empty memory.
func NewServers(now func() time.Time) *Servers { return &Servers{now: now, ends: map[string]end{}} }

// Saw notes until when a server's certificate is good.
func (s *Servers) Saw(host string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends[host] = end{until, s.now()}
}

// Probe finds those that are about to expire. A node that meets a server no
// more says nothing about it any more.
func (s *Servers) Probe(store *tracker.Store) Probe {
	return func(ctx context.Context) []tracker.Problem {
		limit := days(ctx, store)
		s.mu.Lock()
		defer s.mu.Unlock()
		var list []tracker.Problem
		for host, e := range s.ends {
			if s.now().Sub(e.seen) > forgetServer {
				delete(s.ends, host)
			} else if limit > 0 && e.at.Sub(s.now()) <= limit {
				list = append(list, tracker.Problem{Kind: tracker.AlarmServerCert, About: host, Node: store.Node(), Detail: "It ends on " + e.at.UTC().Format(time.DateOnly) + "."})
			}
		}
		slices.SortFunc(list, func(a, b tracker.Problem) int {
			if a.About < b.About {
				return -1
			}
			return 1
		})
		return list
	}
}

// Clock finds our clock far from the database server's and from those of the
// web servers at some addresses, which are asked now and then.
func Clock(store *tracker.Store, addresses ...string) Probe {
	var found []tracker.Problem
	var looked, asked time.Time
	var off time.Duration // by the web servers
	client := &http.Client{Timeout: within / 3, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return func(ctx context.Context) []tracker.Problem {
		now := store.Now()
		if !looked.IsZero() && now.Sub(looked).Abs() < skewEvery {
			return found
		}
		looked, found = now, nil
		tell := func(d time.Duration, of string) {
			if d.Abs() > maxSkew {
				found = []tracker.Problem{{Kind: tracker.AlarmClock, Node: store.Node(), Detail: fmt.Sprintf("It is %s off, by %s.", d.Abs().Round(time.Second), of)}}
			}
		}
		if db := store.DB(); db.Engine == migrations.Postgres {
			var theirs migrations.Stamp
			if err := db.Get(ctx, &theirs, `SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)`); err == nil {
				tell(store.Now().Sub(theirs.Time()), "the database server's clock")
			}
		}
		if asked.IsZero() || now.Sub(asked).Abs() >= dateEvery {
			asked = now
			for _, a := range addresses {
				if at, err := dateOf(ctx, client, a); err == nil {
					off = store.Now().Sub(at)
					break
				}
			}
		}
		tell(off, "the sign-in server's clock")
		return found
	}
}

// dateOf asks a web server what time it is.
func dateOf(ctx context.Context, client *http.Client, address string) (time.Time, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
	if err != nil {
		return time.Time{}, err
	}
	answer, err := client.Do(r)
	if err != nil {
		return time.Time{}, err
	}
	answer.Body.Close()
	return http.ParseTime(answer.Header.Get("Date"))
}

// Secrets finds client secrets about to expire: a month, a fortnight and three
// days before, each an alarm of its own.
func Secrets(store *tracker.Store, ends func(ctx context.Context) map[string]time.Time) Probe {
	return func(ctx context.Context) []tracker.Problem {
		var list []tracker.Problem
		for name, at := range ends(ctx) {
			left := at.Sub(store.Now())
			for _, d := range []int{30, 14, 3} {
				if left <= time.Duration(d)*24*time.Hour {
					list = append(list, tracker.Problem{Kind: tracker.AlarmSecret, About: fmt.Sprintf("%s (%d days)", name, d), Detail: "It ends on " + at.UTC().Format(time.DateOnly) + "."})
				}
			}
		}
		slices.SortFunc(list, func(a, b tracker.Problem) int {
			if a.About < b.About {
				return -1
			}
			return 1
		})
		return list
	}
}

// Stuck finds reading of mail that does not come to an end in this process.
func Stuck(store *tracker.Store, n func() int) Probe {
	return func(context.Context) []tracker.Problem {
		if n() == 0 {
			return nil
		}
		return []tracker.Problem{{Kind: tracker.AlarmStuck, Node: store.Node()}}
	}
}
