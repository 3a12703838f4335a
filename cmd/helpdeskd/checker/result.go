package checker

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Result is what a fault came to on one engine: a line of the table that
// faults.sh prints.
type Result struct {
	Fault    string `json:"fault"`  // of the reference's list, F1 to F26, in two digits: "F07"
	What     string `json:"what"`   // was done, in a few words
	Engine   string `json:"engine"` // "sqlite", "postgres", or "" where the database plays no part
	Tried    int    `json:"tried"`  // how often the fault struck
	Lost     int    `json:"lost"`   // findings of the checker
	Doubled  int    `json:"doubled"`
	Misacked int    `json:"misacked"`
	Other    int    `json:"other"`
	// Recovered are the seconds from the end of each fault until mail was taken
	// again (or, where What says so, until all was done).
	Recovered []float64 `json:"recovered,omitempty"`
	Failed    bool      `json:"failed,omitempty"` // the test found something that is no finding
	Test      string    `json:"test"`
}

// Count adds findings.
func (r *Result) Count(found []Finding) {
	for _, f := range found {
		switch f.Kind {
		case Lost, MovedEarly:
			r.Lost++
		case Doubled:
			r.Doubled++
		case Misacked:
			r.Misacked++
		default:
			r.Other++
		}
	}
}

// Clean reports whether nothing was found.
func (r *Result) Clean() bool { return r.Lost+r.Doubled+r.Misacked+r.Other == 0 && !r.Failed }

// Append writes the result as one line of a file of JSON lines. Several
// processes may write to one file.
func (r *Result) Append(path string) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("write down a result: %w", err)
	}
	defer f.Close()
	if _, err := f.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write down a result: %w", err)
	}
	return nil
}

// Results reads what Append wrote, in the order of the faults.
func Results(path string) ([]Result, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the results: %w", err)
	}
	defer f.Close()
	var all []Result
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var r Result
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("read the results: %w", err)
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b Result) int {
		return strings.Compare(a.Fault+a.What+b.Engine, b.Fault+b.What+a.Engine) // SQLite first
	})
	return all, lines.Err()
}

// Table writes results as a Markdown table.
func Table(all []Result) string {
	var b strings.Builder
	b.WriteString("| fault | what was done | database | tried | lost | doubled | wrong acks | other | recovered in: median, longest |\n|---|---|---|---|---|---|---|---|---|\n")
	total := Result{}
	for _, r := range all {
		engine := map[string]string{"sqlite": "SQLite", "postgres": "PostgreSQL"}[r.Engine]
		other := fmt.Sprint(r.Other)
		if r.Failed {
			other += ", **failed**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %d | %d | %d | %s | %s |\n", short(r.Fault), r.What, engine, r.Tried, r.Lost, r.Doubled, r.Misacked, other, r.recovered())
		total.Tried, total.Lost, total.Doubled, total.Misacked, total.Other = total.Tried+r.Tried, total.Lost+r.Lost, total.Doubled+r.Doubled, total.Misacked+r.Misacked, total.Other+r.Other
	}
	fmt.Fprintf(&b, "| all | | | %d | %d | %d | %d | %d | |\n", total.Tried, total.Lost, total.Doubled, total.Misacked, total.Other)
	return b.String()
}

// short is "F7" for "F07".
func short(fault string) string { return strings.Replace(fault, "F0", "F", 1) }

func (r *Result) recovered() string {
	if len(r.Recovered) == 0 {
		return ""
	}
	s := slices.Sorted(slices.Values(r.Recovered))
	return fmt.Sprintf("%.1f s, %.1f s", s[len(s)/2], s[len(s)-1])
}
