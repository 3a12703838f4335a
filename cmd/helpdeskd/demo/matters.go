package demo

import (
	"time"

	"helpdeskd/tracker"
)

// matter is a kind of request that comes again and again. Its texts have
// places to fill: {nb} the person's computer, {room}, {printer}, {app},
// {file}, {n}. Subjects and fixes are said in several ways, divided by |.
type matter struct {
	category string
	often    int // how often, beside the others
	level    int
	months   []time.Month // in which it comes three times as often
	only     string       // departments, "" for all
	says     [][2]string  // subject and text
	asks     [2]string    // a technician's question and its answer, or none
	note     tracker.NoteKind
	notes    []string
	fixes    []string
	slow     int  // days until it is solved
	asset    bool // about the person's computer
}

// matters are what a company of clockmakers asks its helpdesk.
var matters = []matter{
	{category: "Printing", often: 9, level: 2, says: [][2]string{
		{"Printer {printer} has a paper jam|{printer}: jam in tray 2|Paper jam, and I have found nothing", "It says \"paper jam in tray 2\" although there is none that I can see. I opened everything that opens."},
		{"{printer} does not print|Print jobs stay in the queue|Nothing comes out of {printer}", "My documents stand in the queue and nothing comes out. Others print, I believe."},
		{"Grey stripes on every page|Dirty pages from {printer}|A stripe down the page", "{printer} leaves a grey stripe at the left of every page. The drawings can not go out like this."}},
		note: tracker.NoteInPerson, notes: []string{"A torn corner of paper was caught behind the rear door.", "The feed roller of tray 2 is worn smooth.", "The drum is near its end: 38,000 pages."},
		fixes: []string{"Took the torn piece out from behind the rear door and cleaned the rollers of tray 2.|The paper was damp: new ream, rollers cleaned, and the stack moved away from the radiator.|The guide of tray 2 stood on A5. Set to A4; 50 pages without a jam.", "Cleared the stuck job from the queue and restarted the print service.|A drawing of 900 MB blocked the queue. Deleted it and printed it over night in parts.|The printer had lost its address after the power cut: fixed address given.", "Cleaned the corona wire and the drum; test page is clean.|New drum built in at 38,000 pages; test page is clean.|Toner had leaked: changed, and vacuumed the inside."}},
	{category: "Printing", often: 5, level: 1, says: [][2]string{
		{"Toner", "{printer} says that the toner is low. Who orders it?"},
		{"Toner is empty, and the spare box too", "There is no toner left in the cupboard on our floor for {printer}."}},
		fixes: []string{"Put a new toner in and ordered the next one. The level is watched from the store room now.", "New toner from the store room. Two are left."}},
	{category: "Printing", often: 3, level: 1, says: [][2]string{
		{"Scan to mail does not arrive", "Since yesterday my scans do not come to my mailbox. The printer says that they were sent."},
		{"Please add me to the scanner's address book", "I am not in the list on {printer} and type my address every time, with one finger."}},
		fixes: []string{"The address in the printer's book had a typing error. Corrected and tested with a scan.", "Added to the address books of all printers."}},
	{category: "Accounts and access", often: 10, level: 2, months: []time.Month{time.January, time.September}, says: [][2]string{
		{"I am locked out|Account locked|Locked out again, I am afraid", "I typed my password five times and now it does not even want it any more. I am on the telephone of my neighbour."},
		{"Password after the holidays|Forgot my password|The password and I have parted", "I was away for three weeks and so was my password, it seems."},
		{"Password expired at home|Cannot change my password from home|Password has run out", "The laptop says that the password has expired and that I should be in the office to change it. I am not in the office."}},
		note: tracker.NotePhone, notes: []string{"Called back on the number in the directory, asked for the staff number: matches.", "Two old sessions on the phone kept trying the old password."},
		fixes: []string{"Unlocked the account and set a new first password by telephone. Signed the old phone session out.", "Password reset over the telephone; explained the page on which everybody can do it themselves.", "Unlocked the account. The lock came from the mail program on an old phone."}},
	{category: "Accounts and access", often: 7, level: 1, says: [][2]string{
		{"Access to the folder {file}", "May I have access to {file}, please? I take over from a colleague and need to write there."},
		{"Shared mailbox for {room}", "Could the team see the mailbox of {room} again? I only see my own."}},
		asks:  [2]string{"Hello {first},\n\ngladly, as soon as the owner of the folder agrees: that is the head of your department. Could you ask for a short yes by mail?", "Here is the yes, forwarded. Thank you!"},
		fixes: []string{"Put into the group that may write there, after the owner agreed. Sign out and in once.", "Access given until the end of the year, as the owner wished."}},
	{category: "Accounts and access", often: 4, level: 1, says: [][2]string{
		{"Two-step sign-in on a new phone", "I have a new private phone and the sign-in asks the old one, which my daughter has reset."},
		{"Card does not open the store room", "My card opens everything but the store room since it was renewed."}},
		note: tracker.NoteInPerson, notes: []string{"Came by with the staff card. The new phone is registered, the old one removed."},
		fixes: []string{"Removed the old phone from the sign-in and registered the new one together.", "The new card was missing in the group of the store room. Added."}},
	{category: "Computer", often: 8, level: 2, asset: true, says: [][2]string{
		{"{nb} is very slow|Slow since the weekend|Starting up takes a quarter of an hour", "From switching on to working takes 14 minutes today. I have made tea twice."},
		{"Laptop hangs every afternoon|Everything freezes|The pointer stands still", "At about three o'clock everything freezes for minutes, the pointer too. It is {nb}."},
		{"Fan is very loud|The fan howls|Laptop gets hot and loud", "{nb} sounds like a lathe since this morning, also when I do nothing at all."}},
		note: tracker.NoteFinding, notes: []string{"The disk was full to 97 %: 60 GB of old mail copies.", "Two virus scanners after the change of last week.", "Dust in the fan, the processor throttled at 96 °C."},
		fixes: []string{"Freed 58 GB of old copies and moved the mail archive to the server. It starts in 40 seconds now.|Took 14 programs out of the start and freed 31 GB. It starts in under a minute.|More memory built in (16 GB from the spare parts); start in 35 seconds.", "Removed the old virus scanner that had stayed behind after the change.|The daily scan ran at three: moved to the lunch break.|A synchronising folder had 240,000 files: moved the archive out of it.", "Cleaned fan and heat sink; 62 °C under load.|Blew the dust out and put new paste on; 58 °C under load.|A program of the scanner ran wild: updated, the fan stands still again."}},
	{category: "Computer", often: 5, level: 2, asset: true, says: [][2]string{
		{"Docking station does not charge|Battery empty although docked|Dock gives no power", "The laptop stays at 14 % although it is on the dock. Screens work."},
		{"Second screen stays black|Only one screen works|Screen says: no signal", "Since I moved desks only one screen works. The cable is in, I checked both ends."},
		{"Screen flickers on the dock", "When {nb} is on the dock the left screen flickers about once a minute."}},
		note: tracker.NoteInPerson, notes: []string{"The power supply of another dock was plugged in: 65 W instead of 130 W.", "The cable is one of the short old ones; fine with a new one."},
		fixes: []string{"Exchanged the dock's power supply; the right one has a yellow ring now.", "Replaced the screen's cable and updated the dock's firmware.", "New firmware on the dock. No flicker in an hour of watching."}},
	{category: "Computer", often: 4, level: 1, says: [][2]string{
		{"Mouse double-clicks by itself", "One click is two. I have deleted a quotation like that."},
		{"Keyboard: the letter E", "th  l tt r is gon . You s ."},
		{"Please a headset with a longer cable", "The cable is shorter than my desk is high."}},
		fixes: []string{"New mouse from the store room; the old one went to recycling.", "New keyboard from the store room. The old one had tea in it.", "Handed out a wireless headset, paired and tested."}},
	{category: "Computer", often: 3, level: 3, asset: true, says: [][2]string{
		{"Laptop does not start", "{nb} shows a white line on black and nothing else. I have a deadline at noon."},
		{"Blue screen twice today", "{nb} crashed at nine and again just now, with everything open."}},
		note: tracker.NoteFinding, notes: []string{"The update of the night stopped in the middle.", "Memory test fails on the second bar."},
		fixes: []string{"Rolled the half-finished update back and installed it again; checked the disk.", "Replaced a memory bar with one from the spare parts."}, slow: 1},
	{category: "Computer", often: 3, level: 2, only: "Assembly Dispatch", says: [][2]string{
		{"Tablet at bench {n} does not charge", "It lies on its cable all night and is empty in the morning."},
		{"Tablet at bench {n} is frozen", "The work plan of yesterday is on it and it reacts to nothing."}},
		fixes: []string{"There was brass swarf in the charging socket: cleaned, and a dust plug put in.", "Restarted it by holding both buttons for ten seconds; the note on the bench says how."}},
	{category: "Software", often: 7, level: 2, says: [][2]string{
		{"{app} closes by itself|{app} crashes on saving|{app} is gone as soon as I print", "As soon as I save, {app} is gone. The last half hour too."},
		{"{app} says \"licence not found\"", "It worked yesterday. I have done nothing, I was not even here."},
		{"{app} very slow today|Waiting for {app}|{app} takes ages", "Every click takes ten seconds. My colleague sees it too."}},
		note: tracker.NoteFinding, notes: []string{"A damaged printer driver made it crash on saving.", "The licence server had restarted in the night and not come up whole.", "The database's statistics were a month old."},
		fixes: []string{"Repaired the installation and renewed its settings folder. The file could be recovered from the automatic copies.|Turned the faulty add-on off; it saves again. The maker knows of it.|Installed the maker's correction of this week.", "Restarted the licence service; it starts after the network now.", "Maintenance of the database brought forward; clicks take less than a second again."}},
	{category: "Software", often: 5, level: 1, says: [][2]string{
		{"Please install {app}", "I shall help out in the team next month and need {app} for it."},
		{"Update for {app}", "It asks every morning for an update and then says that I may not."}},
		asks:  [2]string{"Hello {first},\n\nwe have one licence left. Is it for longer than three months? Then I would order one.", "Only until the end of the quarter, so the one that is left is fine."},
		fixes: []string{"Installed from the software shelf; the licence is noted on the computer's card.", "Updated for everybody over night, since all had the same message."}},
	{category: "Software", often: 4, level: 1, says: [][2]string{
		{"A sheet lost its formulas", "In {file} somebody typed numbers over the formulas of column F. Can you bring yesterday's back?"},
		{"I deleted a folder", "I wanted to move {file} and now it is nowhere. It was a heavy week."}},
		fixes: []string{"Brought the version of the evening before back from the backup, next to the present one.", "Restored the folder from last night's backup: 1,204 files, all there."}},
	{category: "Software", often: 3, level: 1, months: []time.Month{time.January, time.December}, only: "Finance", says: [][2]string{
		{"Year-end: the old year must stay open", "Please see that the invoice program does not close the old year before the auditors were here."},
		{"Tax tables of the new year", "The payroll figures still use the old tables. Is there an update?"}},
		fixes: []string{"Both years are open until the end of February; a reminder is in the calendar.", "Installed the maker's tables of January and compared three payslips with Priya."}},
	{category: "Network", often: 6, level: 2, says: [][2]string{
		{"Wi-Fi drops in {room}|Bad Wi-Fi in {room}|No reception in {room}", "In {room} the connection is lost every few minutes. Elsewhere it is fine."},
		{"No network at my socket", "I moved two desks to the left and the socket there is dead."},
		{"Internet slow|Slow lines after lunch|Nothing loads", "Pages take forever since lunch. Is somebody moving a museum?"}},
		note: tracker.NoteFinding, notes: []string{"The access point shares its channel with the neighbours' new one.", "The socket is not patched in the cabinet.", "A backup ran at noon instead of midnight after the change of clocks."},
		fixes: []string{"Moved the access point to a free channel and lowered its power a little.|The access point hung: restarted, and its software renewed over night.|Hung the access point on the other side of the beam; minus 58 dBm at the desk.", "Patched the socket in cabinet 2, port 31, and wrote it into the plan.", "Moved the backup back to the night; 480 Mbit/s at noon again."}},
	{category: "Network", often: 4, level: 2, only: "Sales Management Design Finance Purchasing Human", says: [][2]string{
		{"VPN from the hotel", "The VPN connects and then nothing loads. The hotel's own pages work."},
		{"VPN asks for the password again and again", "At home, since this morning. In the office everything is fine."}},
		asks:  [2]string{"Hello {first},\n\ncould you try it once over your telephone's connection? Then I know whether it is the hotel.", "Over the telephone it works at once."},
		fixes: []string{"Switched the profile to the port that hotels let through.", "The password had expired; renewed by telephone, VPN tested together."}},
	{category: "Telephone", often: 4, level: 1, says: [][2]string{
		{"Voicemail speaks to my predecessor's callers", "It still says the name of somebody who left two years ago."},
		{"Calls do not reach me", "Customers say that it rings, and here it is as quiet as in the museum."},
		{"Please forward my extension in August", "I am away for three weeks; please send calls to the team."}},
		months: []time.Month{time.July, time.August},
		fixes:  []string{"Recorded anew together; the old greeting is deleted.", "A forwarding from last summer was still set. Taken off.", "Forwarding set for the three weeks, it ends by itself."}},
	{category: "Telephone", often: 3, level: 2, says: [][2]string{
		{"Company phone: screen is cracked", "It fell from the scaffold of the church clock at Aldbourne. It still works, in one corner."},
		{"No calls since the update", "My company phone shows the network and does not ring. Messages come."}},
		fixes: []string{"Gave out the spare phone with the same number; the old one goes to repair.", "Set the network mode by hand and restarted. Calls work in and out."}},
	{category: "Audio-visual", often: 4, level: 2, says: [][2]string{
		{"{room}: no picture from the projector|No signal in {room}|Projector in {room} sees nothing", "We see \"no signal\" in green. The visitors see it too."},
		{"{room}: nobody hears us in the video call", "We see them, they see us, and we wave a lot."},
		{"Remote control of {room} is gone", "Somebody took it home with the chocolate, I believe."}},
		note: tracker.NoteInPerson, notes: []string{"The input was on \"HDMI 2\", the cable is in 1.", "The microphone was muted on the table, the red ring is hard to see in the sun."},
		fixes: []string{"Set the projector to find its input by itself.", "Unmuted the table microphone and put a card with a picture of the button beside it.", "New remote control, on a chain this time."}},
	{category: "Audio-visual", often: 2, level: 1, only: "Museum Reception Management Sales", says: [][2]string{
		{"Loudspeakers for the guided tour", "May we borrow the small loudspeaker for Saturday? It is the long night of the museums."},
		{"Projector for the fair", "We need the small projector and a screen for the fair next week, from Tuesday."}},
		fixes: []string{"Handed out at reception, with the long cable. Came back on Monday, complete.", "Reserved and brought to the car; came back complete."}},
	{category: "Other", often: 4, level: 2, says: [][2]string{
		{"Is this mail genuine?|Mail about a new bank account|Should I trust this?", "A supplier writes that their bank account has changed. The language is better than his usual one."},
		{"Strange mail with an invoice", "I have an invoice over 4,980 for \"clock waves\". I have not opened the attachment. Well, almost not."},
		{"A parcel that I did not order", "It says to click for a new date. Shall I?"}},
		fixes: []string{"It was not genuine: sender blocked for everybody, four other mailboxes cleaned. Nobody had clicked.", "Genuine, confirmed by telephone under the number that we knew before.", "Blocked and reported. The attachment had not been opened; the computer was scanned all the same."}},
	{category: "Other", often: 2, level: 1, months: []time.Month{time.July, time.August}, says: [][2]string{
		{"Server room is warm", "When I walk past the server room, it is warmer than my office, and my office is 29 degrees."},
		{"Cable across the corridor in {room}", "I have fallen over it twice now, gracefully."}},
		fixes: []string{"The filter of the cooling unit was full: cleaned, 21 °C again. It is on the monthly list now.", "Laid the cable under the floor cover and taped the end."}},
	{category: "Computer", often: 3, level: 1, months: []time.Month{time.September, time.October}, only: "Human Management", says: [][2]string{
		{"Newcomer next month", "Somebody new starts on the 1st: notebook, telephone, mail and the usual folders, please. This time I am early!"},
		{"Desk for a newcomer", "Could the empty desk in {room} get two screens and a docking station until Monday?"}},
		fixes: []string{"Workplace is ready: notebook, telephone, docking station, two screens, accounts by the list of the department.", "Two screens and a docking station from the store room are set up and tested."}, slow: 3},
}

