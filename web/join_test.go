package web

var _ = example("/tickets/{number}/merge", "/tickets/1/merge", "/tickets/1/merge?into=2")
