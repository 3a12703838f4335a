package metrics_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/metrics"
	"helpdeskd/ingest"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

func TestWhatIsShown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		reg, shown := metrics.New("1.2.3")
		db.Measure(reg)
		now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
		store := tracker.New(db, tracker.Options{Clock: func() time.Time { return now }, Node: "one"})
		box, err := store.OpenMailbox(t.Context(), "desk", "desk@aster.example", tracker.Begin{Everything: true})
		ok(t, err)
		ok(t, store.PollResult(t.Context(), box.ID, tracker.Poll{UIDValidity: 1, Waiting: 7}))
		now = now.Add(90 * time.Second)
		ok(t, store.WriteBeats(t.Context()))
		ok(t, store.Judge(t.Context(), []tracker.Problem{{Kind: tracker.AlarmDisk, Node: "one"}}, nil, nil))
		asked := 0
		reg.MustRegister(metrics.NewDesk(store, func() (int64, error) { asked++; return 12345, nil }))
		ingest.NewMeters(reg)
		text := ""
		for range 3 {
			rec := httptest.NewRecorder()
			shown.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
			text = rec.Body.String()
		}
		for _, want := range []string{
			`helpdeskd_build_info{version="1.2.3"} 1`, `helpdeskd_database_up 1`, `helpdeskd_mailbox_look_age_seconds{mailbox="desk"} 90`,
			`helpdeskd_mailbox_folder_messages{mailbox="desk"} 7`, `helpdeskd_outbox_mails{state="queued"} 0`, `helpdeskd_outbox_mails{state="uncertain"} 0`,
			`helpdeskd_beat_age_seconds{name="node:one",node="one"} 0`, `helpdeskd_alarms_firing{kind="disk"} 1`, `helpdeskd_alarms_firing{kind="unread"} 0`,
			`helpdeskd_data_free_bytes 12345`, `helpdeskd_db_transaction_seconds_count`, `helpdeskd_mail_lag_seconds_bucket`, `go_goroutines`, `go_sql_open_connections{db_name="write"}`,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("it does not show %s", want)
			}
		}
		if asked != 1 {
			t.Errorf("three scrapes asked %d times", asked)
		}
		if t.Failed() {
			t.Log(text)
		}
	})
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
