package main

// The month's office: ten employees, two technicians and a manager, all made
// up. The names in the script are those in front of the @.
const monthDomain = "brook.example"

var monthPeople = map[string]string{
	"anna": "Anna Berg", "ben": "Ben Carter", "clara": "Clara Dubois", "david": "David Eze", "emma": "Emma Fischer",
	"frank": "Frank Garcia", "gina": "Gina Holt", "hugo": "Hugo Ito", "ines": "Ines Jansen", "jonas": "Jonas Keller",
}

// monthStaff are who signs in. Tina hears of everything, Tom of what is his.
var monthStaff = map[string]string{"tina": "Tina Young", "tom": "Tom Zeller", "mona": "Mona Reed"}

// monthThings are what the office has at the beginning, and who holds it; "" is
// stowed in the store room.
var monthThings = map[string]string{
	"NB-1": "anna", "NB-2": "ben", "NB-3": "clara", "NB-4": "david", "NB-5": "", "PR-1": "",
}

// step is one line of the month: on which day of it, at which time, who does
// what. On is the matter that it is about, by a name of the script.
type step struct {
	day           int
	time          string
	who, does, on string
	text          string
	more          string // what else that needs: another matter, person, stage or number
}

// monthScript is the month, which begins on Monday, March 2nd 2026. The 20th is
// a holiday. Weekends are the 7th and 8th, 14th and 15th, 21st and 22nd, 28th and 29th.
var monthScript = []step{
	// Monday 2: an ordinary request from the mail to the client's yes.
	{1, "08:05", "anna", "mails", "vpn", "The VPN drops every ten minutes since this morning.", ""},
	{1, "08:20", "tina", "takes", "vpn", "", ""},
	{1, "08:22", "tina", "judges", "vpn", "2", ""},
	{1, "08:40", "tina", "replies", "vpn", "Please restart the VPN client, and tell me what it says.", ""},
	{1, "09:10", "anna", "answers", "vpn", "It says that the certificate has expired.", ""},
	{1, "09:30", "tina", "fixes", "vpn", "Renewed the certificate of her notebook.", "confirming"},
	{1, "10:00", "anna", "answers", "vpn", "Yes, it works now, thank you!", "yes"},
	{1, "10:05", "anna", "rates", "vpn", "", "3"},
	{1, "10:30", "ben", "mails html", "printer", "The printer on the second floor prints blank pages.", ""},
	{1, "10:31", "ben", "sends again", "printer", "", ""},
	{1, "10:45", "tom", "takes", "printer", "", ""},
	{1, "10:50", "tom", "notes", "printer", "Went there: the drum is worn out.", ""},
	{1, "11:00", "clara", "fills the form", "excel", "Excel closes when I open the budget.", ""},
	{1, "11:20", "tina", "commands", "excel", "#take\n#priority 2\n#note\nSeen with the add-in before.", ""},
	{1, "13:00", "david", "mails", "scanner", "The scanner beeps and does nothing.", ""},
	{1, "13:00", "emma", "mails", "sound", "No sound in the meeting room.", ""},
	{1, "14:00", "tina", "assigns", "scanner", "", "tom"},
	{1, "14:10", "tom", "commands", "scanner", "#fix Cleaned the feeder.\n#done A dirty feeder stopped the scanner.\n\nHello David, the scanner is clean again.", ""},
	{1, "14:30", "david", "thanks", "scanner", "Thanks!", ""},
	{1, "15:00", "emma", "is away", "sound", "", ""},

	// Tuesday 3: somebody calls, and things that were asked twice.
	{2, "08:10", "tina", "logs a call", "phone", "His desk phone has no dial tone", "frank"},
	{2, "08:30", "tina", "fixes", "phone", "Plugged the cable back in.", "completed"},
	{2, "09:00", "gina", "mails", "board", "I cannot open the board papers on my tablet.", ""},
	{2, "09:05", "tina", "takes", "board", "", ""},
	{2, "09:06", "tina", "judges", "board", "3*", ""},
	{2, "09:20", "tina", "replies", "board", "I am on my way to you.", ""},
	{2, "09:50", "tina", "fixes", "board", "Installed the reader again.", "confirming"},
	{2, "10:10", "gina", "presses yes", "board", "", ""},
	{2, "10:15", "gina", "rates", "board", "Quick as ever.", "3"},
	{2, "11:00", "hugo", "mails", "slow", "My computer takes ten minutes to start.", ""},
	{2, "11:30", "hugo", "mails", "slow2", "It still takes ten minutes to start, please help.", ""},
	{2, "11:45", "tina", "takes", "slow", "", ""},
	{2, "11:50", "tina", "merges", "slow2", "", "slow"},
	{2, "12:30", "hugo", "answers", "slow2", "I forgot to say: only in the morning.", ""},
	{2, "13:00", "tom", "replies", "printer", "A new drum is ordered.", ""},
	{2, "13:10", "tom", "waits for", "printer", "", "vendor"},
	{2, "14:00", "stranger", "answers", "board", "Please send the board papers to me, too.", "stranger"},
	{2, "14:30", "forger", "forges", "excel", "#done All is well.", "tina"},
	{2, "15:00", "tina", "rejects", "excel", "", ""},

	// Wednesday 4: what a technician takes back, asks and has confirmed.
	{3, "08:00", "ines", "mails", "login", "I cannot log in.", ""},
	{3, "08:15", "tina", "takes", "login", "", ""},
	{3, "08:20", "tina", "replies", "login", "Dear Ivan, have you tried turning it off?", ""},
	{3, "08:20", "tina", "takes back", "login", "", ""},
	{3, "08:25", "tina", "asks what is missing", "login", "1. Since when does it happen?\n2. What can you not do now?", "since,effect"},
	{3, "09:00", "ines", "answers", "login", "1. Since yesterday\n2. Nothing at all works", ""},
	{3, "09:10", "tina", "says how understood", "login", "You cannot log in since yesterday, and cannot work. Is that right?", ""},
	{3, "09:20", "ines", "answers", "login", "Yes, that is right.", "understood"},
	{3, "09:30", "tina", "fixes", "login", "Unlocked the account.", "confirming"},
	{3, "09:45", "ines", "presses no", "login", "It says that my password is wrong.", ""},
	{3, "10:00", "tina", "fixes", "login", "Set a new password.", "confirming"},
	{3, "10:15", "ines", "answers", "login", "Yes, solved. Thank you.", "yes"},
	{3, "11:00", "jonas", "mails", "mouse", "My mouse does not move.", ""},
	{3, "11:10", "tina", "commands", "mouse", "#assign tom", ""},
	{3, "11:20", "tom", "says how understood", "mouse", "The pointer does not move at all, is that right?", ""},
	{3, "11:40", "tom", "fixes", "mouse", "Changed the battery.", "confirming"},
	{3, "12:00", "jonas", "answers", "mouse", "Yes", "yes"},
	{3, "13:00", "anna", "mails", "news", "The intranet shows old news.\n\nAlso the coffee machine list is gone.", ""},
	{3, "13:30", "anna", "answers", "news", "By the way, I need a second screen.", ""},
	{3, "13:40", "tom", "takes", "news", "", ""},
	{3, "13:45", "tom", "splits", "news", "A second screen for Anna", "screen"},
	{3, "14:00", "tom", "drops", "news", "The intranet is run by marketing.", ""},

	// Thursday 5: repairs.
	{4, "08:00", "ben", "mails", "fan", "The fan of my notebook NB-2 is very loud.", ""},
	{4, "08:20", "tom", "takes", "fan", "", ""},
	{4, "08:30", "tom", "repairs", "fan", "The fan is loud", "NB-2"},
	{4, "08:40", "tom", "hands over", "NB-5", "On loan", "ben"},
	{4, "09:00", "clara", "mails", "lid", "The lid of NB-3 is broken off.", ""},
	{4, "09:20", "tina", "commands", "lid", "#take\n#asset NB-3\n#repair NB-3 the lid is broken off", ""},
	{4, "10:00", "tom", "adds a cost", "fan", "Fan", "2400"},
	{4, "10:05", "tom", "adds a cost", "fan", "Labour", "5050"},

	// Friday 6: a burst, with one problem behind it and one answer to all.
	{5, "08:00", "anna", "mails", "mail1", "The mail server does not answer.", ""},
	{5, "08:05", "david", "mails", "mail2", "The mail server does not answer since eight.", ""},
	{5, "08:10", "hugo", "mails", "mail3", "The mail server does not answer, nothing comes in.", ""},
	{5, "08:12", "tina", "takes", "mail1", "", ""},
	{5, "08:13", "tina", "judges", "mail1", "3*", ""},
	{5, "08:15", "tina", "adopts", "mail1", "", "mail2,mail3"},
	{5, "08:20", "tina", "replies to the family", "mail1", "We know, and work on it.", ""},
	{5, "08:30", "david", "answers", "mail2", "It is urgent, customers wait.", ""},
	{5, "09:30", "tina", "fixes", "mail1", "Restarted the mail store.", "confirming"},
	{5, "09:31", "tina", "settles the family", "mail1", "", "confirming"},
	{5, "09:50", "anna", "presses yes", "mail1", "", ""},
	{5, "10:00", "david", "answers", "mail2", "Solved, thanks.", "yes"},
	{5, "10:00", "hugo", "answers", "mail3", "No, my telephone gets nothing.", ""},
	{5, "10:30", "tom", "takes", "mail3", "", ""},
	{5, "10:40", "tom", "fixes", "mail3", "Entered the account on the telephone again.", "confirming"},
	{5, "11:00", "ines", "mails", "form", "The travel form does not print.", ""},
	{5, "11:05", "tina", "invites", "form", "", "jonas"},
	{5, "11:10", "tom", "watches", "form", "", ""},
	{5, "11:20", "tina", "replies", "form", "Does it print from another program?", "waiting"},
	{5, "15:00", "ben", "says on the page", "printer", "The drum lies at the reception.", ""},
	{5, "15:10", "tom", "waits for", "printer", "", ""},
	{5, "15:30", "tom", "fixes", "printer", "Put the new drum in.", "confirming"},

	// The weekend: somebody writes, robots answer, nobody is reminded.
	{6, "11:00", "clara", "mails", "home", "I cannot reach my files from home.", ""},
	{6, "11:01", "clara", "sends again", "home", "", ""},
	{7, "19:00", "clara", "answers by the tag", "home", "It works on the other computer.", ""},

	// Monday 9: the second week.
	{8, "08:10", "tom", "takes", "home", "", ""},
	{8, "08:20", "tom", "replies", "home", "Please send me the message that you see.", "waiting"},
	{8, "09:10", "tom", "takes", "sound", "", ""},
	{8, "09:30", "emma", "answers", "sound", "There is still no sound.", ""},

	{8, "09:45", "tom", "pins", "sound", "", ""},
	{8, "10:00", "jonas", "answers", "form", "I see the same, by the way.", ""},
	{8, "10:20", "tom", "commands", "form", "#take\n#cc clara@brook.example\n\nJonas, thank you. It is the printer's driver.", ""},
	{8, "11:00", "tom", "commands", "sound", "#noet Called her.\n\nI will come by at noon.", ""},
	{8, "11:10", "tom", "commands", "sound", "#note\nThe cable was pulled out by the cleaners.", ""},
	{8, "11:20", "tom", "commands", "sound", "#fix Put the cable back in.\n#confirm", ""},
	{8, "13:00", "", "restarts", "", "", ""},
	{8, "13:30", "emma", "presses no", "sound", "Now it is too loud.", ""},
	{8, "14:00", "tom", "fixes", "sound", "Turned the volume down.", "completed"},
	{8, "14:30", "emma", "rates", "sound", "It took a week.", "1"},
	{8, "15:00", "emma", "thanks", "sound", "Thank you very much!", ""},
}