// dropReasons are reasons why a request was dropped.
var dropReasons = []string{
	"Settled itself: it works again since the restart at noon.", "The same as the request of an hour before, answered there.",
	"Withdrawn on the telephone: the colleague had it.", "Not for us: passed on to the caretaker.",
	"Asked twice whether it still happens, without an answer.",
}

// yesses complete a ticket when a client writes them, thankYous come before a technician completes it.
var (
	yesses    = []string{"Works again, thank you!", "Yes, solved. Thank you.", "All is well again. Thanks!", "It works, thank you very much.", "Solved, thanks!"}
	thankYous = []string{"Thank you, that was quick. I shall watch it until tomorrow.", "Looks good so far. I test it with the big file this afternoon.", "Much better. Now I know what the yellow ring is for."}
)

// What fills the places in the texts.
var (
	printers = map[string]string{"Finance": "PR-FIN-1", "Sales": "PR-SALES-1", "Design": "PR-DESIGN-1", "Atelier Besançon": "PR-BES-1", "Werkstatt Glashütte": "PR-GLA-1", "Museum": "PR-HALL-1", "Dispatch": "LP-DISPATCH-1"}
	rooms    = []string{"meeting room Escapement", "meeting room Pendulum", "the design studio", "hall A", "hall B", "the sales office", "the archive"}
	apps     = []string{"the drawing program", "the invoice program", "the customs program", "the stock program", "the spreadsheet", "the mail program", "the measuring program"}
	folders  = []string{"Quotations", "Drawings/1911", "Month-end", "Spare parts list", "Photos of the fair", "Certificates", "Price list", "Guided tours"}
)
