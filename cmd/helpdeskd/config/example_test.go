package config

import (
	"os"
	"reflect"
	"regexp"
	"testing"
)

// TestTheExampleNamesEveryKey: the README says that every key is explained there.
func TestTheExampleNamesEveryKey(t *testing.T) {
	b, err := os.ReadFile("../../../deploy/helpdeskd.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[reflect.Type]bool{}
	var look func(reflect.Type)
	look = func(x reflect.Type) {
		for x.Kind() == reflect.Slice || x.Kind() == reflect.Pointer {
			x = x.Elem()
		}
		if x.Kind() != reflect.Struct || seen[x] {
			return
		}
		seen[x] = true
		for f := range x.Fields() {
			key := f.Tag.Get("toml")
			if key == "" || key == "-" {
				continue
			}
			if !regexp.MustCompile(`(?m)(^#?|\[|\.|, | )` + regexp.QuoteMeta(key) + `\b`).Match(b) {
				t.Errorf("the example does not name %s", key)
			}
			look(f.Type)
		}
	}
	look(reflect.TypeFor[Config]())
	if len(seen) < 4 {
		t.Fatalf("looked at %d kinds of section only", len(seen))
	}
}
