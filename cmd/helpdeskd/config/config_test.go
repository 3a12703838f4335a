package config

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

const good = `listen = "127.0.0.1:8025"
public_url = "https://helpdesk.aster.example"
data_dir = "/tmp/aster"

[[mailbox]]
name = "helpdesk"
address = "Helpdesk@aster.example"
[mailbox.imap]
host = "mail.aster.example"
password = "hunter2"
[mailbox.smtp]
host = "mail.aster.example"
password = "hunter2"
`

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "helpdeskd.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, text string, env ...string) (*Config, error) {
	t.Helper()
	return Load(write(t, text), env)
}

func TestDefaultsAreFilled(t *testing.T) {
	c, err := load(t, good)
	if err != nil {
		t.Fatal(err)
	}
	b := c.Mailboxes[0]
	got := fmt.Sprint(c.Database.Reveal(), c.Ack.MaxAge, c.Ack.Rate, c.Ack.Enabled, b.Address, b.IMAP.Username, b.IMAP.Port, b.SMTP.Port, b.OwnDomains, b.Folder, b.Processed, b.Trust, b.Poll)
	want := fmt.Sprint("sqlite:/tmp/aster/helpdeskd.db", 72*time.Hour, 25, true, "helpdesk@aster.example", "helpdesk@aster.example", 993, 587, []string{"aster.example"}, "INBOX", "Processed", "none", 45*time.Second)
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Each row breaks the good file in one way, and wants the mistake named with its place.
func TestEveryMistakeIsNamed(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the good file has no %q", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	box := func(line string) string { return replace("name = \"helpdesk\"\n", "name = \"helpdesk\"\n"+line+"\n") }
	imap := func(line string) string { return replace("[mailbox.imap]\n", "[mailbox.imap]\n"+line+"\n") }
	smtp := func(line string) string { return replace("[mailbox.smtp]\n", "[mailbox.smtp]\n"+line+"\n") }
	top := func(line string) string { return line + "\n" + good }
	rows := []struct{ name, text, want string }{
		{"not TOML", "listen = \n", "line 1"},
		{"doubled key", top("listen = \"x\""), "line 2"},
		{"unknown key", top("listn = \"x\""), `line 1, listn: there is no such key: did you mean listen?`},
		{"unknown table", good + "\n[colour]\nred = 1\n", "colour: there is no such key"},
		{"unknown mailbox key", box(`pol = "45s"`), `line 7, mailbox 1, pol: there is no such key: did you mean poll?`},
		{"unknown imap key", imap(`prot = 1`), `line 9, mailbox 1, imap.prot: there is no such key: did you mean port?`},
		{"a number for a text", replace(`"127.0.0.1:8025"`, "8025"), `line 1, listen: 8025 is not a text: put it in quotes`},
		{"a text for a number", imap(`port = "993"`), ""},
		{"nonsense for a number", imap(`port = "imaps"`), `line 9, mailbox 1, imap.port: "imaps" is not a whole number`},
		{"a text for a switch", box(`leave_in_place = "perhaps"`), `line 7, mailbox 1, leave_in_place: "perhaps" is neither true nor false`},
		{"a bare duration", box(`poll = 45`), `mailbox 1, poll: 45 is not a length of time: write it with its unit`},
		{"a text for a list", box(`aliases = 4`), `mailbox 1, aliases: 4 is not a list`},
		{"a number in a list", box(`aliases = [4]`), `mailbox 1, aliases: 4 in this list is not a text`},
		{"a list over several lines", box("aliases = [\n\"a@aster.example\",\n\"nonsense\",\n]"), `line 7, mailbox 1, aliases: "nonsense" is not a mail address`},
		{"single brackets", strings.Replace(strings.Split(good, "[mailbox.imap]")[0], "[[mailbox]]", "[mailbox]", 1), "line 5, mailbox: write [[mailbox]] with two brackets"},
		{"a table as a value", top("tls = true"), "line 1, tls: this is a table: write [tls] above its keys"},
		{"listen without port", replace(`"127.0.0.1:8025"`, `"127.0.0.1"`), "line 1, listen: \"127.0.0.1\" is not an address to listen on: write host:port"},
		{"listen port", replace(`"127.0.0.1:8025"`, `":99999"`), "listen: "},
		{"public url without scheme", replace("https://helpdesk", "helpdesk"), "line 2, public_url: "},
		{"public url with path", replace("aster.example\"\ndata", "aster.example/desk\"\ndata"), "line 2, public_url: "},
		{"public url missing", strings.Replace(replace("127.0.0.1", "0.0.0.0"), `public_url = "https://helpdesk.aster.example"`, "", 1), "public_url: missing: mails link to this site"},
		{"database", top(`database = "mysql://root:hunter2@db"`), "line 1, database: this is not a database"},
		{"data_dir", replace(`"/tmp/aster"`, `""`), "line 3, data_dir: missing"},
		{"proxy", top(`trusted_proxies = ["10.0.0.0/8", "gateway"]`), `line 1, trusted_proxies: "gateway" is neither an address nor a network`},
		{"half of tls", good + "[tls]\ncert = \"/x\"\n", "tls.key: missing"},
		{"other half of tls", good + "[tls]\nkey = \"/x\"\n", "tls.cert: missing"},
		{"unreadable tls", good + "[tls]\ncert = \"/nope\"\nkey = \"/nope\"\n", "tls.cert: the certificate can not be used"},
		{"level", good + "[log]\nlevel = \"loud\"\n", `log.level: "loud" is not known: write "debug", "info", "warn" or "error"`},
		{"format", good + "[log]\nformat = \"xml\"\n", `log.format: "xml" is not known`},
		{"ack age", good + "[ack]\nmax_age = \"9999h\"\n", "ack.max_age: 9999h0m0s is out of range"},
		{"ack rate", good + "[ack]\nrate = 0\n", "ack.rate: 0 mails a minute is out of range"},
		{"form link", good + "[ack]\nform_link = \"forms.office.com\"\n", "ack.form_link: "},
		{"no name", replace(`name = "helpdesk"`, ""), "line 5, mailbox 1, name: missing"},
		{"bad name", replace(`"helpdesk"`, `"Help Desk"`), `line 6, mailbox 1, name: "Help Desk" is not a name`},
		{"number name", replace(`"helpdesk"`, `"2"`), `mailbox 1, name: "2" is only a number`},
		{"no address", replace("address = \"Helpdesk@aster.example\"\n", ""), "mailbox 1, address: missing"},
		{"bad address", replace("Helpdesk@aster.example", "Helpdesk"), `line 7, mailbox 1, address: "helpdesk" is not a mail address`},
		{"display", box(`display = "IT <x>"`), "mailbox 1, display: "},
		{"form sender", box(`form_senders = ["forms"]`), "mailbox 1, form_senders: "},
		{"own domain", box(`own_domains = ["@aster.example"]`), "mailbox 1, own_domains: "},
		{"trust", box(`trust = "everybody"`), `line 7, mailbox 1, trust: "everybody" is not known: write "exchange", "authserv-id" or "none"`},
		{"authserv-id missing", box(`trust = "authserv-id"`), "mailbox 1, authserv_id: missing"},
		{"authserv-id alone", box(`authserv_id = "mx.aster.example"`), "mailbox 1, authserv_id: this only counts with"},
		{"no folder", box(`folder = ""`), "mailbox 1, folder: missing"},
		{"no processed", box(`processed = ""`), "mailbox 1, processed: missing"},
		{"processed is folder", box(`processed = "inbox"`), "mailbox 1, processed: this is the folder that is read"},
		{"poll", box(`poll = "1h"`), "mailbox 1, poll: 1h0m0s is out of range"},
		{"pipe and imap", box(`pipe_only = true`), "line 7, mailbox 1, pipe_only: imap.host is given too"},
		{"begin", box(`begin = "yesterday"`), `mailbox 1, begin: "yesterday" is not where reading can begin`},
		{"imap host", replace("host = \"mail.aster.example\"\n", ""), "line 8, mailbox 1, imap.host: missing: write the server's name, for example \"outlook.office365.com\""},
		{"an empty line", imap(""), ""},
		{"host as url", strings.Replace(good, "mail.aster.example", "imaps://mail.aster.example", 1), "line 9, mailbox 1, imap.host: "},
		{"plain abroad", imap(`security = "plain"`), `line 9, mailbox 1, imap.security: "plain" would send the password readable`},
		{"security", smtp(`security = "ssl"`), `mailbox 1, smtp.security: "ssl" is not known`},
		{"port", imap(`port = 99999`), "mailbox 1, imap.port: 99999 is not a port"},
		{"auth", imap(`auth = "none"`), `mailbox 1, imap.auth: "none" is not known: write "plain", "login" or "xoauth2"`},
		{"no password", replace("password = \"hunter2\"\n", ""), "line 8, mailbox 1, imap.password: missing"},
		{"two passwords", imap(`password_file = "/x"`), "mailbox 1, imap.password_file: mailbox 1, imap.password and mailbox 1, imap.password_file are both given"},
		{"password file gone", strings.Replace(good, `password = "hunter2"`, `password_file = "/nope"`, 1), "line 10, mailbox 1, imap.password_file: the file can not be read"},
		{"password file empty", strings.Replace(good, `password = "hunter2"`, `password_file = "`+empty+`"`, 1), "imap.password_file: the file " + empty + " is empty"},
		{"ca file gone", imap(`ca_file = "/nope"`), "mailbox 1, imap.ca_file: the file can not be read"},
		{"ca file empty", imap(`ca_file = "` + empty + `"`), "holds no certificate"},
		{"oauth missing", imap(`auth = "xoauth2"`), "mailbox 1, oauth.token_url: missing"},
		{"oauth flow", imap(`auth = "xoauth2"`) + "[mailbox.oauth]\nflow = \"magic\"\n", `oauth.flow: "magic" is not known: write "client", "device" or "google"`},
		{"oauth no secret", imap(`auth = "xoauth2"`) + "[mailbox.oauth]\nclient_id = \"a\"\n", "or name a certificate_file"},
		{"oauth both", imap(`auth = "xoauth2"`) + "[mailbox.oauth]\nclient_secret = \"a\"\ncertificate_file = \"/x\"\n", "oauth.certificate_file: client_secret is given too"},
		{"oauth certificate", imap(`auth = "xoauth2"`) + "[mailbox.oauth]\ncertificate_file = \"/nonexistent.pem\"\n", "both must be PEM"},
		{"oauth key alone", imap(`auth = "xoauth2"`) + "[mailbox.oauth]\ncertificate_key_file = \"/x\"\n", "name the certificate's file too"},
		{"oauth device", imap(`auth = "xoauth2"`) + "[mailbox.oauth]\nflow = \"device\"\ntoken_url = \"https://login.example/tok\"\n", "oauth.device_url: missing"},
		{"oauth device certificate", imap(`auth = "xoauth2"`) + "[mailbox.oauth]\nflow = \"device\"\ncertificate_file = \"/x\"\n", `oauth.certificate_file: this only counts with flow = "client"`},
		{"oauth google", imap(`auth = "xoauth2"`) + "[mailbox.oauth]\nflow = \"google\"\nclient_id = \"x\"\n", "oauth.google_key_file: missing"},
		{"oauth google id", imap(`auth = "xoauth2"`) + "[mailbox.oauth]\nflow = \"google\"\nclient_id = \"x\"\n", `oauth.client_id: this only counts with flow = "client" or "device"`},
		{"oauth google key", imap(`auth = "xoauth2"`) + "[mailbox.oauth]\nflow = \"google\"\ngoogle_key_file = \"/dev/null\"\n", "is not the JSON key of a service account"},
		{"graph by google", smtp("transport = \"graph\"") + "[mailbox.oauth]\nflow = \"google\"\n", "oauth.flow: Microsoft Graph takes no tokens of Google"},
		{"graph without oauth", smtp("transport = \"graph\""), "mailbox 1, oauth.token_url: missing"},
		{"graph in clear", smtp("transport = \"graph\"\ngraph_url = \"http://graph.example/v1.0\""), "smtp.graph_url: \"http://graph.example/v1.0\" is not the address of Microsoft Graph"},
		{"graph url alone", smtp("graph_url = \"https://graph.example/v1.0\""), "smtp.graph_url: this only counts with transport"},
		{"reading by graph", imap("transport = \"graph\""), "imap.transport: mail is read by IMAP only"},
		{"transport", smtp("transport = \"pigeon\""), `smtp.transport: "pigeon" is not known: write "smtp" or "graph"`},
		{"oauth unused", good + "[mailbox.oauth]\nscope = \"x\"\n", "mailbox 1, oauth: this only counts with"},
		{"token url", imap(`auth = "xoauth2"`) + "[mailbox.oauth]\ntoken_url = \"http://login.aster.example/token\"\n", "oauth.token_url: \"http://login.aster.example/token\" is not the address of a token endpoint"},
		{"same name", good + strings.Split(good, "/tmp/aster\"\n")[1], `line 16, mailbox 2, name: mailbox 1 is called "helpdesk" too`},
		{"same address", good + strings.Replace(strings.Split(good, "/tmp/aster\"\n")[1], `"helpdesk"`, `"it"`, 1), "mailbox 2, address: mailbox 1 has the address helpdesk@aster.example too"},
		{"an alias of another", box(`aliases = ["it@aster.example"]`) + strings.NewReplacer(`"helpdesk"`, `"it"`, "Helpdesk@", "it@").Replace(strings.Split(good, "/tmp/aster\"\n")[1]), "mailbox 2, address: it@aster.example is an alias of mailbox 1"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			_, err := load(t, r.text)
			if r.want == "" {
				if err != nil {
					t.Fatalf("a valid file was refused: %v", err)
				}
				return
			}
			var m *Mistakes
			if !errors.As(err, &m) || !strings.Contains(err.Error(), r.want) {
				t.Fatalf("got  %v\nwant %s", err, r.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Fatalf("a password is shown: %v", err)
			}
		})
	}
}

