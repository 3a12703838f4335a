package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"helpdeskd/inventory"
)

// The places.
const (
	house     = "Main house"
	besancon  = "Atelier Besançon"
	glashutte = "Werkstatt Glashütte"
	storeRoom = house + " > Store room"
	itOffice  = house + " > IT office"
	rackRoom  = house + " > Server room"
	repairers = "Mainspring Repairs"
	makers    = "Presswell service"
)

// places are the tree, parents first.
var places = []struct {
	path string
	kind inventory.LocationKind
}{
	{house, inventory.Site}, {storeRoom, inventory.Warehouse}, {itOffice, inventory.Room}, {rackRoom, inventory.Room},
	{house + " > Reception", inventory.Room}, {house + " > Finance", inventory.Room}, {house + " > Sales office", inventory.Room}, {house + " > Design studio", inventory.Room},
	{house + " > Human resources", inventory.Room}, {house + " > Management floor", inventory.Room}, {house + " > Dispatch", inventory.Room}, {house + " > Quality laboratory", inventory.Room},
	{house + " > Hall A", inventory.Room}, {house + " > Hall B", inventory.Room}, {house + " > Service workshop", inventory.Room}, {house + " > Meeting room Escapement", inventory.Room},
	{house + " > Meeting room Pendulum", inventory.Room}, {house + " > Museum", inventory.Room}, {house + " > Museum > Archive", inventory.Room},
	{besancon, inventory.Site}, {besancon + " > Workshop", inventory.Room}, {besancon + " > Cupboard", inventory.Warehouse},
	{glashutte, inventory.Site}, {glashutte + " > Ground floor", inventory.Room},
	{repairers, inventory.Vendor}, {makers, inventory.Vendor},
}

// kit is a model with what one pays for it.
type kit struct {
	inventory.ModelEdit
	cost     int64 // minor units, of one
	warranty int   // months
	serial   string
}

