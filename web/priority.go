package web

// stageOrder is the order in which stages are shown.
var stageOrder = []string{"requested", "in_progress", "confirming", "completed", "dropped"}

// priorityView is a priority as pages show it: always with its words, never
// by colour alone.
type priorityView struct {
	Key   string // p1, p2, p3, p3s: the class of its colour
	Mark  string // 1, 2, 3, 3★
	Short string // one or two words
	Words string // the whole sentence
	Level int64
	Star  bool
}

func (s *site) priority(level int64, star bool) priorityView {
	level = min(max(level, 1), 3)
	p := priorityView{Key: "p" + string(rune('0'+level)), Mark: string(rune('0' + level)), Level: level, Star: star && level == 3}
	if p.Star {
		p.Key, p.Mark = "p3s", "3★"
	}
	p.Short, p.Words = s.words.say("priority."+p.Key+".short"), s.words.say("priority."+p.Key)
	return p
}
