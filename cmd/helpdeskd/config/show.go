package config

import (
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Show writes the configuration that is in force as TOML, secrets redacted,
// each value that did not come from the file with a comment saying whence.
func (c *Config) Show(w io.Writer) error {
	var b strings.Builder
	c.showTable(&b, reflect.ValueOf(c).Elem(), "", "")
	_, err := io.WriteString(w, b.String())
	return err
}

// showTable writes the plain keys of v, then its tables. path is the key in
// Origin; head is the table's name in TOML.
func (c *Config) showTable(b *strings.Builder, v reflect.Value, path, head string) {
	t := v.Type()
	for i := range t.NumField() {
		tag := t.Field(i).Tag.Get("toml")
		if tag == "" || tag == "-" || v.Field(i).Kind() == reflect.Struct || v.Field(i).Type() == reflect.TypeFor[[]Mailbox]() {
			continue
		}
		line := fmt.Sprintf("%s = %s", tag, literal(v.Field(i)))
		switch o := c.Origin[path+tag]; o {
		case "file":
		case "":
			line += "  # default"
		default:
			line += "  # " + o
		}
		fmt.Fprintln(b, line)
	}
	for i := range t.NumField() {
		tag, f := t.Field(i).Tag.Get("toml"), v.Field(i)
		switch {
		case tag == "" || tag == "-":
		case f.Type() == reflect.TypeFor[[]Mailbox]():
			for j := range f.Len() {
				fmt.Fprintf(b, "\n[[%s]]\n", tag)
				c.showTable(b, f.Index(j), fmt.Sprintf("%s.%d.", tag, j), tag+".")
			}
		case f.Kind() == reflect.Struct && !(tag == "oauth" && f.IsZero()) && !(head == "alarm." && f.FieldByName("Host").String() == ""):
			fmt.Fprintf(b, "\n[%s]\n", head+tag)
			c.showTable(b, f, path+tag+".", head+tag+".")
		}
	}
}

func literal(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		return strconv.Quote(x.String())
	case fmt.Stringer: // Secret, DSN
		return strconv.Quote(x.String())
	case string:
		return strconv.Quote(x)
	case []string:
		q := make([]string, len(x))
		for i := range x {
			q[i] = strconv.Quote(x[i])
		}
		return "[" + strings.Join(q, ", ") + "]"
	}
	return fmt.Sprint(v.Interface())
}
