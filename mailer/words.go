package mailer

import (
	"embed"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"helpdeskd/tracker/oauth"
	"helpdeskd/tracker/remedy"
)

//go:embed words_*.toml
var wordFiles embed.FS

// words is the catalogue of everything that mails and the checks say in one
// language. A text may hold {0}, {1}, … for its arguments. A line break in a
// text divides paragraphs.
type words map[string]string

// loadWords reads the catalogue words_LANGUAGE.toml.
func loadWords(language string) (words, error) {
	b, err := wordFiles.ReadFile("words_" + language + ".toml")
	if err != nil {
		return nil, fmt.Errorf("there is no catalogue for the language %q", language)
	}
	w := words{}
	if err := toml.Unmarshal(b, (*map[string]string)(&w)); err != nil {
		return nil, fmt.Errorf("read the catalogue for %q: %w", language, err)
	}
	return w, nil
}

// say returns the text for a key. An unknown key shows itself, and a test
// fails for it.
func (w words) say(key string, args ...any) string {
	text, ok := w[key]
	if !ok {
		return key
	}
	if len(args) == 0 {
		return text
	}
	pairs := make([]string, 0, 2*len(args))
	for i, a := range args {
		pairs = append(pairs, "{"+strconv.Itoa(i)+"}", fmt.Sprint(a))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// explain puts trouble into plain words: what happened, and what to do.
func (w words) explain(c SMTPConfig, err error) (what, advice string) {
	if e := (*oauth.Error)(nil); errors.As(err, &e) {
		what, advice = oauth.Explain(e)
		return what + ".", advice
	}
	key, args := diagnose(c, err)
	if _, own := w["fault."+key]; !own { // it stands in the table of known failures
		if what, advice = remedy.Case(key).Explain(remedy.About{Host: c.Host, Mailbox: c.user()}); what != "" {
			return what + ".", advice
		}
	}
	return w.explainKey("fault."+key, args...)
}

// explainKey divides a text into what happened and what to do.
func (w words) explainKey(key string, args ...any) (what, advice string) {
	what, advice, _ = strings.Cut(w.say(key, args...), "\n")
	return what, advice
}

// because returns trouble with one mail as a text for its row: in words,
// with what to do and what the server said.
func (w words) because(c SMTPConfig, t *trouble) string {
	what, advice := w.explain(c, t)
	text := strings.TrimSpace(what + " " + advice)
	if t.code != 0 {
		return w.say("fate.server_said", text, fmt.Sprintf("%d %s", t.code, oneLine(t.text, 250)))
	}
	return text
}
