package demo

import (
	"cmp"
	"slices"
	"time"

	"helpdeskd/tracker"
)

// verb is what happens in a step of a story.
type verb string

const (
	takes    verb = "takes"    // a technician takes the ticket
	triages  verb = "triages"  // level and star, as the story says
	notes    verb = "notes"    // an internal note
	phones   verb = "phones"   // a note of a telephone call
	visits   verb = "visits"   // a note of a visit in person
	finds    verb = "finds"    // a note of a finding
	replies  verb = "replies"  // a technician writes to the client
	answers  verb = "answers"  // the client answers by mail
	fixes    verb = "fixes"    // a technician records the fix and asks the client to confirm
	confirms verb = "confirms" // a technician closes after the client said yes
	drops    verb = "drops"    // a technician drops it, with the reason
)

// step is one thing that happens, after a while.
type step struct {
	after time.Duration
	who   string // key of a technician; "" for the client
	do    verb
	text  string
}

// story is one ticket of the history.
type story struct {
	ago      time.Duration // before the demo starts
	who      string
	subject  string
	text     string
	form     *FormAnswers // instead of subject and text
	category string
	level    int
	star     bool
	sum      string           // what and why, for managers; recorded with the fix
	by       string           // key of who wrote it down, where the client wrote nothing
	via      tracker.NoteKind // how the client asked then
	steps    []step
}

const (
	mara, tobias, jun, bram = "mara.lindqvist", "tobias.okafor", "jun.castellanos", "bram.vos"

	minute = time.Minute
	hour   = time.Hour
	day    = 24 * time.Hour
)

// stories returns the history of the helpdesk, oldest first.
func stories() []story {
	return slices.SortedStableFunc(slices.Values(slices.Concat(olderStories(), recentStories(), deskStories())), func(a, b story) int { return cmp.Compare(b.ago, a.ago) })
}

