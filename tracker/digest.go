package tracker

// Digested is what a digest says.
type Digested struct{}
