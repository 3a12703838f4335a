package web

import "strconv"

// stageOrder is the order in which stages are shown.
var stageOrder = []string{"requested", "in_progress", "confirming", "completed", "dropped"}

// priorityView is a priority as pages show it: always with its words, never
// by colour alone.
type priorityView struct {
	Value string // 1, 2, 3, 3*: as forms and events hold it
	Key   string // p1, p2, p3, p3s: the class of its colour
	Mark  string // 1, 2, 3, 3★
	Short string // one or two words
	Words string // the number and the whole sentence
	Long  string // the whole sentence
	Level int64
	Star  bool
}

func (s *site) priority(level int64, star bool) priorityView {
	level = min(max(level, 1), 3)
	mark := strconv.FormatInt(level, 10)
	p := priorityView{Value: mark, Key: "p" + mark, Mark: mark, Level: level, Star: star && level == 3}
	if p.Star {
		p.Value, p.Key, p.Mark = "3*", "p3s", "3★"
	}
	p.Short, p.Long = s.words.say("priority."+p.Key+".short"), s.words.say("priority."+p.Key)
	p.Words = p.Mark + ": " + p.Long
	return p
}

// priorities are all four, the gravest first.
func (s *site) priorities() []priorityView {
	return []priorityView{s.priority(3, true), s.priority(3, false), s.priority(2, false), s.priority(1, false)}
}