// kits are the models, by key. Makers are made up, like everything.
var kits = map[string]kit{
	"slate14":  {inventory.ModelEdit{Category: "computer", Manufacturer: "Corvid", Name: "Slate 14", UsefulLifeMonths: 60, MinOnHand: 3, Specs: "Memory: 16 GB\nDisk: 512 GB\nScreen: 14 inch"}, 124900, 36, "CS14"},
	"slate16":  {inventory.ModelEdit{Category: "computer", Manufacturer: "Corvid", Name: "Slate 16 Pro", UsefulLifeMonths: 60, Specs: "Memory: 32 GB\nDisk: 1 TB\nScreen: 16 inch"}, 198000, 36, "CS16"},
	"slate13":  {inventory.ModelEdit{Category: "computer", Manufacturer: "Corvid", Name: "Slate 13", UsefulLifeMonths: 60, Specs: "Memory: 8 GB\nDisk: 256 GB\nScreen: 13 inch"}, 98900, 36, "CS13"},
	"tower":    {inventory.ModelEdit{Category: "computer", Manufacturer: "Aldermoor", Name: "Tower 3", UsefulLifeMonths: 72, Specs: "Memory: 32 GB\nDisk: 1 TB"}, 139000, 36, "AT3"},
	"leaf":     {inventory.ModelEdit{Category: "computer", Manufacturer: "Corvid", Name: "Leaf 10 rugged", UsefulLifeMonths: 48, MinOnHand: 1, Specs: "Screen: 10 inch\nProtection: IP65"}, 61500, 24, "CL10"},
	"bright27": {inventory.ModelEdit{Category: "screen", Manufacturer: "Brightwater", Name: "B27", UsefulLifeMonths: 84, MinOnHand: 2, Specs: "Size: 27 inch\nInput: USB-C, DisplayPort"}, 28900, 36, "BW27"},
	"bright32": {inventory.ModelEdit{Category: "screen", Manufacturer: "Brightwater", Name: "B32 Graphic", UsefulLifeMonths: 84, Specs: "Size: 32 inch\nColour: 99 % of the printers' range"}, 78900, 36, "BW32"},
	"dock":     {inventory.ModelEdit{Category: "part", Manufacturer: "Dockley", Name: "Dock 12", UsefulLifeMonths: 60, MinOnHand: 4, Specs: "Power: 130 W\nScreens: 2"}, 14900, 24, ""},
	"desk5":    {inventory.ModelEdit{Category: "phone", Manufacturer: "Chimewell", Name: "Desk 5", UsefulLifeMonths: 96, MinOnHand: 2}, 9900, 24, ""},
	"mobile":   {inventory.ModelEdit{Category: "phone", Manufacturer: "Chimewell", Name: "Mobile 3", UsefulLifeMonths: 36, MinOnHand: 1}, 39900, 24, "CM3"},
	"m400":     {inventory.ModelEdit{Category: "printer", Manufacturer: "Presswell", Name: "M400", UsefulLifeMonths: 72, Specs: "Pages a minute: 40\nTrays: 3\nColour: no"}, 89000, 24, "PM4"},
	"m420":     {inventory.ModelEdit{Category: "printer", Manufacturer: "Presswell", Name: "M420", UsefulLifeMonths: 72, Specs: "Pages a minute: 42\nTrays: 3\nColour: yes"}, 104000, 36, "PM42"},
	"l60":      {inventory.ModelEdit{Category: "printer", Manufacturer: "Presswell", Name: "L60 label printer", UsefulLifeMonths: 60, Specs: "Width: 108 mm"}, 54000, 24, "PL6"},
	"ap60":     {inventory.ModelEdit{Category: "network", Manufacturer: "Meshline", Name: "AP 60", UsefulLifeMonths: 72, MinOnHand: 1, Specs: "Wi-Fi: 6\nPower: over the cable"}, 18900, 60, "ML6"},
	"sw24":     {inventory.ModelEdit{Category: "network", Manufacturer: "Meshline", Name: "Switch 24", UsefulLifeMonths: 96, Specs: "Ports: 24 at 1 Gbit/s, 2 at 10 Gbit/s"}, 64000, 60, "MS24"},
	"vpn":      {inventory.ModelEdit{Category: "network", Manufacturer: "Meshline", Name: "Gateway 200", UsefulLifeMonths: 72}, 119000, 60, "MG2"},
	"rack":     {inventory.ModelEdit{Category: "server", Manufacturer: "Aldermoor", Name: "Rack 2", UsefulLifeMonths: 84, Specs: "Memory: 128 GB\nDisks: 8 × 2 TB\nPower supplies: 2"}, 689000, 60, "AR2"},
	"ups":      {inventory.ModelEdit{Category: "server", Manufacturer: "Aldermoor", Name: "Power 3000", UsefulLifeMonths: 96, Specs: "Power: 3,000 VA"}, 98000, 36, "AP3"},
	"proj":     {inventory.ModelEdit{Category: "audio_visual", Manufacturer: "Brightwater", Name: "Projector 90", UsefulLifeMonths: 72, Specs: "Light: 4,500 lumen"}, 112000, 36, "BP9"},
	"bar":      {inventory.ModelEdit{Category: "audio_visual", Manufacturer: "Chimewell", Name: "Room bar", UsefulLifeMonths: 60, Specs: "Camera: 4K\nMicrophones: 6"}, 84000, 36, "CRB"},
	"sign":     {inventory.ModelEdit{Category: "audio_visual", Manufacturer: "Brightwater", Name: "Sign 43", UsefulLifeMonths: 72}, 59000, 36, "BS43"},
	"speaker":  {inventory.ModelEdit{Category: "audio_visual", Manufacturer: "Chimewell", Name: "Tour speaker", UsefulLifeMonths: 60}, 24900, 24, "CTS"},
	"scanner":  {inventory.ModelEdit{Category: "other", Manufacturer: "Presswell", Name: "Large scanner A1", UsefulLifeMonths: 120}, 740000, 24, "PLS"},
	"hand":     {inventory.ModelEdit{Category: "other", Manufacturer: "Presswell", Name: "Hand scanner", UsefulLifeMonths: 60, MinOnHand: 1}, 21900, 24, "PHS"},
	"charger":  {inventory.ModelEdit{Category: "part", Manufacturer: "Dockley", Name: "Charger 65 W", MinOnHand: 4}, 3900, 24, ""},
	"toner":    {inventory.ModelEdit{Category: "part", Manufacturer: "Presswell", Name: "Toner M400, black", MinOnHand: 4}, 8900, 0, ""},
	"memory":   {inventory.ModelEdit{Category: "part", Manufacturer: "Aldermoor", Name: "Memory bar 16 GB", MinOnHand: 2}, 5200, 60, ""},
	"ssd":      {inventory.ModelEdit{Category: "part", Manufacturer: "Aldermoor", Name: "Disk 1 TB", MinOnHand: 2}, 8400, 60, ""},
	"headset":  {inventory.ModelEdit{Category: "part", Manufacturer: "Chimewell", Name: "Headset, wireless", MinOnHand: 3}, 7900, 24, ""},
	"keyset":   {inventory.ModelEdit{Category: "part", Manufacturer: "Dockley", Name: "Keyboard and mouse", MinOnHand: 5}, 4500, 24, ""},
	"adapter":  {inventory.ModelEdit{Category: "part", Manufacturer: "Dockley", Name: "USB-C to HDMI adapter", MinOnHand: 3}, 2400, 24, ""},
	"labels":   {inventory.ModelEdit{Category: "part", Manufacturer: "Presswell", Name: "Labels 38 mm, roll", MinOnHand: 10}, 600, 0, ""},
	"line":     {inventory.ModelEdit{Category: "service", Manufacturer: "Longcase Telecom", Name: "Line to the internet, 500 Mbit/s"}, 0, 0, ""},
	"calls":    {inventory.ModelEdit{Category: "service", Manufacturer: "Longcase Telecom", Name: "Mobile contracts"}, 0, 0, ""},
	"backup":   {inventory.ModelEdit{Category: "service", Manufacturer: "Strongroom", Name: "Backup outside the house"}, 0, 0, ""},
	"licence":  {inventory.ModelEdit{Category: "service", Manufacturer: "Dovetail Software", Name: "Drawing program, 6 seats"}, 0, 0, ""},
}

