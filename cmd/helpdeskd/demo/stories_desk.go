package demo

import "helpdeskd/tracker"

// deskStories are those in which the desk does more than answer and fix.
func deskStories() []story {
	return []story{
		{ago: 76 * day, who: "mats.ekholm", subject: "Label printer prints empty labels again", category: "Printing", level: 2, sum: "Dispatch had empty labels for the second time because a temporary worker had put in the wrong rolls; the shelf is marked now.",
			text: "Two of three come out empty, like in summer. The note is still on the lid.",
			steps: []step{
				{20 * minute, tobias, takes, ""}, {15 * minute, tobias, knows, "asset: LP-DISPATCH-1"},
				{10 * minute, tobias, completes, "Somebody had put in the 57 mm rolls. Right rolls in, the shelf is marked with the length."},
			}},
		{ago: 41 * day, who: "mats.ekholm", subject: "Label printer LP-DISPATCH-1 skips every second label", category: "Printing", level: 2, sum: "The label printer in dispatch skipped labels because its sensor was dusty; cleaning it helped for now.",
			text: "It skips every second one. I have cleaned it with the brush, it does not care.",
			steps: []step{
				{12 * minute, tobias, takes, ""}, {9 * minute, tobias, visits, "Dust on the gap sensor. The brush pushes it further in."}, {2 * minute, tobias, knows, "cause: Paper dust on the gap sensor"}, {minute, tobias, knows, "prevent: Compressed air once a month instead of the brush"},
				{10 * minute, tobias, patches, "Blew the sensor out. It will come back: the cover that keeps the dust away is missing."}, {3 * hour, "", says, "yes"},
			}},
		{ago: 19 * day, who: "mats.ekholm", subject: "Label printer LP-DISPATCH-1 skips labels", category: "Printing", level: 2, sum: "The label printer in dispatch skips labels because a cover is missing that keeps dust away; it is blown out each week until the cover comes.",
			text: "Every second label is empty again. Lorries are patient until three o'clock.",
			steps: []step{
				{7 * minute, tobias, takes, ""}, {14 * minute, tobias, knows, "seen: At the packing table: dust on the sensor again, after three weeks."}, {minute, tobias, knows, "cause: The sensor's cover is missing since the print head was exchanged."},
				{12 * minute, tobias, patches, "Blew the sensor out, and again each Monday until the cover comes."}, {2 * hour, "", says, "yes"}, {hour, "", rates, "2 Works, but it is the third time."},
			}},
		{ago: 15 * day, who: "cornelius.finch", by: mara, via: tracker.NoteInPerson, subject: "The tablet in the drawing room plays no music", category: "Audio-visual", level: 3, star: true, sum: "The chairman's tablet was silent because it was connected with the loudspeakers of the museum.",
			text: "The chairman stopped me on the stairs: the tablet in the drawing room plays, and nothing is heard. In the museum somebody hears Haydn.",
			steps: []step{
				{10 * minute, mara, takes, ""}, {15 * minute, mara, completes, "The tablet was connected with the loudspeakers of the museum's hall. Connected with those of the drawing room."},
			}},
		{ago: 10 * day, who: "robin.castell", subject: "Invitation for the calibration service", category: "Software", level: 1,
			text: "May the calibration service see our calendar of the gauges? They ask every week by telephone.",
			steps: []step{
				{hour, jun, takes, ""}, {20 * minute, jun, completes, "Shared the calendar of the gauges with them, to be read only, until the end of next year."},
			}},
		{ago: 6*day + 3*hour, who: "margit.soares", subject: "Orders as PDF show boxes instead of letters", category: "Software", level: 2, sum: "Orders went out with unreadable letters because the new PDF program lacks our typeface; orders are printed with another one until it is bought.",
			text: "Suppliers call me, since our orders consist of little boxes. On the screen they look fine.",
			steps: []step{
				{18 * minute, jun, takes, ""}, {hour, jun, fixes, "Installed the missing typeface on FH-NB-0126."}, {2 * hour, "", says, "yes"},
				{2*day + 3*hour, "", answers, "It is back: the orders of this morning have boxes again, all of them. Two suppliers have asked whether it is a code."},
				{40 * minute, jun, takes, ""}, {20 * minute, jun, knows, "cause: The typeface is licensed per computer; the update of the program takes it off again."},
				{30 * minute, jun, patches, "Orders are made with another typeface until the licence for ours is bought."}, {3 * hour, "", answers, "No boxes. Not as beautiful, but nobody calls."}, {hour, jun, confirms, ""},
			}},
		{ago: 100 * hour, who: "agnes.thornbury", subject: "Finance share can not be reached", category: "Network", level: 3, text: "The drive F: says \"not accessible\". All of Finance has it, Priya is already standing in the corridor."},
		{ago: 100*hour - 6*minute, who: "anton.reyes", subject: "Drawings share can not be reached", category: "Network", level: 3, text: "I can not open the share with the drawings. It worked until about ten minutes ago."},
		{ago: 100*hour - 11*minute, who: "yuki.tanabe", subject: "Share with the quotations can not be reached", category: "Network", level: 3, text: "The share with the quotations is gone: \"can not be reached\". Customer on the phone.",
			steps: []step{{6 * hour, "", says, "yes"}}},
		{ago: 100*hour - 16*minute, who: "ines.carvalho", subject: "Work plans: share can not be reached", category: "Network", level: 3, text: "The tablets show no work plans, the share can not be reached. We build from memory.",
			steps: []step{{5 * hour, "", says, "yes"}, {20 * minute, "", rates, "3 Everybody knew within minutes. Very good."}}},
		{ago: 100*hour - 24*minute, who: "wendy.achterberg", by: mara, via: tracker.NotePhone, subject: "Shared drives are gone in the whole house", category: "Network", level: 3, star: true, sum: "Nobody reached the shared drives for two hours because a disk of the file server was full of copies that nobody had deleted; they lie on the second server until the disks are enlarged.",
			text: "Wendy calls: four departments ask her whether the drives are gone. They are.",
			steps: []step{
				{minute, mara, takes, ""}, {2 * minute, mara, adopts, "Finance share can\nDrawings share can\nShare with the quotations\nWork plans: share"},
				{3 * minute, mara, tells, "Good morning,\n\nthe shared drives are out of reach in the whole house. We know of it and are at it; you need not write again. Please save nothing locally that others wait for. You hear from us at ten at the latest.\n\nMara"},
				{12 * minute, mara, finds, "FH-SRV-2: the volume is full to the last byte with shadow copies. The service stops by itself then."}, {minute, mara, knows, "logs: Event 2013, volume at 100 %; the share service stopped four minutes later."}, {minute, mara, knows, "cause: Shadow copies without a limit since the disk was exchanged."}, {minute, mara, knows, "prevent: A limit for the copies, and an alarm at 85 %."}, {3 * minute, tobias, watches, ""},
				{80 * minute, mara, patches, "Moved the oldest copies to the second server; all drives are back. The volume must be enlarged."},
				{2 * minute, mara, passes, ""}, {3 * hour, mara, confirms, ""},
			}},
		{ago: 54 * hour, who: "freya.lund", subject: "Timing machine loses its connection", category: "Computer", level: 2,
			text: "The timing machine loses its connection to the computer in the middle of a measurement.",
			steps: []step{
				{30 * minute, jun, takes, ""},
				{10 * minute, jun, asks, "when,repeat,effect|Hello Freya,\n\nso that I bring the right cable:\n\n1. Since when does it do that?\n2. Can you make it happen again, and how?\n3. What can you not do now?\n\nJun"},
				{2 * hour, "", answers, "1. Since Tuesday, when the bench was moved to the window.\n2. Yes: move the arm of the lamp, and it is gone for a minute.\n3. Regulating works, but I can not print certificates for the customers."},
				{20 * minute, jun, knows, "understood: Moving the lamp's arm interrupts the connection since the bench was moved."},
				{hour, jun, knows, "ruled_out: The cable: another one shows the same."},
			}},
		{ago: 47 * hour, who: "hamish.lorne", subject: "Hand scanner reads the 8 as a 3", category: "Computer", level: 2, sum: "Parts were booked wrongly because a scanner misread a digit; its light is being replaced.",
			text: "Only ours, HS-4. The stock believes that we have 3 of everything.",
			steps: []step{
				{25 * minute, tobias, takes, ""}, {hour, tobias, fixes, "Cleaned the window of the scanner and set it to check the last digit."},
				{4 * hour, "", says, "no: The first twenty were right, then it read a 3 again. I have kept the label for you."},
			}},
		{ago: 31 * hour, who: "clara.whitlock", subject: "Plotter draws circles as eggs", category: "Printing", level: 2,
			text: "Since this morning every circle is an egg, 2 % taller than wide. For dials that is a matter of principle.",
			steps: []step{
				{9 * minute, jun, mails, "#take\n#priority 2\n#category Printing\n\nHello Clara,\n\nthat sounds like the paper's length being guessed. I measure it at eleven; please keep one egg for me."},
				{2 * hour, "", answers, "The egg is on your desk. It is a very good egg."},
				{hour, jun, mails, "#fix Calibrated the length of the paper: the new roll is of another thickness.\n#summary Dials were drawn out of round because the plotter had to be measured anew for a thicker paper.\n#confirm"},
				{90 * minute, "", says, "yes"}, {10 * minute, "", rates, "3 Round!"},
			}},
		{ago: 28 * hour, who: "yuki.tanabe", subject: "Quotation template has the old address", category: "Software", level: 1,
			text: "The template for quotations still has the address of the old showroom at the foot.",
			steps: []step{
				{40 * minute, jun, takes, ""}, {10 * minute, jun, replies, "Hello Yuki,\n\nI can change it for everybody tonight. Is the new telephone number right on our web page?\n\nJun"},
				{hour, "", answers, "It is. And while I have you: my door card shows a photograph of Callum, and opens Callum's cupboard."},
				{12 * minute, jun, splits, "Door card shows the photograph of somebody else"},
			}},
		{ago: 150 * minute, who: "rosa.delgado", subject: "Driver 6 at bench 2 sends nothing", category: "Computer", level: 3,
			text:  "Same bench as Luís, he says he wrote already. The torque values do not arrive.",
			steps: []step{{20 * minute, tobias, merges, "Torque driver does not talk"}}},
	}
}
