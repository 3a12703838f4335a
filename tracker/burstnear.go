package tracker

import "slices"

// around returns the reports of the most people within an hour that are about
// the same as a new one: alike with it, or with one that it is alike with. The
// common one in the middle need not come last.
func (o *reports) around(me *report) (best []*report) {
	most := 0
	direct := o.like(me, me)
	for _, middle := range direct {
		near := mostPeople(o.like(middle, me), me)
		if n := peopleOf(near); n > most {
			best, most = near, n
		}
		if len(direct) > 20 {
			break // there are enough
		}
	}
	return best
}

// like returns the reports that are alike with one, itself and perhaps a new
// one among them, and came within an hour of the new one.
func (o *reports) like(of, me *report) []*report {
	mine := o.plain(of)
	if !o.batch {
		of.likes, of.liked = nil, 0
	}
	look := 0
	if o.batch && of.liked == 0 { // for one mail alone an index costs more than it saves
		look = o.mark(mine)
	}
	for ; of.liked < len(o.all); of.liked++ {
		r := o.all[of.liked]
		if r != of && r.counts && (look == 0 || r.seen == look && (r.sharesSubject || r.shares >= 3)) && max(r.At-of.At, of.At-r.At) <= 2*burstWindow && mine.alike(o.plain(r)) {
			of.likes = append(of.likes, r)
		}
	}
	near := []*report{of}
	for _, r := range of.likes {
		if max(r.At-me.At, me.At-r.At) <= burstWindow {
			near = append(near, r)
		}
	}
	if of != me && mine.alike(o.plain(me)) {
		near = append(near, me)
	}
	return near
}

// mostPeople returns those of some reports that lie within an hour, me among
// them, and are of the most people.
func mostPeople(near []*report, me *report) (best []*report) {
	slices.SortFunc(near, func(a, b *report) int {
		if a.At != b.At {
			return int(min(max(a.At-b.At, -1), 1))
		}
		return int(min(max(a.ID-b.ID, -1), 1))
	})
	// An hour's window slides over them, as far as it holds me.
	mine := slices.Index(near, me)
	seen := map[string]int{}
	most, end := 0, 0
	for i := 0; i <= mine; i++ {
		for end < len(near) && near[end].At-near[i].At <= burstWindow {
			seen[near[end].person]++
			end++
		}
		if end > mine && len(seen) > most {
			best, most = near[i:end:end], len(seen)
		}
		if seen[near[i].person]--; seen[near[i].person] == 0 {
			delete(seen, near[i].person)
		}
	}
	return best
}

func peopleOf(all []*report) int {
	seen := map[string]bool{}
	for _, r := range all {
		seen[r.person] = true
	}
	return len(seen)
}

// mark marks the reports that share words with one, how many and whether in
// their subjects, and returns the number of that look. What they need at least
// to be alike is in numbered.alike.
func (o *reports) mark(of *numbered) int {
	if o.having == nil {
		o.having = map[int32][]*report{}
	}
	for ; o.known < len(o.all); o.known++ {
		r := o.all[o.known]
		if r.counts {
			for _, w := range o.plain(r).text { // those of the subject are among them
				o.having[w] = append(o.having[w], r)
			}
		}
	}
	o.looks++
	for _, w := range of.text {
		_, subject := slices.BinarySearch(of.subject, w)
		for _, r := range o.having[w] {
			if r.seen != o.looks {
				r.seen, r.shares, r.sharesSubject = o.looks, 0, false
			}
			r.shares++
			if subject && !r.sharesSubject {
				_, r.sharesSubject = slices.BinarySearch(r.plain.subject, w)
			}
		}
	}
	return o.looks
}