// piece is an asset as it was brought in.
type piece struct {
	host    string // its name in the network; what the history calls it
	kit     string
	to      string // "First Last", or a place's path
	bought  int    // months before now
	n       int    // several alike; 0 for one
	purpose string
	ref     string
}

// laptops are who had which when the inventory began: name, model, months of age now.
var laptops = []struct {
	who, kit string
	months   int
}{
	{"Edith Harrow", "slate14", 33}, {"Cornelius Finch", "slate16", 34}, {"Agnes Thornbury", "slate14", 35}, {"Theo Mbeki", "slate13", 35}, {"Nadia Kowalczyk", "slate14", 35},
	{"Greta Solheim", "slate14", 41}, {"Luís Ferreira", "slate14", 41}, {"Wendy Achterberg", "slate13", 47}, {"Ivo Petrov", "slate16", 30}, {"Amélie Vasseur", "slate14", 29},
	{"Oskar Brandt", "slate14", 29}, {"Beatrix Underhill", "slate13", 62}, {"Mara Lindqvist", "slate16", 27}, {"Tobias Okafor", "slate16", 27}, {"Helena Quist", "slate14", 33},
	{"Sylvie Bonnard", "slate14", 35}, {"Callum Ashby", "slate13", 61}, {"Lena Marchetti", "slate13", 61}, {"Yuki Tanabe", "slate14", 30}, {"Mats Ekholm", "slate13", 58},
	{"Clara Whitlock", "slate16", 34}, {"Dmitri Vale", "slate14", 26}, {"Anton Reyes", "slate16", 26}, {"Nils Haugen", "slate14", 40}, {"Étienne Caron", "slate13", 60},
	{"Jürgen Kessler", "slate14", 40}, {"Margit Soares", "slate14", 34}, {"Tamsin Grey", "slate13", 57}, {"Percy Wren", "slate13", 63}, {"Oliver Penhale", "slate13", 59}, {"Bruno Keller", "slate14", 40},
}

// hosts are the computers' names, by whose they were first. The stories know some.
var hosts = func() map[string]string {
	all := map[string]string{"Priya Nair": "FH-NB-0148", "Rosalind Peake": "FH-NB-0231", "Jun Castellanos": "FH-NB-0225", "Maeve Dunne": "FH-NB-0226", "Samuel Oyelaran": "FH-NB-0227",
		"Katja Winther": "FH-NB-0228", "Freya Lund": "FH-NB-0229", "Leo Vandermeer": "FH-NB-0232", "Ayla Demir": "FH-NB-0233", "Robin Castell": "FH-NB-0234"}
	for i, l := range laptops {
		all[l.who] = fmt.Sprintf("FH-NB-%04d", 100+i)
	}
	return all
}()

// renewed are who got a new computer after five years, in the order of those.
var renewed = []string{"Callum Ashby", "Lena Marchetti", "Étienne Caron", "Tamsin Grey"}

// renewal is how long ago that was.
const renewal = 318 * day

func renewedHost(i int) string { return fmt.Sprintf("FH-NB-%04d", 240+i) }

