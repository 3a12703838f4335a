package web

import (
	"net/http"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// personAddresses is the part of a person's page that changes their addresses.
type personAddresses struct {
	ID      int64
	Version int64
	List    []tracker.ClientAddress // the main one first
	Typed   string
	Problem string
	Other   *tracker.Client // whose the typed address is
}

// addressForm reads the address and the version that a form of the panel sends.
func (s *site) addressForm(r *http.Request) (id, version int64, address string, err error) {
	if id, err = idParam(r, "id"); err != nil {
		return 0, 0, "", err
	}
	if _, err = s.store.ClientByID(r.Context(), id); err != nil {
		return 0, 0, "", err
	}
	if version, err = formInt(r, "version"); err != nil {
		return 0, 0, "", err
	}
	if address = r.PostFormValue("address"); address == "" && !r.PostForm.Has("address") {
		return 0, 0, "", errForm
	}
	return id, version, address, nil
}

func (s *site) addPersonAddress(w http.ResponseWriter, r *http.Request) error {
	id, version, address, err := s.addressForm(r)
	if err != nil {
		return err
	}
	_, err = s.store.AddAddress(r.Context(), actorOf(r), id, address, version)
	if k := migrations.KindOf(err); err != nil && (k == migrations.Invalid || k == migrations.Conflict) {
		p := personAddresses{Typed: address, Problem: migrations.SafeMessage(err)}
		switch other, err := s.store.ClientByAddress(r.Context(), address); {
		case err == nil && other.ID != id:
			p.Other = &other
		case err != nil && migrations.KindOf(err) != migrations.NotFound:
			return err
		}
		return s.personPage(w, r, kindStatus[k], id, personTyped{addresses: &p})
	}
	if err != nil {
		return err
	}
	s.flash(r, "person.address_added", address)
	return seeOther(w, r, personPath(id))
}

func (s *site) mainPersonAddress(w http.ResponseWriter, r *http.Request) error {
	id, version, address, err := s.addressForm(r)
	if err != nil {
		return err
	}
	if _, err := s.store.SetMainAddress(r.Context(), actorOf(r), id, address, version); err != nil {
		return s.addressRefused(w, r, id, err)
	}
	s.flash(r, "person.address_main_done", address)
	return seeOther(w, r, personPath(id))
}

// addressRefused shows the person's page with why nothing was changed.
func (s *site) addressRefused(w http.ResponseWriter, r *http.Request, id int64, err error) error {
	if k := migrations.KindOf(err); k == migrations.Invalid || k == migrations.Conflict {
		return s.personPage(w, r, kindStatus[k], id, personTyped{addresses: &personAddresses{Problem: migrations.SafeMessage(err)}})
	}
	return err
}

// removeAddressView asks before an address is taken off a person.
type removeAddressView struct {
	Person  tracker.Client
	Address string
	Main    string // where what is open is answered to then
	Open    int
}

func (s *site) removeAddressPage(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := removeAddressView{Address: r.URL.Query().Get("address")}
	if v.Person, err = s.store.ClientByID(ctx, id); err != nil {
		return err
	}
	p, err := s.store.ClientProfile(ctx, id, s.face(zoneOf(r)).zone)
	if err != nil {
		return err
	}
	known := false
	for _, a := range p.Addresses {
		if a.Address == v.Address {
			known = true
		} else if v.Main == "" {
			v.Main = a.Address
		}
	}
	if !known || v.Main == "" { // gone already, or the only one
		return seeOther(w, r, personPath(id))
	}
	if v.Open, err = s.store.AddressUse(ctx, id, v.Address); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, "removeaddress", view{Title: s.words.say("person.address_remove"), Section: "people", Data: v})
}

func (s *site) removePersonAddress(w http.ResponseWriter, r *http.Request) error {
	id, version, address, err := s.addressForm(r)
	if err != nil {
		return err
	}
	if _, err := s.store.RemoveAddress(r.Context(), actorOf(r), id, address, version); err != nil {
		return s.addressRefused(w, r, id, err)
	}
	s.flash(r, "person.address_removed", address)
	return seeOther(w, r, personPath(id))
}
