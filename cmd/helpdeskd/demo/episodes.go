package demo

import (
	"time"

	"helpdeskd/tracker"
)

// episode is something that happened to many at once, or a request with which
// a repair began.
type episode struct {
	ago      time.Duration // the working day of it
	at       time.Duration // of that day
	every    time.Duration // between two of many
	who      []string      // names, each asks once
	says     [][2]string
	category string
	level    int
	star     bool // the first of them
	by       string
	kind     tracker.NoteKind
	note     string
	fix      string
	work     time.Duration // until the fix, from the first request
	asset    string        // hostname
}

func episodes() []episode {
	return append([]episode{
		{ago: 274 * day, at: 7*hour + 12*minute, every: 9 * minute, category: "Network", level: 3, star: true, by: mara,
			who: []string{"Lena Marchetti", "Theo Mbeki", "Callum Ashby", "Étienne Caron", "Amélie Vasseur", "Jürgen Kessler", "Yuki Tanabe", "Priya Nair", "Margit Soares", "Heike Lorenz", "Oskar Brandt", "Margaux Petit", "Clara Whitlock", "Nadia Kowalczyk"},
			says: [][2]string{{"VPN: certificate is not valid", "The VPN says \"the certificate of the gateway is not valid\" and stops. I am at home and can reach nothing."},
				{"No VPN this morning", "The VPN does not connect. Yesterday evening it did."},
				{"VPN certificate expired?", "The little window says that a certificate ended today at seven. Is that ours?"},
				{"Keine Verbindung / no connection", "Since this morning nobody here reaches the server in the main house. The internet itself works."}},
			kind: tracker.NoteFinding, note: "The VPN gateway's certificate expired at 07:00. The reminder went to Bram's old mailbox.",
			fix: "Renewed the certificate of the VPN gateway, which had expired at 07:00. The reminder goes to the whole team now, 30 days before the next date.", work: 95 * minute, asset: "FH-VPN-1"},
		{ago: 516 * day, at: 8 * hour, every: 13 * minute, category: "Software", level: 2, by: tobias,
			who: []string{"Agnes Thornbury", "Dmitri Vale", "Sylvie Bonnard", "Wendy Achterberg", "Anton Reyes", "Margit Soares", "Priya Nair", "Lena Marchetti", "Mats Ekholm", "Nils Haugen", "Oliver Penhale"},
			says: [][2]string{{"Since the update my printer is gone", "The computer updated itself over night and now the printer is not in the list."},
				{"Update in the night: no printers", "All printers are gone after the restart. Month-end is today."},
				{"Printer missing", "I can not choose our printer any more, only one that makes PDF files."}},
			kind: tracker.NoteFinding, note: "The system's update of the night removes printer drivers without a signature. 31 computers have it.",
			fix: "Gave out the signed driver to all computers over the network; the printers come back by themselves after signing in.", work: 4 * hour},
		{ago: 152 * day, at: 9*hour + 20*minute, every: 6 * minute, category: "Other", level: 2, by: mara,
			who: []string{"Wendy Achterberg", "Clara Whitlock", "Femi Adeyemi", "Tamsin Grey", "Callum Ashby", "Sylvie Bonnard", "Hamish Lorne"},
			says: [][2]string{{"Mail from Edith about gift cards?", "Edith asks me for five gift cards and that I tell nobody. I am telling you."},
				{"Is this really from the management?", "The sender says Edith Harrow, the address behind it does not."}},
			kind: tracker.NoteFinding, note: "23 mailboxes got it. The sender's server is two days old.",
			fix: "Sender blocked, the mail taken out of 23 mailboxes. Nobody had answered. A short warning went to everybody.", work: 70 * minute},
	}, single()...)
}