func TestAllMistakesAtOnceInOrder(t *testing.T) {
	_, err := load(t, `listen = "nowhere"
colour = "red"
[log]
level = 3
[[mailbox]]
name = "One"
[mailbox.imap]
port = "x"
`, "HELPDESKD_ACK_RATE=many", "HELPDESKD_LISTN=x", "HELPDESKD_MAILBOX_2_IMAP_PROT=1")
	var m *Mistakes
	if !errors.As(err, &m) {
		t.Fatalf("got %v", err)
	}
	text := err.Error()
	at := -1
	for _, want := range []string{"line 1, listen", "line 2, colour", "line 4, log.level", "line 6, mailbox 1, name", "mailbox 1, imap.host", "line 8, mailbox 1, imap.port",
		"HELPDESKD_ACK_RATE: \"many\" is not a whole number", "HELPDESKD_LISTN: no key has this variable: did you mean LISTEN?", "HELPDESKD_MAILBOX_2_IMAP_PROT: "} {
		i := strings.Index(text, want)
		if i < 0 {
			t.Errorf("%q is not named in\n%s", want, text)
			continue
		}
		if strings.HasPrefix(want, "line") && i < at {
			t.Errorf("%q comes too early", want)
		}
		at = i
	}
}

func TestEnvironmentOverridesEveryKey(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(good, `password = "hunter2"`, "", 1)
	c, err := load(t, text,
		"HELPDESKD_LISTEN=:9000", "HELPDESKD_LOG_FORMAT=json", "HELPDESKD_ACK_MAX_AGE=24h", "HELPDESKD_TRUSTED_PROXIES=10.0.0.1, 10.0.0.0/8",
		"HELPDESKD_MAILBOX_HELPDESK_IMAP_PASSWORD_FILE="+secret, "HELPDESKD_MAILBOX_1_IMAP_PORT=1143", "HELPDESKD_MAILBOX_1_LEAVE_IN_PLACE=true",
		"HELPDESKD_CONFIG=/elsewhere", "HELPDESKD_PORT=tcp://10.0.0.1:80", "HELPDESKD_SERVICE_HOST=10.0.0.1", "HELPDESKD_TEST_POSTGRES=x", "HOME=/root")
	if err != nil {
		t.Fatal(err)
	}
	b := c.Mailboxes[0]
	got := fmt.Sprint(c.Listen, c.Log.Format, c.Ack.MaxAge, c.TrustedProxies, b.IMAP.Password.Reveal(), b.IMAP.Port, b.LeaveInPlace)
	if want := fmt.Sprint(":9000", "json", 24*time.Hour, []string{"10.0.0.1", "10.0.0.0/8"}, "from a file", 1143, true); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEnvironmentAlone(t *testing.T) {
	env := []string{"HELPDESKD_DATA_DIR=/tmp/x"}
	for _, n := range []string{"1", "2"} {
		env = append(env, "HELPDESKD_MAILBOX_"+n+"_NAME=box"+n, "HELPDESKD_MAILBOX_"+n+"_ADDRESS=box"+n+"@aster.example",
			"HELPDESKD_MAILBOX_"+n+"_IMAP_HOST=mail", "HELPDESKD_MAILBOX_"+n+"_IMAP_PASSWORD=p", "HELPDESKD_MAILBOX_"+n+"_SMTP_HOST=mail", "HELPDESKD_MAILBOX_"+n+"_SMTP_AUTH=none")
	}
	c, err := Load("", env)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Mailboxes) != 2 || c.Mailboxes[1].Name != "box2" || c.PublicURL != "http://127.0.0.1:8025" {
		t.Fatalf("got %d mailboxes, public_url %s", len(c.Mailboxes), c.PublicURL)
	}
	if !HasKeys(env) || HasKeys([]string{"HELPDESKD_CONFIG=x", "HOME=/"}) {
		t.Error("HasKeys is wrong")
	}
}

