package web

import (
	"net/http"

	"helpdeskd/tracker"
)

// keyGroup is the keys of one sort of page; On says which: "" for all, or
// what app.js, list.js and keys.js look for.
type keyGroup struct {
	Word, On string
	Keys     []keyHelp
}

// keyHelp is a key, or several pressed one after the other.
type keyHelp struct {
	Keys []string
	Word string
}

// keyGroups is every key of the site: what keys.js, app.js, list.js and
// compose.js listen to.
func (s *site) keyGroups() []keyGroup {
	k := func(word string, keys ...string) keyHelp {
		return keyHelp{Keys: keys, Word: s.words.say("keys." + word)}
	}
	on := func(word, key string) keyHelp {
		return keyHelp{Keys: []string{key}, Word: s.words.say("key." + word)}
	}
	return []keyGroup{
		{s.words.say("keys.everywhere"), "", []keyHelp{
			k("search", "/"), k("help", "?"), k("new", "c"), k("call", "v"),
			k("board", "g", "b"), k("tickets", "g", "t"), k("assets", "g", "a"), k("people", "g", "p"), k("repairs", "g", "r"), k("escape", "Esc")}},
		{s.words.say("keys.lists"), "[data-keys] tr, ul[data-keys]", []keyHelp{
			k("down", "j"), k("up", "k"), k("open", "Enter"), k("select", "x"), k("range", "Shift", "x"), k("none", "Esc")}},
		{s.words.say("keys.picked_tickets"), `#bulk[action="/tickets/bulk"]`, []keyHelp{
			k("stages", "s"), k("priorities", "p"), k("technicians", "a"), k("categories", "l")}},
		{s.words.say("keys.picked_assets"), `#bulk[action="/assets/bulk"]`, []keyHelp{k("stow", "s"), k("deploy", "d")}},
		{s.words.say("keys.on_board"), "#board", []keyHelp{
			k("down", "j"), k("up", "k"), k("left", "h"), k("right", "l"), k("open", "Enter"), k("move", "m"), k("stage", "1…4")}},
		{s.words.say("keys.on_ticket"), ".composer", []keyHelp{
			k("reply", "r"), k("note", "n"), k("phoned", "o"), k("fix", "f"), k("send", "Ctrl", "Enter"),
			on("stage", "s"), on("priority", "p"), on("assignee", "a"), on("category", "l"), on("waiting", "h"), on("due", "d"), on("take", "t"), on("subject", "e"), on("drawer", "i"), on("watch", "w"), on("back", "z"), k("escape", "Esc")}},
	}
}

// keys is the page of all keys; keys.js shows it as a sheet when ? is pressed.
func (s *site) keys(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, "keys", view{Title: s.words.say("keys.title"), Section: "account", Data: s.keyGroups()})
}

// changeKeys switches the keys of single letters on or off for oneself.
func (s *site) changeKeys(w http.ResponseWriter, r *http.Request) error {
	off := r.PostFormValue("on") != "1"
	me := accountOf(r.Context())
	if _, err := s.store.UpdateAccount(r.Context(), actorOf(r), me.ID, tracker.AccountChange{KeysOff: &off}, tracker.AnyVersion); err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, "/account")
}
