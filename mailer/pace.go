package mailer

import (
	"time"

	"golang.org/x/time/rate"
)

// pace is the global rate: a bucket that fills evenly, of which people's
// replies may take the last token and everything else may not. So a reply
// finds one ready however much waits behind it.
type pace struct {
	limiter *rate.Limiter
	perMin  int
}

// defaultPerMinute stays below the 30 a minute of Exchange Online, with
// room for the bucket's burst.
const defaultPerMinute = 25

func newPace(perMinute int) *pace {
	if perMinute <= 0 {
		perMinute = defaultPerMinute
	}
	return &pace{limiter: rate.NewLimiter(perSecond(perMinute), burst(perMinute)), perMin: perMinute} // full to begin with
}

// set changes the rate, in mails a minute; what makes no sense means the default.
func (p *pace) set(perMinute int) {
	if perMinute <= 0 {
		perMinute = defaultPerMinute
	}
	if perMinute == p.perMin {
		return
	}
	p.perMin = perMinute
	p.limiter.SetBurst(burst(perMinute))
	p.limiter.SetLimit(perSecond(perMinute))
}

func perSecond(perMinute int) rate.Limit { return rate.Limit(float64(perMinute) / 60) }

func burst(perMinute int) int { return max(2, perMinute/5) }

// wait returns how long until a mail of this priority may go, 0 for now.
func (p *pace) wait(priority int) time.Duration {
	need := 1.0
	if priority > 1 {
		need = 2
	}
	missing := need - p.limiter.Tokens()
	if missing <= 0 {
		return 0
	}
	return time.Duration(missing / float64(p.limiter.Limit()) * float64(time.Second))
}

// take uses a token up, and reports whether there was one.
func (p *pace) take() bool { return p.limiter.Allow() }