// hostOf is the name of the computer that somebody had some time ago, "" for who had none.
func hostOf(who Person, ago time.Duration) string {
	if i := slices.Index(renewed, who.Name); i >= 0 && ago < renewal {
		return renewedHost(i)
	}
	return hosts[who.Name]
}

// pieces are what the company had when its inventory began.
func pieces() []piece {
	all := []piece{{host: "FH-NB-0148", kit: "slate14", to: "Priya Nair", bought: 35}}
	for _, l := range laptops {
		all = append(all, piece{host: hosts[l.who], kit: l.kit, to: l.who, bought: l.months})
	}
	for i, room := range []string{"Finance", "Finance", "Finance", "Sales office", "Sales office", "Human resources", "Human resources", "Reception", "Management floor", "Quality laboratory", "Quality laboratory", "IT office", "IT office", "Dispatch"} {
		all = append(all, piece{kit: "bright27", to: house + " > " + room, bought: 30 + i%4*7})
	}
	screens := []piece{{kit: "bright32", to: "Clara Whitlock", bought: 34}, {kit: "bright32", to: "Anton Reyes", bought: 34}, {kit: "bright27", to: besancon + " > Workshop", bought: 29}, {kit: "bright27", to: glashutte + " > Ground floor", bought: 29}}
	all = append(all, screens...)
	for i, hall := range []string{"Hall B", "Hall B", "Hall B", "Hall A", "Hall A", "Hall B"} {
		all = append(all, piece{host: fmt.Sprintf("FH-TB-%04d", 21+i), kit: "leaf", to: house + " > " + hall, bought: 38, purpose: fmt.Sprintf("Bench %d", i+1)})
	}
	all = append(all, piece{host: "FH-TB-0031", kit: "leaf", to: "Theo Mbeki", bought: 31, purpose: "Price list at customers"})
	for i, who := range []string{"Edith Harrow", "Theo Mbeki", "Lena Marchetti", "Callum Ashby", "Yuki Tanabe", "Mara Lindqvist", "Amélie Vasseur", "Oskar Brandt"} {
		all = append(all, piece{host: fmt.Sprintf("FH-MP-%04d", 62+i), kit: "mobile", to: who, bought: 32})
	}
	return append(all, []piece{
		{host: "PR-FIN-1", kit: "m400", to: house + " > Finance", bought: 66}, {host: "PR-SALES-1", kit: "m400", to: house + " > Sales office", bought: 45},
		{host: "PR-HALL-1", kit: "m400", to: house + " > Reception", bought: 45}, {host: "PR-DESIGN-1", kit: "m420", to: house + " > Design studio", bought: 34},
		{host: "PR-BES-1", kit: "m400", to: besancon + " > Workshop", bought: 50}, {host: "PR-GLA-1", kit: "m420", to: glashutte + " > Ground floor", bought: 28},
		{host: "LP-DISPATCH-1", kit: "l60", to: house + " > Dispatch", bought: 39, purpose: "Packing table 2"},
		{host: "PC-LAB-2", kit: "tower", to: house + " > Quality laboratory", bought: 37, purpose: "Rate tests"}, {host: "PC-LAB-3", kit: "tower", to: house + " > Quality laboratory", bought: 37, purpose: "Rate tests"},
		{host: "FH-PC-0009", kit: "tower", to: house + " > Museum > Archive", bought: 190, purpose: "Catalogue of the collection", ref: "Loan 1899"},
		{host: "HB-07", kit: "ap60", to: house + " > Hall B", bought: 31}, {host: "HA-03", kit: "ap60", to: house + " > Hall A", bought: 31}, {host: "REC-01", kit: "ap60", to: house + " > Reception", bought: 31, purpose: "Guests"},
		{host: "OF-02", kit: "ap60", to: house + " > Sales office", bought: 31}, {host: "BES-01", kit: "ap60", to: besancon + " > Workshop", bought: 29}, {host: "GLA-01", kit: "ap60", to: glashutte + " > Ground floor", bought: 29},
		{host: "SW-MAIN-1", kit: "sw24", to: rackRoom, bought: 43}, {host: "SW-HALL-1", kit: "sw24", to: house + " > Hall B", bought: 43}, {host: "FH-VPN-1", kit: "vpn", to: rackRoom, bought: 43, purpose: "VPN"},
		{host: "FH-SRV-1", kit: "rack", to: rackRoom, bought: 44, purpose: "Files and mail archive"}, {host: "FH-SRV-2", kit: "rack", to: rackRoom, bought: 28, purpose: "Invoice and stock programs"}, {host: "FH-UPS-1", kit: "ups", to: rackRoom, bought: 52},
		{host: "AV-ESCAPEMENT", kit: "proj", to: house + " > Meeting room Escapement", bought: 49}, {host: "AV-PENDULUM", kit: "proj", to: house + " > Meeting room Pendulum", bought: 34}, {host: "AV-LOAN", kit: "proj", to: storeRoom, bought: 34, purpose: "To lend"},
		{host: "BAR-ESCAPEMENT", kit: "bar", to: house + " > Meeting room Escapement", bought: 29}, {host: "SIGN-1", kit: "sign", to: house + " > Reception", bought: 40, purpose: "Welcome screen"}, {host: "AV-TOUR-1", kit: "speaker", to: house + " > Museum", bought: 26, purpose: "Guided tours"},
		{host: "SC-ARCHIVE", kit: "scanner", to: house + " > Museum > Archive", bought: 98, purpose: "Old drawings"}, {host: "HS-1", kit: "hand", to: house + " > Dispatch", bought: 36, purpose: "Table 1"}, {host: "HS-2", kit: "hand", to: house + " > Dispatch", bought: 36, purpose: "Table 2"},
		{kit: "dock", to: storeRoom, bought: 30, n: 20}, {kit: "desk5", to: storeRoom, bought: 70, n: 9}, {kit: "charger", to: storeRoom, bought: 30, n: 12}, {kit: "toner", to: storeRoom, bought: 25, n: 9},
		{kit: "memory", to: storeRoom, bought: 28, n: 5}, {kit: "ssd", to: storeRoom, bought: 28, n: 4}, {kit: "headset", to: storeRoom, bought: 27, n: 14}, {kit: "keyset", to: storeRoom, bought: 27, n: 14},
		{kit: "adapter", to: storeRoom, bought: 27, n: 8}, {kit: "labels", to: house + " > Dispatch", bought: 25, n: 40},
		{kit: "line", to: house, bought: 60, ref: "Contract LT-20871", purpose: "500 Mbit/s, answers within 4 hours"}, {kit: "calls", to: house, bought: 32, ref: "Contract LT-31150", purpose: "9 cards"},
		{kit: "backup", to: house, bought: 40, ref: "Strongroom 5-112", purpose: "Every night, kept for 90 days"}, {kit: "licence", to: house + " > Design studio", bought: 34, ref: "DS-6-2291"},
	}...)
}

