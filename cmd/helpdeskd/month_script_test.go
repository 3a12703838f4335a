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
	{8, "16:00", "frank", "opens again on the page", "phone", "It is dead again.", ""},
	{8, "16:10", "tom", "watches", "phone", "", ""},

	// Tuesday 10: mail that does not arrive, and what was merged by mistake.
	{9, "08:00", "jonas", "mails", "badge", "My badge does not open the lab.", ""},
	{9, "08:05", "tina", "takes", "badge", "", ""},
	{9, "08:10", "tina", "replies", "badge", "Which door is it?", "waiting"},
	{9, "08:12", "jonas", "bounces", "badge", "", ""},
	{9, "09:00", "ben", "mails", "dark", "My screen stays dark.", ""},
	{9, "09:05", "clara", "mails", "dark2", "The screen at my desk stays black.", ""},
	{9, "09:10", "tom", "takes", "dark", "", ""},
	{9, "09:12", "tom", "watches", "dark2", "", ""},
	{9, "09:15", "tom", "merges", "dark2", "", "dark"},
	{9, "09:30", "tom", "replies", "dark", "Is the small lamp on?", ""},
	{9, "09:40", "clara", "answers", "dark2", "The lamp is on.", ""},
	{9, "10:00", "tom", "unmerges", "dark2", "", ""},
	{9, "10:10", "tom", "takes", "dark2", "", ""},
	{9, "10:20", "tom", "fixes", "dark2", "Changed the cable of the screen.", "confirming"},
	{9, "10:30", "tom", "fixes", "dark", "Switched the screen on.", "confirming"},
	{9, "11:00", "clara", "presses yes", "dark2", "", ""},
	{9, "13:00", "tina", "logs a call", "desk", "She would like a desk that can be raised", "emma"},
	{9, "13:30", "tina", "judges", "desk", "1", ""},
	{9, "14:00", "emma", "mails", "desk2", "About the desk that we spoke of: when does it come.", ""},
	{9, "14:20", "tina", "merges", "desk2", "", "desk"},
	{9, "14:30", "tina", "replies", "desk", "It is ordered and comes in two weeks.", ""},
	{9, "14:40", "tina", "waits for", "desk", "", "vendor"},

	// Wednesday 11 to Friday 13: by mail alone, and what silence completes.
	{10, "08:00", "david", "mails", "crm", "The customer list is empty.", ""},
	{10, "08:10", "tina", "commands", "crm", "#take\n#priority 3\n#watch\n#summary The list was empty: a filter was on.\n\nWe look at it now.", ""},
	{10, "08:40", "tina", "commands", "crm", "#assign tom", ""},
	{10, "09:00", "david", "answers", "crm", "It is back, but old.", ""},
	{10, "09:30", "tom", "commands", "crm", "#drop It is another department's.", ""},
	{10, "10:00", "david", "answers", "crm", "They say that it is yours.", ""},
	{10, "10:30", "tom", "commands", "crm", "#waiting vendor Acme 2026-03-20", ""},
	{10, "11:00", "ben", "thanks", "dark", "Thank you!", "yes"},
	{11, "08:30", "hugo", "answers", "slow", "It is faster since the update.", ""},
	{11, "08:40", "tina", "fixes", "slow", "Took the old backup program out.", "confirming"},
	{11, "08:40", "tina", "takes back", "slow", "", "fix"},
	{11, "08:50", "tina", "replies", "slow", "I take another look at it.", ""},
	{11, "09:30", "tina", "fixes", "slow", "Took the old backup program off.", "confirming"},
	{11, "09:35", "hugo", "is away", "slow", "", ""},
	{12, "09:00", "tom", "ends the repair", "fan", "Built a new fan in.", "done"},
	{12, "09:10", "tom", "stows", "NB-5", "Back from Ben", ""},
	{12, "09:20", "tom", "fixes", "fan", "Built a new fan in.", "completed"},
	{12, "09:40", "ben", "answers", "fan", "It is loud again, worse than before.", ""},
	{12, "10:00", "tina", "ends the repair", "NB-3", "Not worth it", "written_off"},
	{12, "10:10", "tina", "hands over", "NB-5", "In place of NB-3", "clara"},
	{12, "10:20", "tina", "fixes", "lid", "Gave her another notebook.", "completed"},
	{12, "10:30", "tom", "moves", "lid", "", "in_progress"},
	{12, "10:40", "tom", "fixes", "lid", "Gave her another notebook, and its dock.", "completed"},
	{14, "10:00", "frank", "answers", "phone", "Any news?", ""},

	// The third week.
	{15, "08:30", "hugo", "presses yes", "mail3", "", ""},
	{15, "08:40", "jonas", "mails", "badge2", "My badge still does not open the lab.", ""},
	{15, "08:50", "tina", "merges", "badge2", "", "badge"},
	{15, "09:10", "tina", "fixes", "badge", "Printed the badge anew.", "completed"},
	{15, "09:20", "jonas", "rates", "badge", "Fine.", "2"},
	{15, "10:00", "tina", "fixes", "desk", "Raised it.", "completed"},
	{15, "11:00", "emma", "says on the page", "desk2", "Thanks!", "thanks"},
	{15, "11:10", "emma", "rates", "desk", "", "3"},
	{15, "13:00", "clara", "answers", "home", "It says access denied.", ""},
	{15, "13:10", "tom", "says how understood", "home", "From home you are denied your files. Is that right?", ""},
	{15, "13:30", "tom", "fixes", "home", "Added her to the group.", "confirming"},
	{15, "14:00", "clara", "says on the page", "home", "Yes, thank you", "yes page"},
	{16, "09:00", "gina", "mails", "car", "Please set up the telephone in my car.", ""},
	{16, "09:10", "tina", "assigns", "car", "", "tom"},
	{16, "10:00", "tom", "commands", "car", "#fix Paired it.\n#done\n\nDear Gina, it is paired now.", ""},
	{16, "10:30", "gina", "answers", "car", "It lost the connection at once.", ""},
	{16, "11:00", "tina", "moves", "car", "It was paired.", "completed"},
	{16, "11:30", "tina", "commands", "car", "#reopen", ""},
	{17, "09:00", "tina", "adopts", "car", "", "phone"},
	{17, "09:30", "frank", "answers", "phone", "It is still dead, and I cannot work.", ""},
	{17, "10:00", "tina", "merges", "phone", "", "car"},
	{17, "10:30", "frank", "answers", "phone", "Hello? Nobody calls back.", ""},
	{17, "11:00", "tom", "replies", "car", "I am with both of you this afternoon.", ""},
	{17, "16:00", "tom", "fixes", "car", "Changed the card of the exchange.", "confirming"},
	{18, "08:00", "frank", "presses yes", "car", "", ""},
	{19, "09:00", "ines", "fills the form", "expenses", "The expenses page stays empty.", ""},
	{19, "09:30", "tina", "commands", "expenses", "#noet\n#done It was empty.\n\nPlease try another browser.", ""},
	{19, "10:00", "tina", "commands", "expenses", "#take\n\nPlease try another browser.", ""},
	{22, "08:30", "ines", "answers", "expenses", "That helps.", ""},
	{22, "09:15", "tina", "fixes", "expenses", "Another browser helps.", "confirming"},
	{24, "10:00", "", "restarts", "", "", ""},
	{24, "11:00", "anna", "mails", "vpn2", "The VPN drops again.", ""},
	{24, "11:10", "tina", "takes", "vpn2", "", ""},
	{24, "11:15", "tina", "judges", "vpn2", "3", ""},
	{24, "11:20", "tina", "replies", "vpn2", "Is it the certificate again?", "waiting"},
	{31, "09:00", "anna", "thanks", "vpn2", "Thank you!", ""},
	{31, "10:00", "tom", "fixes", "crm", "The vendor filled it again.", "completed"},

	// After the month: what is archived comes back when its client writes.
	{75, "10:00", "anna", "answers", "vpn", "The certificate has expired again.", ""},
	{76, "10:00", "tina", "fixes", "vpn", "Renewed it, for two years.", "completed"},
	{77, "10:00", "hugo", "answers", "slow2", "It is slow again.", ""},
}
