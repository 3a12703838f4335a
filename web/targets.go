package web

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// targetsView is the settings page about response targets and reminders.
type targetsView struct {
	settingsFrame
	Rows  []targetRow
	Tell  []choice
	Hours bool // the desk has opening hours
	Last  []string
}

// targetRow is one priority's fields, in hours.
type targetRow struct {
	P                           priorityView
	AnswerName, SolveName       string
	Answer, Solve               string
	AnswerProblem, SolveProblem string
}

// reminderSettings are on the page beside the targets.
var reminderSettings = []string{tracker.SetTargets, tracker.SetTell, tracker.SetRemindDays, tracker.SetRemindMost, tracker.SetRemindVendor, tracker.SetRemindQuiet}

func targetNames() []string {
	answer, solve := tracker.TargetSettings()
	return append(append(append([]string{}, reminderSettings...), answer[:]...), solve[:]...)
}

func (s *site) targetSettings(w http.ResponseWriter, r *http.Request) error {
	f, err := s.settingsFrame(r, "targets", targetNames()...)
	if err != nil {
		return err
	}
	return s.targetsPage(w, r, http.StatusOK, f)
}

func (s *site) targetsPage(w http.ResponseWriter, r *http.Request, status int, f settingsFrame) error {
	ctx := r.Context()
	v := targetsView{settingsFrame: f}
	answer, solve := tracker.TargetSettings()
	order := s.priorities()
	for i := range answer {
		row := targetRow{AnswerName: answer[i], SolveName: solve[i], Answer: asHours(f.Values[answer[i]]), Solve: asHours(f.Values[solve[i]]),
			AnswerProblem: f.Problems[answer[i]], SolveProblem: f.Problems[solve[i]]}
		for _, p := range order {
			if !p.Star && p.Level == int64(i+1) && i < 3 || p.Star && i == 3 {
				row.P = p
			}
		}
		v.Rows = append(v.Rows, row)
	}
	people, err := s.store.Technicians(ctx)
	if err != nil {
		return err
	}
	v.Tell = []choice{{Value: tracker.TellAdmins, Word: s.words.say("target.tell.admins")}, {Value: tracker.TellNobody, Word: s.words.say("target.tell.nobody")}}
	for _, a := range people {
		v.Tell = append(v.Tell, choice{Value: "account:" + strconv.FormatInt(a.ID, 10), Word: a.Name})
	}
	h, err := s.store.Hours(ctx)
	if err != nil {
		return err
	}
	v.Hours = h.Set()
	if v.Last, err = s.targetFigures(ctx, s.face(zoneOf(r)).zone); err != nil {
		return err
	}
	return s.renderSettings(w, r, status, "targets", v)
}

// targetFigures words how many targets were met last month and in this one.
func (s *site) targetFigures(ctx context.Context, zone *time.Location) ([]string, error) {
	now := s.store.Now().In(zone)
	this := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, zone)
	var all []string
	for _, span := range [][2]time.Time{{this.AddDate(0, -1, 0), this}, {this, this.AddDate(0, 1, 0)}} {
		f, err := s.store.TargetFigures(ctx, migrations.At(span[0]), migrations.At(span[1]))
		if err != nil {
			return nil, err
		}
		month := fmt.Sprintf("%s %d", s.words.say(fmt.Sprintf("month.%d", span[0].Month())), span[0].Year())
		if f.Answered > 0 {
			all = append(all, s.words.say("target.figure.answered", month, f.AnsweredInTime, f.Answered))
		}
		if f.Solved > 0 {
			all = append(all, s.words.say("target.figure.solved", month, f.SolvedInTime, f.Solved))
		}
	}
	return all, nil
}

// asHours shows minutes as hours; what is no number stays as it was typed.
func asHours(minutes string) string {
	n, err := strconv.Atoi(minutes)
	if err != nil {
		return strings.TrimPrefix(minutes, "typed:")
	}
	return strconv.FormatFloat(math.Round(float64(n)/60*100)/100, 'f', -1, 64)
}

// asMinutes reads hours: 4, 1.5 or 1,5. What is none of that stays to be refused.
func asMinutes(hours string) string {
	f, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(hours), ",", "."), 64)
	if err != nil || f < 0 || f > 100_000 || math.IsNaN(f) {
		return "typed:" + hours
	}
	return strconv.Itoa(int(math.Round(f * 60)))
}

func (s *site) saveTargets(w http.ResponseWriter, r *http.Request) error {
	values := typedSettings(r, reminderSettings...)
	answer, solve := tracker.TargetSettings()
	for _, name := range append(answer[:], solve[:]...) {
		if hours, ok := r.PostForm["hours."+name]; ok && len(hours) > 0 {
			values[name] = asMinutes(hours[0])
		} else { // from the page that shows a stale edit
			values[name] = strings.TrimSpace(r.PostFormValue(name))
		}
	}
	return s.saveSettings(w, r, "targets", "/settings/targets", values, func(status int, f settingsFrame) error {
		for _, name := range append(answer[:], solve[:]...) {
			if f.Problems[name] != "" {
				f.Problems[name] = s.words.say("target.hours_problem")
			}
		}
		return s.targetsPage(w, r, status, f)
	})
}
