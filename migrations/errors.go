package migrations

import (
	"errors"
	"fmt"
)

// Kind says what sort of failure an error is, so that its handler can decide
// what to do and what to show.
type Kind string

// The kinds. An error without a kind is internal: logged, never shown.
const (
	Internal  Kind = "internal"
	NotFound  Kind = "not found"
	Invalid   Kind = "invalid"
	Conflict  Kind = "conflict"
	Denied    Kind = "denied"
	Temporary Kind = "temporary"
)

// Error is a failure with a kind and a message that is safe to show.
type Error struct {
	Kind    Kind
	Message string
	Field   string // of a form, at which the message belongs; "" for the whole
	Err     error  // the cause, or nil
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of err, Internal where it has none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// SafeMessage returns what a user may read about err, "" when nothing.
func SafeMessage(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Message
	}
	return ""
}

// Invalidf returns an error about something that a user gave.
func Invalidf(format string, args ...any) error {
	return &Error{Kind: Invalid, Message: fmt.Sprintf(format, args...)}
}

// InvalidAt returns an error about what a user gave in one field of a form.
func InvalidAt(field, format string, args ...any) error {
	return &Error{Kind: Invalid, Message: fmt.Sprintf(format, args...), Field: field}
}

// FieldOf returns the field of a form at which err's message belongs, "" when
// it is about the whole.
func FieldOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Field
	}
	return ""
}

// NotFoundf returns an error about something that is not there.
func NotFoundf(format string, args ...any) error {
	return &Error{Kind: NotFound, Message: fmt.Sprintf(format, args...)}
}

// Conflictf returns an error about something that changed meanwhile.
func Conflictf(format string, args ...any) error {
	return &Error{Kind: Conflict, Message: fmt.Sprintf(format, args...)}
}

// Deniedf returns an error about something that this person may not do.
func Deniedf(format string, args ...any) error {
	return &Error{Kind: Denied, Message: fmt.Sprintf(format, args...)}
}

// Temporaryf returns an error that trying again later may cure.
func Temporaryf(format string, args ...any) error {
	return &Error{Kind: Temporary, Message: fmt.Sprintf(format, args...)}
}
