package ingest

import (
	"errors"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// special is a folder for one purpose, and how it is found.
type special struct {
	what  string           // for people
	attr  imap.MailboxAttr // RFC 6154
	usual []string         // where the server tells no purposes, as Exchange; compared folded, on the last part of the name
}

var (
	junkFolder = special{"Junk", imap.MailboxAttrJunk, []string{"Junk Email", "Junk E-Mail", "Junk-E-Mail", "Junk", "Spam", "Bulk Mail", "Spamverdacht",
		"Courrier indésirable", "Courrier indesirable", "Correo no deseado", "Posta indesiderata", "Ongewenste e-mail", "Lixo Eletrônico", "Lixo Eletrónico", "Niechciana poczta", "Skräppost", "Søppelpost", "Uønsket mail"}}
	sentFolder = special{"Sent", imap.MailboxAttrSent, []string{"Sent Items", "Sent Mail", "Sent", "Sent Messages", "Gesendete Elemente", "Gesendete Objekte", "Gesendet",
		"Éléments envoyés", "Elements envoyes", "Messages envoyés", "Elementos enviados", "Enviados", "Posta inviata", "Verzonden items", "Itens Enviados", "Elementy wysłane", "Skickat", "Sendte elementer", "Sendt post"}}
)

var errNoFolder = errors.New("there is no such folder")

// findFolder returns the name of a special folder: the one of the
// configuration where it is there, else the one that the server says it is,
// else the first that has a usual name.
func (s *session) findFolder(configured string, sp special) (string, error) {
	var all []*imap.ListData
	err := s.run(stageAside, func() (err error) {
		var o *imap.ListOptions
		if s.caps.Has(imap.CapSpecialUse) && s.caps.Has(imap.CapListExtended) {
			o = &imap.ListOptions{ReturnSpecialUse: true}
		}
		all, err = s.c.List("", "*", o).Collect()
		return err
	})
	if err != nil {
		return "", err
	}
	all = slices.DeleteFunc(all, func(d *imap.ListData) bool {
		return slices.Contains(d.Attrs, imap.MailboxAttrNoSelect) || slices.Contains(d.Attrs, imap.MailboxAttrNonExistent)
	})
	for _, d := range all {
		if strings.EqualFold(d.Mailbox, configured) {
			return d.Mailbox, nil
		}
	}
	for _, d := range all {
		if slices.Contains(d.Attrs, sp.attr) {
			return d.Mailbox, nil
		}
	}
	if configured == "" || configured == JunkByItself {
		for _, name := range sp.usual {
			for _, d := range all {
				last := d.Mailbox
				if d.Delim != 0 {
					last = last[strings.LastIndex(last, string(d.Delim))+1:]
				}
				if strings.EqualFold(last, name) {
					return d.Mailbox, nil
				}
			}
		}
	}
	var names []string
	for _, d := range all[:min(len(all), 20)] {
		names = append(names, clean(d.Mailbox))
	}
	f := &Failure{Stage: string(stageAside), Err: errNoFolder, What: "The mailbox has no folder for " + sp.what,
		Do: "All other mail is taken. Correct its name. The mailbox has: " + strings.Join(names, ", ") + "."}
	if configured != "" && configured != JunkByItself {
		f.What = "The mailbox has no folder " + configured
	}
	return "", f
}
