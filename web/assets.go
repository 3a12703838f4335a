package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
)

// assetsView is the list of assets as its template gets it.
type assetsView struct {
	Frame  listFrame
	Assets []inventory.Asset
	Models []inventory.ModelCount // of the view "several alike"
	Alike  bool
	Self   string // where a form that was opened in the list comes back to

	Places     []inventory.LocationNode
	Statuses   []inventory.Status
	Categories []inventory.Category
}

// warrantyDays is how soon a warranty ends that ends soon.
const warrantyDays = 90

// assetFilter reads a list's filter out of an address.
func (s *site) assetFilter(q url.Values) inventory.AssetFilter {
	f := inventory.AssetFilter{Text: q.Get("q"), ModelID: queryInt(q, "model"), LocationID: queryInt(q, "place"), HolderID: queryInt(q, "holder"), Gone: q.Get("gone") == "1"}
	for _, v := range q["status"] {
		if st := inventory.Status(v); slices.Contains(inventory.Statuses(), st) {
			f.Statuses = append(f.Statuses, st)
		}
	}
	if c := inventory.Category(q.Get("category")); c.Valid() {
		f.Category = c
	}
	if q.Get("warranty") == "soon" {
		f.WarrantyTo = s.today().AddDate(0, 0, warrantyDays).Format(time.DateOnly)
	}
	return f
}

// alikeFilter is the filter of the view "several alike".
func alikeFilter(q url.Values) inventory.ModelFilter {
	f := inventory.ModelFilter{Text: q.Get("q"), Short: q.Get("short") == "1"}
	if c := inventory.Category(q.Get("category")); c.Valid() {
		f.Category = c
	}
	return f
}

// assetListing counts what an address of the list finds: models where several
// alike are one line, assets otherwise.
func (s *site) assetListing() listing {
	return listing{"assets", "/assets", func(ctx context.Context, q url.Values, _ int64, limit int) (int, error) {
		if q.Get("alike") == "1" {
			list, _, err := s.things.Models(ctx, alikeFilter(q), "", limit)
			return len(list), err
		}
		return s.things.CountAssets(ctx, s.assetFilter(q), limit)
	}}
}

func (s *site) assetList(w http.ResponseWriter, r *http.Request) error {
	return s.assetListPage(w, r, http.StatusOK, bulkForm{})
}

func (s *site) assetListPage(w http.ResponseWriter, r *http.Request, status int, bulk bulkForm) error {
	ctx := r.Context()
	q := r.URL.Query()
	v := assetsView{Alike: q.Get("alike") == "1", Statuses: inventory.Statuses(), Categories: inventory.Categories(), Self: r.URL.RequestURI()}
	var more string
	var err error
	if v.Alike {
		v.Models, more, err = s.things.Models(ctx, alikeFilter(q), q.Get("after"), 50)
	} else {
		v.Assets, more, err = s.things.Assets(ctx, s.assetFilter(q), q.Get("after"), 50)
	}
	if err != nil {
		return err
	}
	if bulk.err != nil && len(v.Assets) == 0 {
		return bulk.err // there is no bar to say it in
	}
	if v.Frame, err = s.listFrame(r, "assets", more); err != nil {
		return err
	}
	bulk.Back = v.Self
	v.Frame.Bulk = bulk
	if v.Places, err = s.things.Locations(ctx, false); err != nil {
		return err
	}
	if err := s.assetChips(ctx, &v); err != nil {
		return err
	}
	return s.render(w, r, status, "assets", view{Title: s.words.say("nav.assets"), Section: "assets", Data: v})
}

// assetChips adds the switch between the two views, the quick filters, and
// those that are set, each with the address that removes it.
func (s *site) assetChips(ctx context.Context, v *assetsView) error {
	f, q := &v.Frame, v.Frame.Query
	keep := url.Values{}
	for _, key := range []string{"q", "category"} {
		if q.Get(key) != "" {
			keep.Set(key, q.Get(key))
		}
	}
	f.SwitchWord = s.words.say("assets.views")
	f.Switch = []tab{{Word: s.words.say("assets.single"), To: address("/assets", keep, "", ""), Icon: "list-details", On: !v.Alike},
		{Word: s.words.say("assets.alike"), To: address("/assets", keep, "alike", "1"), Icon: "stack-2", On: v.Alike}}
	f.Beside = []tab{{Word: s.words.say("places.title"), To: "/locations", Icon: "map-pin"}, {Word: s.words.say("models.title"), To: "/models", Icon: "tag"}}
	quickStatus := []inventory.Status{inventory.Stowed, inventory.Deployed, inventory.Repair}
	if v.Alike {
		f.Filtered = q.Get("q") != "" || q.Get("category") != "" || q.Get("short") != ""
		f.quick(s.words.say("assets.short"), "alert-triangle", "short", "1")
	} else {
		for _, st := range quickStatus {
			f.quick(s.words.say("asset."+string(st)), "", "status", string(st))
		}
		f.quick(s.words.say("assets.warranty_soon"), "shield-check", "warranty", "soon")
		f.quick(s.words.say("assets.gone"), "archive", "gone", "1")
		if len(q["status"]) > 1 || len(q["status"]) == 1 && !slices.Contains(quickStatus, inventory.Status(q.Get("status"))) {
			var names []string
			for _, st := range s.assetFilter(q).Statuses {
				names = append(names, s.words.say("asset."+string(st)))
			}
			if len(names) > 0 {
				f.removable(join(" / ", names...), "status")
			}
		}
	}
	if c := inventory.Category(q.Get("category")); c.Valid() {
		f.removable(s.words.say("category."+string(c)), "category")
	}
	named := func(key string, name func(id int64) (string, error)) error {
		id := queryInt(q, key)
		if id == 0 {
			return nil
		}
		word, err := name(id)
		if migrations.KindOf(err) == migrations.NotFound {
			word, err = s.words.say("filter.unknown"), nil
		}
		f.removable(word, key)
		return err
	}
	err := named("model", func(id int64) (string, error) {
		m, err := s.things.Model(ctx, id)
		return m.Title(), err
	})
	if err == nil {
		err = named("place", func(id int64) (string, error) {
			l, err := s.things.Location(ctx, id)
			return l.Path, err
		})
	}
	if err == nil {
		err = named("holder", func(id int64) (string, error) {
			c, err := s.store.ClientByID(ctx, id)
			return c.Name, err
		})
	}
	if text := q.Get("q"); text != "" {
		f.removable("“"+text+"”", "q")
	}
	return err
}

// placeChoices are the places as entries of a select.
func placeChoices(nodes []inventory.LocationNode) []choice {
	all := make([]choice, len(nodes))
	for i, n := range nodes {
		all[i] = choice{Value: strconv.FormatInt(n.ID, 10), Word: n.Path}
	}
	return all
}
