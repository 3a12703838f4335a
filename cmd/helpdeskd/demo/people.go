package demo

import (
	"strings"

	"helpdeskd/tracker"
)

// The made-up company.
const (
	Domain      = "finchharrow.example"
	CompanyName = "Finch & Harrow, clockmakers"
	Helpdesk    = "helpdesk@" + Domain
	FormSender  = "it.forms@" + Domain // the account that owns the form's flow
)

// Person is somebody of the company.
type Person struct {
	Key        string // the local part of the address; names the person on /demo
	Name       string
	Department string
	Phone      string
	High       bool                // high management
	Role       tracker.AccountRole // of technicians; "" for employees
	About      string              // for the visitor of /demo
	SignOff    string              // under their mails
}

// Address returns the person's mail address.
func (p Person) Address() string { return p.Key + "@" + Domain }

// First returns the first name.
func (p Person) First() string {
	first, _, _ := strings.Cut(p.Name, " ")
	return first
}

// Technicians returns the IT department. The first is its administrator.
func Technicians() []Person {
	return []Person{
		{Key: "mara.lindqvist", Name: "Mara Lindqvist", Department: "IT", Phone: "100", Role: tracker.Admin, About: "runs IT, and knows where every cable goes"},
		{Key: "tobias.okafor", Name: "Tobias Okafor", Department: "IT", Phone: "101", Role: tracker.Technician, About: "networks, printers, and patience"},
		{Key: "jun.castellanos", Name: "Jun Castellanos", Department: "IT", Phone: "102", Role: tracker.Technician, About: "started in spring, already answers fastest"},
	}
}

// Former returns who worked in the IT department before: the account is closed.
func Former() Person {
	return Person{Key: bram, Name: "Bram Vos", Department: "IT", Role: tracker.Technician}
}

// Manager returns who signs in to read the managers' plain view. She has no
// mailbox on /demo.
func Manager() Person {
	return Person{Key: "helena.quist", Name: "Helena Quist", Department: "Management", Phone: "203", Role: tracker.Manager, About: "reads how requests go, and leaves the rest to IT"}
}

// Employees returns those who ask for help.
func Employees() []Person {
	return []Person{
		{Key: "edith.harrow", Name: "Edith Harrow", Department: "Management", Phone: "201", High: true, About: "managing director; writes short, expects shorter",
			SignOff: "E. Harrow\nManaging director"},
		{Key: "cornelius.finch", Name: "Cornelius Finch", Department: "Management", Phone: "202", High: true, About: "chairman; winds the hall clock himself",
			SignOff: "Yours,\nCornelius Finch\n(sent from the drawing room)"},
		{Key: "priya.nair", Name: "Priya Nair", Department: "Finance", Phone: "311", About: "head of finance; month-end is sacred",
			SignOff: "Kind regards,\nPriya Nair\nHead of Finance"},
		{Key: "theo.mbeki", Name: "Theo Mbeki", Department: "Sales", Phone: "342", About: "always at a customer, never near a charger",
			SignOff: "Cheers, Theo"},
		{Key: "nadia.kowalczyk", Name: "Nadia Kowalczyk", Department: "Human resources", Phone: "325", About: "lets IT know of new colleagues, sometimes in time",
			SignOff: "Best wishes\nNadia Kowalczyk\nHuman resources"},
		{Key: "greta.solheim", Name: "Greta Solheim", Department: "Dispatch", Phone: "360", About: "if the label printer stops, so does she",
			SignOff: "Greta, dispatch"},
		{Key: "luis.ferreira", Name: "Luís Ferreira", Department: "Assembly", Phone: "371", About: "assembly hall; borrows one tablet between six people",
			SignOff: "Luís"},
		{Key: "wendy.achterberg", Name: "Wendy Achterberg", Department: "Reception", Phone: "300", About: "first to notice, always",
			SignOff: "Wendy\nReception"},
		{Key: "ivo.petrov", Name: "Ivo Petrov", Department: "Quality", Phone: "381", About: "measures everything, the network too",
			SignOff: "Ivo Petrov, quality laboratory"},
		{Key: "amelie.vasseur", Name: "Amélie Vasseur", Department: "Atelier Besançon", Phone: "+33 555 0140", About: "leads the workshop in Besançon; writes French",
			SignOff: "Bien à vous,\nAmélie Vasseur\nAtelier de Besançon"},
		{Key: "oskar.brandt", Name: "Oskar Brandt", Department: "Werkstatt Glashütte", Phone: "+49 555 0171", About: "master watchmaker in Glashütte; writes German",
			SignOff: "Mit freundlichen Grüßen\nOskar Brandt\nWerkstatt Glashütte"},
		{Key: "beatrix.underhill", Name: "Beatrix Underhill", Department: "Museum", Phone: "390", About: "keeper of 412 clocks, and of one computer from 2009",
			SignOff: "With kind regards,\nBeatrix Underhill\nKeeper of the Collection"},
	}
}

// Everybody returns employees and technicians: those who are played on /demo.
func Everybody() []Person { return append(Employees(), Technicians()...) }

// person finds somebody with a mailbox by key; the zero Person where there is none.
func person(key string) Person {
	for _, p := range append(append(Everybody(), Colleagues()...), Former()) {
		if p.Key == key {
			return p
		}
	}
	return Person{}
}
