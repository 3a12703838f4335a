package migrations

import "time"

// Stamp is an instant as the database holds it: microseconds since 1970 UTC.
// Zero means never; a column that may be null scans into *Stamp.
type Stamp int64

// At returns the Stamp of t, 0 for the zero time.
func At(t time.Time) Stamp {
	if t.IsZero() {
		return 0
	}
	return Stamp(t.UnixMicro())
}

// Time returns the instant in UTC, the zero time for 0.
func (s Stamp) Time() time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(s)).UTC()
}

// Or returns the Stamp that p points to, or 0 for nil.
func Or(p *Stamp) Stamp {
	if p == nil {
		return 0
	}
	return *p
}