// Every key can be set by its variable: each is given the value that it has
// in a whole configuration, and the result must be that configuration.
func TestEveryKeyHasItsVariable(t *testing.T) {
	text, err := os.ReadFile("../../../deploy/helpdeskd.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	want, err := load(t, uncomment(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	env := environOf(reflect.ValueOf(want).Elem(), "HELPDESKD_")
	for i := range want.Mailboxes {
		env = append(env, environOf(reflect.ValueOf(&want.Mailboxes[i]).Elem(), fmt.Sprintf("HELPDESKD_MAILBOX_%d_", i+1))...)
	}
	got, err := Load("", env)
	if err != nil {
		t.Fatal(err)
	}
	if len(env) < 60 {
		t.Errorf("only %d variables: the test reads too little", len(env))
	}
	got.Path, got.Origin, want.Path, want.Origin = "", nil, "", nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func environOf(v reflect.Value, at string) []string {
	var out []string
	for tag, i := range fieldsOf(v.Type()) {
		f := v.Field(i)
		name := at + envName(tag)
		switch x := f.Interface().(type) {
		case []Mailbox:
		case []string:
			out = append(out, name+"="+strings.Join(x, ","))
		default:
			if f.Kind() == reflect.Struct {
				out = append(out, environOf(f, name+"_")...)
			} else if f.Kind() == reflect.String {
				out = append(out, name+"="+f.String())
			} else {
				out = append(out, fmt.Sprintf("%s=%v", name, x))
			}
		}
	}
	return out
}

// uncomment takes the # from the settings of the example; prose has a space after it.
func uncomment(text string) string {
	text = regexp.MustCompile(`(?m)^#([a-z\[])`).ReplaceAllString(text, "$1")
	return regexp.MustCompile(`(?m)^\[tls\]\n.*\n.*\n`).ReplaceAllString(text, "") // names files
}

func TestTheExampleValidates(t *testing.T) {
	text, err := os.ReadFile("../../../deploy/helpdeskd.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := load(t, string(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Mailboxes) != 1 {
		t.Errorf("%d mailboxes", len(c.Mailboxes))
	}
	all, err := load(t, uncomment(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Mailboxes) != 3 {
		t.Errorf("%d mailboxes with everything switched on", len(all.Mailboxes))
	}
	// Every key is mentioned.
	for _, key := range append(sortedKeys(envKeys(reflect.TypeFor[Config](), "")), sortedKeys(envKeys(reflect.TypeFor[Mailbox](), ""))...) {
		key = strings.ToLower(key)
		last := key[strings.LastIndex(key, "_")+1:]
		if !strings.Contains(string(text), last) {
			t.Errorf("the example does not mention %s", key)
		}
	}
}

func TestSecretsNeverShow(t *testing.T) {
	text := strings.Replace(good, "data_dir", "database = \"postgres://desk:hunter2@db1:5432,db2:5432/desk?sslpassword=hunter2\"\ndata_dir", 1)
	c, err := load(t, text)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := c.Show(&b); err != nil {
		t.Fatal(err)
	}
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "config", c, "box", c.Mailboxes[0], "dsn", c.Database, "password", c.Mailboxes[0].IMAP.Password)
	fmt.Fprintf(&b, "%v %+v %#v %s", c, c, c, c.Mailboxes[0].IMAP.Password)
	if strings.Contains(b.String(), "hunter2") {
		t.Fatalf("a secret is shown:\n%s", b.String())
	}
	if !strings.Contains(b.String(), "desk:(secret)@db1:5432,db2:5432/desk") {
		t.Errorf("the rest of the DSN is gone:\n%s", b.String())
	}
}

func TestWhatIsShownIsTOMLAndNamesOrigins(t *testing.T) {
	c, err := load(t, good, "HELPDESKD_LISTEN=127.0.0.1:9")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := c.Show(&b); err != nil {
		t.Fatal(err)
	}
	again, err := load(t, b.String())
	if err != nil {
		t.Fatalf("what is shown does not load: %v\n%s", err, b.String())
	}
	if again.Listen != "127.0.0.1:9" || again.Mailboxes[0].Address != "helpdesk@aster.example" {
		t.Errorf("got %+v", again)
	}
	for _, want := range []string{`listen = "127.0.0.1:9"  # HELPDESKD_LISTEN`, `rate = 25  # default`, "public_url = \"https://helpdesk.aster.example\"\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
}
