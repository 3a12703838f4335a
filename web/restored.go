package web

import (
	"net/http"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// settleRestored decides on all mails that a restore held.
func (s *site) settleRestored(w http.ResponseWriter, r *http.Request) error {
	do := r.PostFormValue("do")
	if do != "release" && do != "cancel" {
		return migrations.Invalidf("The form arrived damaged.")
	}
	said := "restored.released"
	if do == "cancel" {
		said = "restored.cancelled"
	}
	if _, _, err := s.store.SettleRestored(r.Context(), actorOf(r), do == "release"); err != nil {
		return err
	}
	s.flash(r, said)
	return seeOther(w, r, "/mail")
}

// backupView is the page about backups.
type backupView struct {
	settingsFrame
	Backups []tracker.BackupMade
}

func (s *site) backupSettings(w http.ResponseWriter, r *http.Request) error {
	v := backupView{settingsFrame: settingsFrame{Nav: s.settingsNav("backup")}}
	var err error
	if v.Backups, err = s.store.Backups(r.Context(), 10); err != nil {
		return err
	}
	return s.renderSettings(w, r, http.StatusOK, "backup", v)
}
