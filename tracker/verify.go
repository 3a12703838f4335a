package tracker

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
)

// Checks returns what must hold of the tracker's tables beyond what the schema
// makes sure of.
func Checks(e migrations.Engine) []migrations.Check {
	const restore = "Rows are missing or changed by hand: compare with the last good backup, and restore it where they are needed."
	words := "id"
	if e == migrations.SQLite {
		words = "rowid"
	}
	list := []migrations.Check{
		{Name: "messages have their raw mail", Query: `SELECT 'message ' || m.id AS what FROM message m WHERE m.digest <> '' AND m.digest NOT IN (SELECT digest FROM blob)`, Do: restore},
		{Name: "messages are of the mail that they came in", Query: `SELECT 'message ' || m.id AS what FROM message m JOIN inbox i ON i.id = m.inbox_id WHERE m.digest <> '' AND m.digest <> i.digest`, Do: restore},
		{Name: "attachments have their mail", Query: `SELECT 'attachment ' || a.id AS what FROM attachment a WHERE a.digest NOT IN (SELECT digest FROM blob)`, Do: restore},
		{Name: "mails that we sent are kept as they left", Query: `SELECT 'mail ' || o.id || ', ' || o.state AS what FROM outbox o WHERE o.digest <> '' AND o.digest NOT IN (SELECT digest FROM blob)
			UNION ALL SELECT 'mail ' || o.id || ' is ' || o.state || ' and was never rendered' AS what FROM outbox o WHERE o.state IN ('sending', 'uncertain') AND o.digest = '' AND o.kind NOT IN ('account', 'code') AND NOT (o.mail_id <> '' AND o.kind IN ` + staffMails + `)`, Do: restore},
		{Name: "large contents have their chunks", Query: `SELECT 'chunks of ' || c.digest AS what FROM blob_chunk c WHERE c.digest NOT IN (SELECT digest FROM blob WHERE place = 'chunk')`, Do: "They are in nobody's way. If they are many, please report it."},
		{Name: "every mail that was decided has a fate", Query: `SELECT 'mail ' || i.id AS what FROM inbox i WHERE i.state = 'done' AND i.fate NOT IN ('new', 'append', 'revision', 'duplicate', 'pending', 'none', 'quarantine')
			UNION ALL SELECT 'mail ' || i.id || ' is ' || i.state AS what FROM inbox i WHERE i.state NOT IN ('kept', 'working', 'done')`, Do: restore},
		{Name: "every mail that opened or joined a ticket is in one", Query: `SELECT 'mail ' || i.id || ', ' || i.fate AS what FROM inbox i WHERE i.state = 'done' AND i.fate IN ('new', 'append') AND i.ticket_id IS NULL
			UNION ALL SELECT 'mail ' || i.id || ', ' || i.fate AS what FROM inbox i WHERE i.state = 'done' AND i.fate IN ('new', 'append', 'pending')
			AND i.id NOT IN (SELECT m.inbox_id FROM message m WHERE m.inbox_id IS NOT NULL) AND ` + notDeleted, Do: restore},
		{Name: "every mail's ticket is there, or its tombstone", Query: `SELECT 'mail ' || i.id || ' of the ticket with id ' || i.ticket_id AS what FROM inbox i WHERE i.ticket_id IS NOT NULL AND i.ticket_id NOT IN (SELECT t.id FROM ticket t) AND ` + notDeleted, Do: restore},
		{Name: "at most one acknowledgement a ticket", Query: `SELECT 'ticket with id ' || ticket_id || ': ' || COUNT(*) AS what FROM outbox WHERE kind = 'ack' GROUP BY ticket_id HAVING COUNT(*) > 1 + (SELECT COUNT(*) FROM ticket d WHERE d.merged_into_id = outbox.ticket_id)`, Do: "This must never happen: please report it with the log of that day."},
		{Name: "acknowledgements are those that the mails' fates tell of", Query: `SELECT 'ticket with id ' || i.ticket_id || ': ' || SUM(i.acks) || ' told of' AS what FROM inbox i WHERE i.acks > 0 AND i.ticket_id NOT IN (SELECT o.ticket_id FROM outbox o WHERE o.kind = 'ack' AND o.ticket_id IS NOT NULL) AND ` + notDeleted + ` GROUP BY i.ticket_id`, Do: restore},
		{Name: "what was merged leads to a ticket that is none itself", Query: `SELECT 'HD-' || d.number AS what FROM ticket d LEFT JOIN ticket t ON t.id = d.merged_into_id
			WHERE d.merged_into_id IS NOT NULL AND (t.id IS NULL OR t.merged_into_id IS NOT NULL OR d.id NOT IN (SELECT m.ticket_id FROM ticket_merge m WHERE m.into_id = d.merged_into_id))
			UNION ALL SELECT 'HD-' || d.number || ' has messages of its own' AS what FROM ticket d WHERE d.merged_into_id IS NOT NULL AND d.id IN (SELECT m.ticket_id FROM message m WHERE m.ticket_id IS NOT NULL)`, Do: restore},
		{Name: "tickets with a parent have no children", Query: `SELECT 'HD-' || c.number AS what FROM ticket c JOIN ticket p ON p.id = c.parent_id WHERE p.parent_id IS NOT NULL OR p.merged_into_id IS NOT NULL OR c.merged_into_id IS NOT NULL`, Do: restore},
		{Name: "whom a request is for is there", Query: `SELECT 'what is known of the ticket with id ' || f.ticket_id AS what FROM fact f WHERE f.item = 'who' AND f.thing_id <> 0 AND f.thing_id NOT IN (SELECT c.id FROM client c)`, Do: restore},
		{Name: "ticket numbers go on behind the last", Query: `SELECT 'HD-' || MAX(number) || ' is given out, and the next would be HD-' || (SELECT value + 1 FROM counter WHERE name = 'ticket') AS what FROM ticket HAVING MAX(number) > (SELECT value FROM counter WHERE name = 'ticket')`,
			Do: "Set it right while helpdeskd is stopped: UPDATE counter SET value = (SELECT MAX(number) FROM ticket) WHERE name = 'ticket'."},
		{Name: "search knows every ticket", Query: searchable(KindTicket, "ticket"), Do: reindex},
		{Name: "search knows every client", Query: searchable(KindClient, "client"), Do: reindex},
		{Name: "search has the words of what it knows", Query: `SELECT d.kind || ' with id ' || d.ref AS what FROM search_doc d WHERE d.id NOT IN (SELECT w.` + words + ` FROM search_words w)
			AND NOT EXISTS (SELECT 1 FROM search_queue q WHERE q.kind = d.kind AND q.ref = d.ref)`, Do: reindex},
	}
	for _, r := range []migrations.Reference{
		{Table: "inbox", Column: "resolved_by", Parent: "account", Key: "id"},
		{Table: "ticket", Column: "vendor_id", Parent: "location", Key: "id"},
		{Table: "participant", Column: "added_by", Parent: "account", Key: "id"},
		{Table: "presence", Column: "ticket_id", Parent: "ticket", Key: "id"},
		{Table: "presence", Column: "account_id", Parent: "account", Key: "id"},
		{Table: "message", Column: "pinned_by", Parent: "account", Key: "id"},
		{Table: "note", Column: "pinned_by", Parent: "account", Key: "id"},
		{Table: "ticket_merge", Column: "account_id", Parent: "account", Key: "id"},
		{Table: "message", Column: "revision_of", Parent: "message", Key: "id"},
		{Table: "reply_token", Column: "outbox_id", Parent: "outbox", Key: "id"},
		{Table: "reply_token", Column: "client_id", Parent: "client", Key: "id"},
		{Table: "reply_token", Column: "account_id", Parent: "account", Key: "id"},
		{Table: "client_link", Column: "outbox_id", Parent: "outbox", Key: "id"},
		{Table: "client_link", Column: "client_id", Parent: "client", Key: "id"},
		{Table: "client_code", Column: "client_id", Parent: "client", Key: "id"},
		{Table: "client_session", Column: "client_id", Parent: "client", Key: "id"},
		{Table: "satisfaction", Column: "client_id", Parent: "client", Key: "id"},
		{Table: "outbox", Column: "client_id", Parent: "client", Key: "id"},
		{Table: "outbox", Column: "account_id", Parent: "account", Key: "id"},
		{Table: "file", Column: "account_id", Parent: "account", Key: "id"},
	} {
		list = append(list, migrations.Refers(r))
	}
	for _, kind := range []string{KindTicket, KindClient} {
		list = append(list, Linked(kind, kind))
	}
	return list
}

