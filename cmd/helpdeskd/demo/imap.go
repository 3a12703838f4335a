package demo

import (
	"bytes"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// imapSession is imapmemserver's, without MOVE and with a UIDVALIDITY of this
// start: imapmemserver counts from 1 each time, and a demo that is started
// again on its folder would take new mail for mail that it knows.
type imapSession struct {
	imapserver.Session
	epoch uint32
}

func (s *imapSession) Select(name string, o *imap.SelectOptions) (*imap.SelectData, error) {
	d, err := s.Session.Select(name, o)
	if err != nil {
		return nil, err
	}
	d.UIDValidity += s.epoch
	return d, nil
}

func (s *imapSession) Status(name string, o *imap.StatusOptions) (*imap.StatusData, error) {
	d, err := s.Session.Status(name, o)
	if err != nil {
		return nil, err
	}
	if o.UIDValidity {
		d.UIDValidity += s.epoch
	}
	return d, nil
}

func (s *imapSession) Append(name string, r imap.LiteralReader, o *imap.AppendOptions) (*imap.AppendData, error) {
	d, err := s.Session.Append(name, r, o)
	if err != nil {
		return nil, err
	}
	d.UIDValidity += s.epoch
	return d, nil
}

func (s *imapSession) Copy(set imap.NumSet, dest string) (*imap.CopyData, error) {
	d, err := s.Session.Copy(set, dest)
	if err != nil {
		return nil, err
	}
	d.UIDValidity += s.epoch
	return d, nil
}

// literalReader is a mail as imapmemserver takes it.
type literalReader struct{ *bytes.Reader }

func literal(raw []byte) imap.LiteralReader { return literalReader{bytes.NewReader(raw)} }
