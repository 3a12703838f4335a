package web

import (
	"context"
	"net/http"

	"helpdeskd/tracker"
)

// ratedPanel shows how content people were with what was done.
func (s *site) ratedPanel(ctx context.Context, v *ticketView, _ *tracker.Conversation) (err error) {
	v.Rated, err = s.store.Satisfactions(ctx, v.T.ID)
	return err
}

// clientSettings are on the page about the employee's page.
var clientSettings = []string{tracker.SetLinkDays, tracker.SetSatisfaction}

func (s *site) clientSettings(w http.ResponseWriter, r *http.Request) error {
	f, err := s.settingsFrame(r, "client", clientSettings...)
	if err != nil {
		return err
	}
	return s.showClientSettings(w, r, http.StatusOK, f)
}

// clientSettingsView tells too whether the site has an address to link to.
type clientSettingsView struct {
	settingsFrame
	Address bool
}

func (s *site) showClientSettings(w http.ResponseWriter, r *http.Request, status int, f settingsFrame) error {
	known, err := s.store.Setting(r.Context(), tracker.SetPublicURL)
	if err != nil {
		return err
	}
	return s.renderSettings(w, r, status, "client", clientSettingsView{f, known != "" || s.opts.PublicURL != ""})
}

func (s *site) saveClientSettings(w http.ResponseWriter, r *http.Request) error {
	return s.saveSettings(w, r, "client", "/settings/client", typedSettings(r, clientSettings...), func(status int, f settingsFrame) error {
		return s.showClientSettings(w, r, status, f)
	})
}
