package web

var _ = example("/tickets/{number}/merge", "/tickets/1/merge", "/tickets/1/merge?into=2") && example("/messages/{id}/split", "/messages/1/split") &&
	example("/call", "/call", "/call?person=1") && example("/tickets/templates", "/tickets/templates") && example("/tickets/templates/{id}", "/tickets/templates/1")
