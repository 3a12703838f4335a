package demo

import (
	"time"

	"helpdeskd/inventory"
)

// repair is a work order from its opening on.
type repair struct {
	ago      time.Duration
	kind     string // "" for a repair
	asset    string // hostname, or another key of things
	title    string
	reason   string
	by       string
	vendor   string
	warranty bool
	planned  int    // days from now, 0 for no plan
	ticket   string // how the subject of the ticket begins, "" for none
	steps    []work
	lines    []inventory.Line
}

// work is a step of a repair, or a note where it names no status.
type work struct {
	after  time.Duration
	status inventory.OrderStatus
	text   string // resolution, reason, or the note
}

func part(text string, pieces, cost int64) inventory.Line {
	return inventory.Line{Kind: "part", Text: text, Quantity: pieces * 1000, UnitCost: cost}
}

func labour(text string, minutes, perHour int64) inventory.Line {
	return inventory.Line{Kind: "labour", Text: text, Quantity: minutes * 1000 / 60, UnitCost: perHour}
}

func shipping(cost int64) inventory.Line {
	return inventory.Line{Kind: "shipping", Text: "There and back", Quantity: 1000, UnitCost: cost}
}

// repairs returns all of them, the oldest first.
func repairs() []repair {
	const (
		assessed, going, waiting, done = inventory.Assessed, inventory.InProgress, inventory.Waiting, inventory.Done
		off, cancelled                 = inventory.WrittenOff, inventory.Cancelled
	)
	return []repair{
		{ago: 689 * day, asset: "FH-NB-0117", title: "Coffee in the keyboard", by: tobias, vendor: repairers, ticket: "Coffee in the keyboard",
			steps: []work{{hour, assessed, ""}, {2 * hour, "", "Disk taken out and copied first. Lena has the loan notebook."}, {day, going, ""}, {6 * day, done, "New keyboard, board cleaned and tested for a day."}},
			lines: []inventory.Line{part("Keyboard CS13", 1, 8900), labour("Exchange and cleaning", 90, 6800), shipping(1450)}},
		{ago: 602 * day, asset: "PR-FIN-1", title: "Yearly maintenance", kind: inventory.OrderMaintenance, by: tobias, vendor: makers,
			steps: []work{{day, going, ""}, {3 * hour, done, "Cleaned, rollers of tray 2 changed, counter at 214,000 pages."}}, lines: []inventory.Line{part("Roller set", 1, 6400), labour("On site", 75, 9500)}},
		{ago: 561 * day, asset: "FH-SRV-1", title: "Fan 3 reports half its speed", by: mara, warranty: true,
			steps: []work{{hour, assessed, ""}, {hour, waiting, ""}, {2 * day, going, ""}, {2 * hour, done, "Fan 3 exchanged while running; temperatures as before."}}, lines: []inventory.Line{labour("Exchange", 30, 0)}},
		{ago: 519 * day, asset: "AV-ESCAPEMENT", title: "Picture is dim", by: tobias, ticket: "Escapement: the projector is dim",
			steps: []work{{hour, assessed, ""}, {20 * minute, waiting, ""}, {day, "", "The lamp comes on Thursday."}, {day, done, "New lamp, filter cleaned, counter set to nought."}}, lines: []inventory.Line{part("Lamp for Projector 90", 1, 21900), labour("Exchange", 30, 5200)}},
		{ago: 479 * day, asset: "screen-clara", title: "Green lines", by: tobias, warranty: true, vendor: repairers, ticket: "Lines on my drawing screen",
			steps: []work{{2 * hour, going, ""}, {6 * day, done, "Panel exchanged by the maker under warranty; colours measured anew."}}, lines: []inventory.Line{shipping(1800)}},
		{ago: 441 * day, asset: "FH-UPS-1", title: "Batteries are four years old", kind: inventory.OrderMaintenance, by: mara,
			steps: []work{{3 * hour, going, ""}, {2 * hour, done, "Four batteries changed, test with load: 22 minutes."}}, lines: []inventory.Line{part("Battery 12 V 9 Ah", 4, 4200), labour("Change and test", 120, 5200)}},
		{ago: 351 * day, asset: "LP-DISPATCH-1", title: "White line in every barcode", by: tobias, ticket: "White line in every barcode",
			steps: []work{{30 * minute, assessed, ""}, {hour, waiting, ""}, {day, done, "New print head; 200 labels without a fault."}}, lines: []inventory.Line{part("Print head L60", 1, 18700), labour("Exchange", 45, 5200)}},
		{ago: 310 * day, asset: "FH-NB-0121", title: "Hinge of the lid is broken", by: tobias, vendor: repairers, warranty: true, ticket: "The lid of my laptop has come loose",
			steps: []work{{hour, going, ""}, {9 * day, done, "Hinge and lid exchanged under warranty."}}, lines: []inventory.Line{shipping(1450)}},
		{ago: 280 * day, asset: "FH-MP-0066", title: "Display is cracked", by: tobias, vendor: repairers, ticket: "Display of the company phone cracked",
			steps: []work{{hour, going, ""}, {5 * day, done, "Display exchanged, frame straightened."}}, lines: []inventory.Line{part("Display Mobile 3", 1, 11900), labour("Exchange", 40, 6800)}},
		{ago: 262 * day, asset: "PR-FIN-1", title: "Fuser unit is worn", by: tobias, vendor: makers, ticket: "Printer PR-FIN-1 jams",
			steps: []work{{hour, assessed, ""}, {day, going, ""}, {3 * hour, done, "New fuser unit. The technician says: the last thing that is worth it."}}, lines: []inventory.Line{part("Fuser unit M400", 1, 24900), labour("On site", 90, 9500)}},
		{ago: 221 * day, asset: "PR-FIN-1", title: "Jams eleven times a week", by: tobias, ticket: "Printer PR-FIN-1 jams",
			steps: []work{{2 * hour, assessed, ""}, {hour, "", "The main gear is worn: 430 for the part and two hours, for a printer of five years."}, {day, off, "The repair would cost more than half of a new one, and 300,000 pages are enough."}},
			lines: []inventory.Line{labour("Assessment", 60, 9500)}},
		{ago: 201 * day, asset: "screen-besancon", title: "Screen stays dark", by: tobias,
			steps: []work{{2 * hour, cancelled, "It was only the cable: Étienne put in another one."}}},
		{ago: 150 * day, asset: "FH-NB-0126", title: "Disk is failing", by: tobias, ticket: "Disk error at every start",
			steps: []work{{hour, going, ""}, {4 * hour, done, "New disk of 1 TB, everything copied over."}}, lines: []inventory.Line{part("Disk 1 TB", 1, 8400), labour("Exchange and copying", 150, 5200)}},
		{ago: 120 * day, asset: "FH-TB-0026", title: "Glass is broken", by: tobias, vendor: repairers, ticket: "Tablet at bench 6 fell",
			steps: []work{{hour, going, ""}, {6 * day, done, "New glass and a rubber frame."}}, lines: []inventory.Line{part("Glass Leaf 10", 1, 9800), part("Rubber frame", 1, 1900), labour("Exchange", 45, 6800)}},
		{ago: 104*day - 4*hour, asset: "FH-PC-0009", title: "Clock battery is empty", by: tobias, ticket: "The museum computer says",
			steps: []work{{4 * hour, going, ""}, {day, done, "New battery CR2032; the clock holds without power."}}, lines: []inventory.Line{part("Battery CR2032", 1, 180), labour("Change", 20, 5200)}},
		{ago: 97*day - hour, asset: "HB-07", title: "No light: the cable is cut", by: mara, ticket: "All tablets in the assembly hall",
			steps: []work{{5 * minute, going, ""}, {50 * minute, done, "New cable along the east wall, away from the crane rail."}}, lines: []inventory.Line{part("Cable, metre", 38, 110), part("Cable duct, metre", 30, 240), labour("Two people", 100, 5200)}},
		{ago: 60 * day, asset: "FH-SRV-2", title: "Disk 5 of 8 has failed", by: mara, warranty: true,
			steps: []work{{hour, assessed, ""}, {hour, waiting, ""}, {day, going, ""}, {2 * hour, done, "Disk exchanged under warranty; the array was whole again after nine hours."}}, lines: []inventory.Line{shipping(900)}},
		{ago: 26*day - 4*hour, asset: "SC-ARCHIVE", title: "Grey line across every page", by: tobias, ticket: "The scanner for old drawings",
			steps: []work{{day, going, ""}, {3 * hour, done, "Glass taken off, rails and calibration strip cleaned. A minute hand was under it."}}, lines: []inventory.Line{labour("Cleaning", 150, 5200)}},
		{ago: 19 * day, asset: "FH-VPN-1", title: "New firmware", kind: inventory.OrderMaintenance, by: mara,
			steps: []work{{day, going, ""}, {hour, done, "Firmware renewed at night, certificate checked: 9 months left."}}},
		// What is open.
		{ago: 12 * day, asset: "AV-PENDULUM", title: "Goes off after ten minutes", reason: "The fan stands still and the lamp overheats.", by: tobias, ticket: "Pendulum: projector goes off",
			steps: []work{{2 * hour, assessed, ""}, {hour, "", "Fan ordered at the maker, promised within two weeks. The loan projector stands in the room meanwhile."}, {10 * minute, waiting, ""}},
			lines: []inventory.Line{part("Fan for Projector 90", 1, 6800)}},
		{ago: 8 * day, asset: "HS-2", title: "Does not read small codes", by: tobias, vendor: repairers,
			steps: []work{{hour, assessed, ""}, {2 * day, waiting, ""}}, lines: []inventory.Line{part("Lens", 1, 3900)}},
		{ago: 5 * day, asset: "FH-NB-0121", title: "Left fan rattles", by: jun, vendor: repairers, ticket: "Laptop fan rattles",
			steps: []work{{2 * hour, assessed, ""}, {day, going, ""}, {hour, "", "Dmitri works on the loan notebook FH-NB-0235. The shop has the fan in stock."}}, lines: []inventory.Line{part("Fan, left", 1, 5400), shipping(1450)}},
		{ago: 3 * day, asset: "FH-TB-0024", title: "Does not charge any more", by: jun, steps: []work{{3 * hour, assessed, ""}, {20 * minute, "", "Socket is clean. Perhaps the battery."}}},
		{ago: 2 * day, asset: "PC-LAB-3", title: "Asks a time server outside", by: tobias, ticket: "Laboratory: clock difference", planned: 2},
		{ago: 30 * day, asset: "FH-UPS-1", title: "Yearly test with load", kind: inventory.OrderMaintenance, by: mara, planned: 18},
		{ago: 40 * day, asset: "PR-SALES-1", title: "Yearly maintenance", kind: inventory.OrderMaintenance, by: tobias, vendor: makers, planned: -6},
	}
}