// serialOf makes up a serial, the same each time.
func serialOf(prefix string, n int) string {
	const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
	x := uint32(n+17) * 2654435761
	return fmt.Sprintf("%s-%c%c%05d", prefix, letters[x>>8%24], letters[x>>16%24], x>>12%100000)
}

// boughtOn is the day on which something was bought some months before now.
func boughtOn(now time.Time, months int) time.Time { return now.AddDate(0, -months, months%9-20) }

// csvOf writes pieces as the file that the IT department brought in.
func csvOf(now time.Time, all []piece) string {
	var b strings.Builder
	b.WriteString("category;manufacturer;model;serial;hostname;purpose;reference;status;location;holder mail;quantity;purchased on;cost;warranty until\r\n")
	for i, p := range all {
		k := kits[p.kit]
		serial, status, location, mail, cost, warranty := "", "deployed", p.to, "", "", ""
		if k.serial != "" {
			serial = serialOf(k.serial, i)
		}
		if strings.HasSuffix(p.to, "Store room") || p.kit == "labels" {
			status = "stowed"
		}
		if !strings.HasPrefix(p.to, house) && !strings.HasPrefix(p.to, besancon) && !strings.HasPrefix(p.to, glashutte) {
			location, mail = "", keyOf(p.to)+"@"+Domain
		}
		bought := boughtOn(now, p.bought)
		if k.cost > 0 {
			cost = inventory.DecimalMoney(k.cost, "EUR")
		}
		if k.warranty > 0 {
			warranty = bought.AddDate(0, k.warranty, 0).Format(time.DateOnly)
		}
		fmt.Fprintf(&b, "%s;%s;%s;%s;%s;%s;%s;%s;%s;%s;%d;%s;%s;%s\r\n", k.Category, k.Manufacturer, k.Name, serial, p.host, p.purpose, p.ref, status, location, mail, max(p.n, 1), bought.Format(time.DateOnly), cost, warranty)
	}
	return b.String()
}