// notDeleted leaves out mails of tickets that were deleted.
const notDeleted = `COALESCE(i.ticket_id, 0) NOT IN (SELECT s.ticket_id FROM tombstone s WHERE s.ticket_id IS NOT NULL)`

const reindex = "Search does not find them. Have all be indexed anew while helpdeskd is stopped: INSERT INTO search_queue (kind, ref) SELECT 'KIND', id FROM KIND."

// searchable finds rows of a table that search neither knows nor will soon.
func searchable(kind, table string) string {
	return fmt.Sprintf(`SELECT '%[1]s with id ' || t.id AS what FROM %[2]s t WHERE t.id NOT IN (SELECT d.ref FROM search_doc d WHERE d.kind = '%[1]s') AND t.id NOT IN (SELECT q.ref FROM search_queue q WHERE q.kind = '%[1]s')`, kind, table)
}

// Searchable is a check that search knows every row of a table.
func Searchable(kind, table string) migrations.Check {
	return migrations.Check{Name: "search knows every " + kind, Query: searchable(kind, table), Do: reindex}
}

// Linked is a check that what is linked, of a kind with a table, is there.
func Linked(kind, table string) migrations.Check {
	return migrations.Check{Name: "links lead to what is there: " + kind, Query: fmt.Sprintf(`SELECT 'a link from %[1]s ' || a_id AS what FROM link WHERE a_kind = '%[1]s' AND a_id NOT IN (SELECT id FROM %[2]s)
		UNION ALL SELECT 'a link to %[1]s ' || b_id AS what FROM link WHERE b_kind = '%[1]s' AND b_id NOT IN (SELECT id FROM %[2]s)`, kind, table), Do: "Rows are missing: compare with the last good backup."}
}

// BlobOwners says in words what a content belongs to, five at most.
func BlobOwners(ctx context.Context, q migrations.Queryer, digest string) ([]string, error) {
	var list []string
	err := q.Select(ctx, &list, `SELECT 'mail ' || i.id || COALESCE(', ticket HD-' || t.number, '') AS what FROM inbox i LEFT JOIN ticket t ON t.id = i.ticket_id WHERE i.digest = ?
		UNION ALL SELECT 'sent mail ' || o.id AS what FROM outbox o WHERE o.digest = ? AND o.digest <> ''
		UNION ALL SELECT 'file ' || f.name || ' of ' || f.owner_kind || ' ' || f.owner_id AS what FROM file f WHERE f.digest = ? LIMIT 5`, digest, digest, digest)
	if err != nil {
		return nil, fmt.Errorf("find whose content %.12s is: %w", digest, err)
	}
	return list, nil
}