func olderStories() []story {
	return []story{
		{ago: 128 * day, who: "cornelius.finch", subject: "THE MACHINE", category: "Computer", level: 3, star: true,
			sum:  "The chairman's keyboard was locked to capital letters by a key pressed by accident; he knows the lamp now.",
			text: "THE MACHINE HAS BEEN SHOUTING AT ME IN CAPITALS SINCE THIS MORNING. I HAVE DONE NOTHING.",
			steps: []step{
				{6 * minute, mara, takes, ""}, {4 * minute, mara, visits, "Caps Lock. Asked whether it had been pressed; was told that it had not."},
				{5 * minute, mara, fixes, "Switched Caps Lock off and showed where its lamp is."},
				{2 * hour, "", answers, "Remarkable. I had taken the lamp for a decoration. Thank you, my dear."},
				{10 * minute, mara, confirms, ""},
			}},
		{ago: 121 * day, who: "greta.solheim", category: "Printing", level: 3,
			sum: "Dispatch could print only every third label because new rolls had another length than the printer was told.",
			form: &FormAnswers{Happened: "The label printer in dispatch feeds empty labels. It prints, but only on every third label.", Repeat: "Yes: any label, at any time.",
				Since: "Today, after the new rolls arrived", Effect: "Nothing can leave the house without a label.", Computer: "LP-DISPATCH-1", Place: "Dispatch, packing table 2"},
			steps: []step{
				{9 * minute, tobias, takes, ""}, {12 * minute, tobias, visits, "The new rolls have 38 mm labels, the driver is set to 57 mm. The printer measures nothing by itself."},
				{8 * minute, tobias, fixes, "Set the label length to 38 mm on the printer and on both computers. Put a note with the length on the lid."},
				{hour, "", answers, "All three test parcels have one label each. The lid note is good."},
				{5 * minute, tobias, confirms, ""},
			}},
		{ago: 117 * day, who: "amelie.vasseur", subject: "Impossible d'ouvrir le dossier « Mouvements »", category: "Accounts and access", level: 2,
			sum:  "The workshop in Besançon was shut out of its files for a night, because a move of the folders had dropped its rights.",
			text: "Bonjour,\n\ndepuis hier soir je ne peux plus ouvrir le dossier partagé « Mouvements ». Windows me dit que je n'ai pas l'autorisation. Mes deux collègues de l'atelier ont le même message.\n\nMerci d'avance.",
			steps: []step{
				{35 * minute, jun, takes, ""}, {20 * minute, jun, finds, "The group FH-BESANCON lost its rights when the share was moved on Tuesday night."},
				{10 * minute, jun, fixes, "Gave the group FH-BESANCON its rights on the share again. Signing out and in once makes it work."},
				{3 * hour, "", answers, "Cela fonctionne de nouveau pour nous trois. Merci beaucoup !"},
				{20 * minute, jun, confirms, ""},
			}},
		{ago: 110 * day, who: "theo.mbeki", subject: "laptop charger (again)", category: "Computer", level: 2,
			text: "Hi, left my charger in a train near Dresden. Or Leipzig. Battery at 11 %. Is there a spare? Customer visit on Thursday.",
			steps: []step{
				{14 * minute, tobias, takes, ""},
				{4 * minute, tobias, replies, "Hello Theo,\n\nthere is one in the drawer at reception with your name on it. It is the fourth this year: please write your number on it.\n\nTobias"},
				{25 * minute, "", answers, "Got it, you are a star. Number is on it. Battery was at 3 %."},
				{10 * minute, tobias, fixes, "Gave out spare charger 65 W from the reception drawer. One left: reorder."},
			}},
		{ago: 104 * day, who: "beatrix.underhill", subject: "The museum computer says it is 1899", category: "Computer", level: 1,
			sum:  "The museum's computer had lost the date because a battery of 2009 was empty.",
			text: "Dear colleagues,\n\nthe computer in the archive believes that today is the 31st of December 1899, which in a museum of clocks is almost charming. Unfortunately the web pages now all complain about certificates that are not yet valid.",
			steps: []step{
				{2 * hour, jun, takes, ""},
				{day, jun, visits, "The clock battery on the mainboard is empty: 1.9 V. The machine is from 2009."},
				{2 * hour, jun, fixes, "New CR2032 battery, clock set from the network, checked after an hour without power."},
				{4 * hour, "", answers, "It is the present again. I confess that I shall miss 1899."},
				{hour, jun, confirms, ""},
			}},
		{ago: 97 * day, who: "luis.ferreira", category: "Network", level: 3, star: true,
			sum: "The assembly line stood still for an hour because fitting the crane's rail had cut a network cable.",
			form: &FormAnswers{Happened: "All tablets in the assembly hall lost the Wi-Fi. The test benches cannot save.", Repeat: "It happens by itself, all at once.",
				Since: "20 minutes ago", Effect: "The line stands still, 14 people.", Computer: "all tablets, hall B", Place: "Assembly hall B"},
			steps: []step{
				{2 * minute, mara, takes, ""}, {6 * minute, mara, phones, "Called Luís: the access point above bench 7 has no light."},
				{18 * minute, mara, finds, "The cable was cut when the new crane rail was fitted."},
				{50 * minute, mara, fixes, "Laid a new cable to access point HB-07 along the east wall, away from the rail. All tablets are back."},
				{20 * minute, "", answers, "Line runs. Thank you for running too."},
				{30 * minute, mara, confirms, ""},
			}},
		{ago: 92 * day, who: "nadia.kowalczyk", subject: "New colleague starts on Monday", category: "Accounts and access", level: 2,
			sum:  "Rosalind Peake's workplace was ready on her first day, on one working day's notice.",
			text: "Hello IT,\n\non Monday Rosalind Peake starts in Finance. She needs a notebook, a telephone, the Finance share and the invoice program. I know that it is Friday. I am sorry that it is Friday.",
			steps: []step{
				{11 * minute, jun, takes, ""},
				{3 * minute, jun, replies, "Hello Nadia,\n\nshe will find everything on her desk on Monday at eight. For the next one: the form has a question for the starting date, and ten days are wonderful.\n\nJun"},
				{6 * hour, jun, notes, "Account rpeake, notebook FH-NB-0231, extension 316, groups FH-FINANCE and FH-INVOICE. Mail signature set."},
				{2 * day, jun, fixes, "Workplace for Rosalind Peake is ready: notebook FH-NB-0231, extension 316, Finance share, invoice program."},
				{4 * hour, "", answers, "She is delighted, so am I. Ten days, promised."},
				{hour, jun, confirms, ""},
			}},
		{ago: 86 * day, who: "oskar.brandt", subject: "Drucker im Erdgeschoss druckt nur noch Rosa", category: "Printing", level: 1,
			sum:  "The printer in Glashütte ran out of two colours; the spare ones were put in by the workshop itself.",
			text: "Guten Tag,\n\nunser Drucker im Erdgeschoss druckt seit heute alles in Rosa. Die Zeichnungen für die Unruh sehen hübsch aus, sind aber nicht zu gebrauchen.",
			steps: []step{
				{40 * minute, tobias, takes, ""},
				{30 * minute, tobias, phones, "Oskar reads the display: cyan and yellow are at 0 %."},
				{10 * minute, tobias, fixes, "Cyan and yellow cartridges were empty; Oskar put in the spare ones from the cupboard beside the lift."},
				{2 * hour, "", answers, "Alles wieder schwarz auf weiß. Danke!"},
				{hour, tobias, confirms, ""},
			}},
		{ago: 80 * day, who: "priya.nair", category: "Software", level: 3,
			sum: "Finance could not close the month because the program locks it a day early in months with 31 days; its maker knows.",
			form: &FormAnswers{Happened: "The invoice program stops with \"period is locked\" when I post anything for last month.", Repeat: "Yes. Any posting with last month's date.",
				Since: "This morning", Effect: "Month-end cannot be closed. The auditors come on Thursday.", Computer: "FH-NB-0148", Place: "Finance, second floor"},
			steps: []step{
				{3 * minute, mara, takes, ""}, {15 * minute, mara, finds, "The period was locked by the nightly job, a day early: the job counts 30 days for every month."},
				{20 * minute, mara, replies, "Hello Priya,\n\nthe program locked the month a day early, because it thinks that every month has 30 days. I have opened it again; you can post at once. The maker has been told.\n\nMara"},
				{30 * minute, "", answers, "Posting works. Thirty days, in a company that makes calendars with moon phases!"},
				{hour, mara, fixes, "Opened the period by hand and moved the job to the 2nd of the month. Reported to the maker as case 5512."},
				{day, "", answers, "Month-end is closed. Thank you."},
				{20 * minute, mara, confirms, ""},
			}},
		{ago: 74 * day, who: "wendy.achterberg", subject: "Visitor screen shows the wrong day", category: "Audio-visual", level: 1,
			sum:  "The visitors' screen showed the wrong day because it had lost its time source when a switch was renewed.",
			text: "The welcome screen greets our visitors with last Tuesday. They do notice, being visitors of a clockmaker.",
			steps: []step{
				{20 * minute, jun, takes, ""},
				{25 * minute, jun, fixes, "The player had lost its network time after the switch was renewed. Entered the new time server."},
				{hour, "", answers, "It is today again!"},
				{hour, jun, confirms, ""},
			}},
		{ago: 69 * day, who: "ivo.petrov", subject: "Request: faster internet for the laboratory", category: "Network", level: 1,
			sum:  "The laboratory's network was slow because of a stopgap device of 2014, which has been replaced.",
			text: "I have measured 41.3 Mbit/s on average over 14 days (standard deviation 2.2). The wall socket promises 1000. Table on request.",
			steps: []step{
				{3 * hour, tobias, takes, ""},
				{day, tobias, visits, "The laboratory's switch is a desk model with 100 Mbit/s, labelled \"temporary, 2014\"."},
				{3 * day, tobias, fixes, "Replaced the switch in the laboratory with a managed one (1 Gbit/s)."},
				{day, "", answers, "938 Mbit/s, standard deviation 0.4. Excellent. Ticket may be closed."},
				{hour, tobias, confirms, ""},
			}},
	}
}
