package tracker

import (
	"cmp"
	"slices"
)

// pairOfWords is two words of a subject, the lesser first; the second is "" of
// a subject of one telling word.
type pairOfWords struct{ a, b string }

// wordProblems finds alike tickets within each category: those whose subjects
// share two telling words. The pair that most share comes first; tickets that
// are of one problem are not of another.
func wordProblems(rows []Occurrence, known map[string]settled) []Recurring {
	of := map[int64][]Occurrence{}
	for _, o := range rows {
		if o.CategoryID != 0 {
			of[o.CategoryID] = append(of[o.CategoryID], o)
		}
	}
	var all []Recurring
	for category, list := range of {
		all = append(all, alikeIn(category, list, known)...)
	}
	sortProblems(all)
	return all
}

// maxAlike is how many problems of one category are found.
const maxAlike = 20

func alikeIn(category int64, list []Occurrence, known map[string]settled) []Recurring {
	times := max(recurringTimes, (len(list)+recurringShare-1)/recurringShare)
	if len(list) < times {
		return nil
	}
	words, often := make([][]string, len(list)), map[string]int{}
	subjects := map[string][]string{} // many are the very same
	for i, o := range list {
		w, ok := subjects[o.Subject]
		if !ok {
			w = subjectWords(o.Subject)
			subjects[o.Subject] = w
		}
		words[i] = w
		for _, x := range w {
			often[x]++
		}
	}
	sharing := map[pairOfWords][]int{}
	for i, all := range words {
		if len(all) == 1 && often[all[0]] >= times {
			p := pairOfWords{all[0], ""}
			sharing[p] = append(sharing[p], i)
		}
		for j, x := range all {
			if often[x] < times {
				continue
			}
			for _, y := range all[j+1:] {
				if often[y] >= times {
					p := pairOfWords{min(x, y), max(x, y)}
					sharing[p] = append(sharing[p], i)
				}
			}
		}
	}
	var pairs []pairOfWords
	for p, tickets := range sharing {
		if len(tickets) >= times {
			pairs = append(pairs, p)
		}
	}
	slices.SortFunc(pairs, func(x, y pairOfWords) int {
		return cmp.Or(cmp.Compare(len(sharing[y]), len(sharing[x])), cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b))
	})
	var found []Recurring
	taken := make([]bool, len(list))
	for _, p := range pairs {
		var tickets []Occurrence
		var mine []int
		for _, i := range sharing[p] {
			if !taken[i] {
				tickets, mine = append(tickets, list[i]), append(mine, i)
			}
		}
		if len(tickets) < times {
			continue
		}
		for _, i := range mine {
			taken[i] = true
		}
		keys := []string{keyOfWords(category, p.a, p.b)}
		// What is decided about these tickets is decided about each pair that
		// they share: tomorrow another pair may lead.
		for _, o := range pairs {
			if o != p && len(keys) < maxAlike && shares(sharing[o], mine) >= times {
				keys = append(keys, keyOfWords(category, o.a, o.b))
			}
		}
		if r, ok := problem(known, times, keys, tickets); ok && len(found) < maxAlike {
			r.Kind, r.CategoryID, r.Words = RecursWords, category, sharedWords(words, mine)
			found = append(found, r)
		}
	}
	return found
}

// shares returns how many of two sorted lists are the same.
func shares(a, b []int) (n int) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			n, i, j = n+1, i+1, j+1
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	return n
}

// sharedWords are the words that all of some subjects have, in the order of
// the first of them.
func sharedWords(words [][]string, of []int) []string {
	return slices.DeleteFunc(slices.Clone(words[of[0]]), func(w string) bool {
		return slices.ContainsFunc(of, func(i int) bool { return !slices.Contains(words[i], w) })
	})
}