// single are requests with which repairs began, and the printer of Finance,
// which was tried with for long.
func single() []episode {
	one := func(ago time.Duration, who, subject, text, category, asset, by, note, fix string, work time.Duration) episode {
		return episode{ago: ago, at: 8*hour + time.Duration(ago/day%50)*7*minute, who: []string{who}, says: [][2]string{{subject, text}}, category: category, level: 2, by: by,
			kind: tracker.NoteFinding, note: note, fix: fix, work: work, asset: asset}
	}
	all := []episode{
		one(690*day, "Lena Marchetti", "Coffee in the keyboard", "A whole cup. I have turned it upside down at once. The keys from 5 to 8 are silent.", "Computer", "FH-NB-0117", tobias,
			"Coffee is under the keyboard but not on the board.", "New keyboard at the repair shop; everything else was dry.", 9*day),
		one(520*day, "Callum Ashby", "Escapement: the projector is dim", "In the meeting room Escapement the picture is so dim that we close the curtains at noon.", "Audio-visual", "AV-ESCAPEMENT", tobias,
			"The lamp has 4,100 hours, it is made for 3,000.", "New lamp; brightness is back, the counter is set to nought.", 3*day),
		one(480*day, "Clara Whitlock", "Lines on my drawing screen", "Since Monday there are thin green lines from top to bottom, also without a computer.", "Computer", "", tobias,
			"Panel fault, serial number is within the warranty.", "The maker exchanged the panel under warranty.", 8*day),
		one(352*day, "Mats Ekholm", "White line in every barcode", "The label printer leaves a white line through every barcode. The carrier's scanner refuses them.", "Printing", "LP-DISPATCH-1", tobias,
			"One dot row of the print head is dead.", "New print head; a test roll of 200 labels is clean.", 2*day),
		one(311*day, "Dmitri Vale", "The lid of my laptop has come loose", "The left hinge has come out of the lid. It opens like a book without a back.", "Computer", "FH-NB-0121", tobias,
			"Hinge broken at the thread, still under warranty.", "Hinge and lid exchanged by the maker under warranty.", 11*day),
		one(281*day, "Yuki Tanabe", "Display of the company phone cracked", "It slid off the roof of the car. My fault, and the roof's.", "Telephone", "FH-MP-0066", tobias,
			"Only the glass and the display; the frame is straight.", "New display at the repair shop, the spare phone is back in the store room.", 6*day),
		one(151*day, "Margit Soares", "Disk error at every start", "FH-NB-0126 says \"disk error, press F1\". With F1 it goes on, but I do not like it.", "Computer", "FH-NB-0126", tobias,
			"The disk reports 212 failed sectors, 14 more than yesterday.", "New disk of 1 TB from the spare parts, everything copied over, nothing lost.", day),
		one(121*day, "Rosa Delgado", "Tablet at bench 6 fell", "The tablet of bench 6 fell on the vice. The vice is fine.", "Computer", "FH-TB-0026", tobias,
			"Glass broken, touch works on the right half only.", "New glass at the repair shop, with a rubber frame now.", 7*day),
		one(13*day, "Anton Reyes", "Pendulum: projector goes off after ten minutes", "In the meeting room Pendulum the projector goes off after about ten minutes, with a red lamp.", "Audio-visual", "AV-PENDULUM", tobias,
			"It overheats: the fan stands still. Part ordered at the maker.", "", 0),
		one(6*day, "Dmitri Vale", "Laptop fan rattles", "It began to rattle on Tuesday, and on the phone people ask whether I am in a workshop. Well.", "Computer", "FH-NB-0121", tobias,
			"The bearing of the left fan is worn.", "", 0),
	}
	jams := []struct {
		ago       int
		who, text string
		fix       string
	}{
		{604, "Agnes Thornbury", "PR-FIN-1 has a paper jam in tray 2 again.", "Cleaned the rollers of tray 2."},
		{541, "Dmitri Vale", "Paper jam in PR-FIN-1, the third this month.", "Took out a torn corner of paper; ordered new rollers."},
		{473, "Priya Nair", "The printer in Finance eats our month-end. Page 14 of 60, every time.", "Fitted new feed rollers."},
		{412, "Agnes Thornbury", "PR-FIN-1 pulls two sheets at once.", "Changed the separation pad."},
		{349, "Priya Nair", "The printer is jammed, and so am I: month-end.", "Cleared the duplex unit; the guide is bent and was straightened."},
		{301, "Dmitri Vale", "Paper jam in tray 2. I know the song by heart.", "Cleaned, and set tray 1 as the first one."},
		{262, "Agnes Thornbury", "Jam behind the rear door, and it smells warm.", "New fuser unit built in."},
		{239, "Priya Nair", "PR-FIN-1: jam. I say nothing more.", "Put paper of another mill in; works for now."},
		{222, "Priya Nair", "The printer has jammed 11 times this week, I have kept a list. May we have another one?", "The printer was written off. Its successor stands in its place under the same name."},
	}
	for _, j := range jams {
		all = append(all, one(time.Duration(j.ago)*day, j.who, "Printer PR-FIN-1 jams", j.text, "Printing", "PR-FIN-1", tobias, "", j.fix, 3*hour))
	}
	return all
}

// episode makes requests of an episode.
func (t *teller) episode(e episode) []request {
	d := workday(t.now.Add(-e.ago))
	start := time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, d.Location()).Add(e.at)
	fixed := start.Add(e.work)
	var all []request
	for i, name := range e.who {
		m := t.named(name)
		at := start.Add(time.Duration(i)*e.every + time.Duration(t.r.IntN(240))*time.Second)
		if !m.here(at) {
			continue
		}
		q := request{who: m.Person, at: at, subject: e.says[i%len(e.says)][0], text: e.says[i%len(e.says)][1], category: e.category, level: e.level, star: e.star && i == 0, asset: e.asset, linked: true}
		q.then(t, time.Duration(3+t.r.IntN(12))*minute, deed{do: tracker.PastTaken, by: e.by})
		if e.note != "" && i == 0 {
			q.then(t, time.Duration(6+t.r.IntN(10))*minute, deed{do: tracker.PastNote, by: e.by, kind: e.kind, text: e.note})
		}
		if e.fix == "" {
			all = append(all, q)
			continue
		}
		last := q.deeds[len(q.deeds)-1].at
		after := max(fixed.Sub(last), 0) + time.Duration(1+t.r.IntN(9))*minute
		q.then(t, after, deed{do: tracker.PastFix, by: e.by, text: e.fix})
		t.end(&q, e.by)
		all = append(all, q)
	}
	return all
}

// named finds a member of the company.
func (t *teller) named(name string) member {
	for _, m := range t.members {
		if m.Name == name {
			return m
		}
	}
	return member{from: t.now.AddDate(1, 0, 0)}
}
