-- +goose Up

-- Times are BIGINT microseconds since 1970 UTC, from our own clock. Money is integer minor units.

-- What staff edit.
CREATE TABLE setting (
    name       TEXT PRIMARY KEY,
    value      TEXT NOT NULL,
    version    BIGINT NOT NULL DEFAULT 1,
    updated_at BIGINT NOT NULL
);

-- Sequences that must not leave gaps and may jump ahead after a restore.
CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counter (name, value) VALUES ('ticket', 0), ('settings', 0), ('connections', 0);

-- A row here has every start refuse this database: it was moved elsewhere, or a restore or move into it is not finished.
CREATE TABLE closed (
    reason TEXT NOT NULL, -- moved, arriving, restoring
    other  TEXT NOT NULL, -- where to or from, without passwords
    at     BIGINT NOT NULL
);

-- Backups that were made, the newest last.
CREATE TABLE backup (
    id        INTEGER PRIMARY KEY,
    taken_at  BIGINT NOT NULL, -- the moment that it shows
    ended_at  BIGINT NOT NULL,
    file      TEXT NOT NULL,   -- its path on the machine that made it; '-' for stdout
    size      BIGINT NOT NULL, -- bytes
    sha256    TEXT NOT NULL,   -- of the whole file, as sha256sum prints it
    encrypted BOOLEAN NOT NULL,
    damaged   BIGINT NOT NULL DEFAULT 0 -- contents that were damaged before and are so in it
);

-- Who may do the work of a mailbox, the outbox, the index or the clock. No expiry time: see docs/design.md.
CREATE TABLE lease (
    name   TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    fence  BIGINT NOT NULL,
    beat   BIGINT NOT NULL
);

-- Who works, and when they last showed it: outbox, index, clock, decide:MAILBOX, node:NODE. Whoever looks judges what is overdue.
CREATE TABLE beat (
    name TEXT PRIMARY KEY,
    node TEXT NOT NULL,   -- who wrote it
    at   BIGINT NOT NULL, -- by the writer's clock
    n    BIGINT NOT NULL  -- grows with each beat, for those whose clock differs
);

-- What is wrong, or was. One row each time that something begins.
CREATE TABLE alarm (
    id         INTEGER PRIMARY KEY,
    key        TEXT NOT NULL, -- kind, about and node: at most one alarm of a key is open
    kind       TEXT NOT NULL,
    about      TEXT NOT NULL DEFAULT '', -- a mailbox's or lease's name, a host
    node       TEXT NOT NULL DEFAULT '', -- where it is a matter of one node
    detail     TEXT NOT NULL DEFAULT '', -- in words
    since      BIGINT NOT NULL, -- since when it is wrong
    raised_at  BIGINT NOT NULL,
    well_since BIGINT,          -- nobody has seen it wrong since then
    cleared_at BIGINT,
    seen_by    BIGINT,          -- the account that said so
    seen_at    BIGINT
);
CREATE UNIQUE INDEX alarm_open ON alarm (key) WHERE cleared_at IS NULL;
CREATE INDEX alarm_key ON alarm (key, raised_at);
CREATE TABLE alarm_mute (
    key        TEXT PRIMARY KEY,
    until      BIGINT NOT NULL,
    account_id BIGINT NOT NULL
);
-- What goes out by the routes beside the helpdesk's own mailbox: once when an alarm begins, once when it clears.
CREATE TABLE alarm_notice (
    id         INTEGER PRIMARY KEY,
    alarm_id   BIGINT NOT NULL REFERENCES alarm (id),
    route      TEXT NOT NULL, -- mail, webhook
    edge       TEXT NOT NULL, -- begin, clear
    state      TEXT NOT NULL, -- due, sending, sent
    due_at     BIGINT NOT NULL,
    attempts   BIGINT NOT NULL DEFAULT 0,
    claim      TEXT NOT NULL DEFAULT '', -- who sends it
    claimed_at BIGINT NOT NULL DEFAULT 0,
    sent_at    BIGINT
);
CREATE UNIQUE INDEX alarm_notice_once ON alarm_notice (alarm_id, route, edge);
CREATE INDEX alarm_notice_open ON alarm_notice (route, due_at) WHERE state <> 'sent';
CREATE TABLE alarm_route (
    name     TEXT PRIMARY KEY,
    tried_at BIGINT NOT NULL,
    error    TEXT NOT NULL DEFAULT '', -- of the last try, in words; empty: it arrived
    failures BIGINT NOT NULL DEFAULT 0 -- in a row
);

-- The routes that were made on the site; those of the configuration file are not here.
CREATE TABLE alarm_way (
    name       TEXT PRIMARY KEY, -- mail, webhook
    settings   TEXT NOT NULL,    -- tracker.AlarmMail or tracker.AlarmHook as JSON, without what is secret
    secrets    TEXT NOT NULL,    -- sealed with the key file
    version    BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- Content-addressed bytes: raw mails, rendered mails, uploads. Small ones here, large ones in a file or in chunks.
CREATE TABLE blob (
    digest     TEXT PRIMARY KEY,
    size       BIGINT NOT NULL,
    place      TEXT NOT NULL, -- row, file, chunk
    data       BLOB,
    created_at BIGINT NOT NULL
);
CREATE INDEX blob_created ON blob (created_at);
CREATE TABLE blob_chunk (
    digest TEXT NOT NULL,
    n      BIGINT NOT NULL,
    data   BLOB NOT NULL,
    PRIMARY KEY (digest, n)
);

-- People who sign in.
CREATE TABLE account (
    id            INTEGER PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE, -- lower case
    name          TEXT NOT NULL,
    role          TEXT NOT NULL, -- admin, technician, manager
    password_hash TEXT NOT NULL,
    enabled       BOOLEAN NOT NULL,
    notify        TEXT NOT NULL, -- all, mine, none
    created_at    BIGINT NOT NULL,
    signed_in_at  BIGINT,
    zone          TEXT NOT NULL DEFAULT '', -- IANA, as the browser last told; '' for the server's
    keys_off      BOOLEAN NOT NULL DEFAULT FALSE, -- single letters do nothing (WCAG 2.1.4)
    digest_hour   BIGINT NOT NULL DEFAULT -1, -- at which a digest comes on working days, in their zone; -1: none
    digest_on     TEXT NOT NULL DEFAULT '', -- the last day that had one, 2026-11-22
    signature     TEXT NOT NULL DEFAULT '', -- under their replies, in place of their name; with placeholders
    version       BIGINT NOT NULL DEFAULT 1
);
CREATE TABLE session (
    token      TEXT PRIMARY KEY, -- SHA-256 of the cookie's value
    account_id BIGINT,
    data       BLOB NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX session_expires ON session (expires_at);
CREATE INDEX session_account ON session (account_id);
CREATE TABLE throttle (
    name       TEXT PRIMARY KEY, -- what is counted, for example signin:address
    tries      BIGINT NOT NULL,
    since      BIGINT NOT NULL
);

-- People who ask.
CREATE TABLE client (
    id              INTEGER PRIMARY KEY,
    name            TEXT NOT NULL,
    name_folded     TEXT NOT NULL,
    department      TEXT NOT NULL DEFAULT '',
    phone           TEXT NOT NULL DEFAULT '',
    high_management BOOLEAN NOT NULL DEFAULT FALSE,
    created_at      BIGINT NOT NULL,
    erased_at       BIGINT,          -- nothing of the person is left but this row, which things and tickets name
    merged_into_id  BIGINT REFERENCES client (id), -- the same person as that one, and emptied (erased_at); that one is not merged itself
    version         BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX client_merged ON client (merged_into_id) WHERE merged_into_id IS NOT NULL;
CREATE INDEX client_name ON client (name_folded, id);
CREATE INDEX client_department ON client (department, name_folded, id);
CREATE TABLE client_address (
    address       TEXT PRIMARY KEY, -- lower case, literal
    client_id     BIGINT NOT NULL REFERENCES client (id),
    bounced_at    BIGINT,
    bounce_reason TEXT NOT NULL DEFAULT '',
    main          BOOLEAN NOT NULL DEFAULT FALSE, -- chosen by hand for what begins; without a choice it is the first
    created_at    BIGINT NOT NULL
);
CREATE INDEX client_address_client ON client_address (client_id);
-- Addresses that were taken off a person: an erasure looks for them too, unless somebody else has them by then.
CREATE TABLE former_address (
    address    TEXT NOT NULL,
    client_id  BIGINT NOT NULL REFERENCES client (id),
    removed_at BIGINT NOT NULL,
    PRIMARY KEY (address, client_id)
);
CREATE INDEX former_address_client ON former_address (client_id);
-- Pairs that look like one person and are two: the lesser id first.
CREATE TABLE not_same (
    a_id       BIGINT NOT NULL REFERENCES client (id),
    b_id       BIGINT NOT NULL REFERENCES client (id),
    account_id BIGINT REFERENCES account (id),
    at         BIGINT NOT NULL,
    PRIMARY KEY (a_id, b_id)
);
CREATE INDEX not_same_b ON not_same (b_id);

CREATE TABLE category (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,
    position BIGINT NOT NULL,
    archived BOOLEAN NOT NULL DEFAULT FALSE,
    version  BIGINT NOT NULL DEFAULT 1
);
INSERT INTO category (name, position) VALUES
    ('Computer', 1), ('Software', 2), ('Accounts and access', 3), ('Network', 4),
    ('Printing', 5), ('Telephone', 6), ('Audio-visual', 7), ('Other', 8);

-- Mailboxes are declared in the configuration; their state is here.
CREATE TABLE mailbox (
    id           INTEGER PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE,
    address      TEXT NOT NULL,
    begin_at     BIGINT,           -- mail that arrived earlier is not ours; null: everything
    begun        BOOLEAN NOT NULL DEFAULT FALSE, -- begin_at alone says what is ours, in the folder that is read
    shadow       TEXT NOT NULL DEFAULT '', -- on: read and nothing done; off: a person switched it on for good
    shadow_at    BIGINT,           -- since when
    reconcile_at BIGINT,           -- a person or a restore asked for a reconciliation
    uidvalidity  BIGINT NOT NULL DEFAULT 0,
    last_poll_at BIGINT,
    last_ok_at   BIGINT,
    last_error   TEXT NOT NULL DEFAULT '',
    last_error_at BIGINT,
    last_error_kind TEXT NOT NULL DEFAULT '', -- login, or the step that failed
    send_error   TEXT NOT NULL DEFAULT '', -- why its mail can not leave, in words; empty when it can
    send_error_at BIGINT,
    waiting      BIGINT NOT NULL DEFAULT 0, -- messages in the folder at the last poll
    no_acks_before BIGINT NOT NULL DEFAULT 0, -- mail that arrived earlier is never acknowledged: the database was restored, and it may have been
    created_at   BIGINT NOT NULL
);

-- Mailboxes that were made on the site: how each is reached. Its state and mail are those of the mailbox of that name.
CREATE TABLE connection (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    address    TEXT NOT NULL UNIQUE,
    enabled    BOOLEAN NOT NULL,
    settings   TEXT NOT NULL, -- tracker.ConnectionSettings as JSON
    secrets    TEXT NOT NULL, -- tracker.ConnectionSecrets as JSON, sealed with the key file; empty for none
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- Mails by which a mailbox is tried: a round trip, or forged headers sent from outside.
CREATE TABLE probe (
    id         INTEGER PRIMARY KEY,
    mailbox_id BIGINT NOT NULL REFERENCES mailbox (id),
    kind       TEXT NOT NULL, -- round, headers
    nonce      TEXT NOT NULL UNIQUE,
    mail_id    TEXT NOT NULL,
    account_id BIGINT REFERENCES account (id), -- who tries; null: the command line
    forged_id  TEXT NOT NULL, -- of a header test: in whose name verdicts are forged; empty as Exchange writes it
    outside    TEXT NOT NULL, -- of a header test: the address it is sent from
    sent       TEXT NOT NULL DEFAULT '', -- the server's answer
    sent_at    BIGINT,
    trouble    TEXT NOT NULL DEFAULT '',
    result     TEXT NOT NULL DEFAULT '', -- tracker.HeaderTest as JSON
    inbox_from BIGINT NOT NULL, -- its mail has a greater inbox id
    created_at BIGINT NOT NULL,
    ended_at   BIGINT
);
CREATE INDEX probe_mailbox ON probe (mailbox_id, kind, id);

-- The folders of a mailbox that are looked into, each numbered on its own.
CREATE TABLE mailbox_folder (
    mailbox_id     BIGINT NOT NULL REFERENCES mailbox (id),
    name           TEXT NOT NULL, -- as the server calls it
    role           TEXT NOT NULL, -- inbox, junk, processed
    begin_at       BIGINT,        -- mail that arrived earlier is not ours; null: everything
    begin_uid      BIGINT NOT NULL DEFAULT 0, -- first UID that is ours, under begin_validity
    begin_validity BIGINT NOT NULL DEFAULT 0,
    begun          BOOLEAN NOT NULL,
    uidvalidity    BIGINT NOT NULL DEFAULT 0,
    looked_at      BIGINT,        -- the last look, with its numbers
    messages       BIGINT NOT NULL DEFAULT 0, -- in the folder
    waiting        BIGINT NOT NULL DEFAULT 0, -- of them: ours, and not taken yet
    vanished       BIGINT NOT NULL DEFAULT 0, -- ever: listed, and gone before they could be fetched
    vanished_at    BIGINT,
    found          BIGINT NOT NULL DEFAULT 0, -- ever: taken by a reconciliation of this folder
    found_last     BIGINT NOT NULL DEFAULT 0, -- of them: by the last one
    reconciled_at  BIGINT,
    checked_uid    BIGINT NOT NULL DEFAULT 0, -- up to which a reconciliation compared it, under uidvalidity
    PRIMARY KEY (mailbox_id, name)
);

-- Whom a mailbox signs in as, where a person signed in by device code: the newest refresh token is the highest n.
CREATE TABLE mailbox_grant (
    mailbox    TEXT NOT NULL, -- its name: a grant may come before the first start
    n          BIGINT NOT NULL,
    client_id  TEXT NOT NULL,
    subject    TEXT NOT NULL, -- who signed in, as the token endpoint says
    refresh    TEXT NOT NULL, -- sealed with the key file
    signed_at  BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL, -- when it last gave a token, to an hour
    refused_at BIGINT,          -- since when it is refused
    refused    TEXT NOT NULL DEFAULT '', -- why, in words
    PRIMARY KEY (mailbox, n)
);

-- Every mail that was ever taken, and what became of it. The states are in docs/design.md.
CREATE TABLE inbox (
    id          INTEGER PRIMARY KEY,
    mailbox_id  BIGINT NOT NULL REFERENCES mailbox (id),
    folder      TEXT NOT NULL DEFAULT '', -- where it lay; '' where handed over by the ingest command
    uidvalidity BIGINT,           -- null: handed over by the ingest command
    uid         BIGINT,
    digest      TEXT NOT NULL REFERENCES blob (digest),
    size        BIGINT NOT NULL,
    mail_id     TEXT NOT NULL DEFAULT '', -- Message-ID, as its header was read when it was kept
    received_at BIGINT NOT NULL,  -- INTERNALDATE, never later than our clock
    kept_at     BIGINT NOT NULL,
    state       TEXT NOT NULL,    -- kept, working, done
    attempts    BIGINT NOT NULL DEFAULT 0,
    fence       BIGINT NOT NULL DEFAULT 0, -- of the lease under which it is being worked
    retry_at    BIGINT,           -- it was put off until then; stays while it is tried again
    hold        TEXT NOT NULL DEFAULT '', -- why a person must decide whatever it says: it was in the Junk folder
    quiet       BOOLEAN NOT NULL DEFAULT FALSE, -- nothing is answered by itself: it may have been before
    rehearsal   TEXT NOT NULL DEFAULT '', -- in shadow mode: what would be done, tracker.Rehearsal as JSON
    fate        TEXT NOT NULL DEFAULT '', -- new, append, revision, duplicate, pending, none, quarantine, shadow
    class       TEXT NOT NULL DEFAULT '',
    sender      TEXT NOT NULL DEFAULT '',
    subject     TEXT NOT NULL DEFAULT '',
    reason      TEXT NOT NULL DEFAULT '', -- why this fate, in words
    ticket_id   BIGINT,
    acks        BIGINT NOT NULL DEFAULT 0,
    commands    BIGINT NOT NULL DEFAULT 0,
    done_at     BIGINT,
    moved_at    BIGINT,           -- the mailbox's copy is dealt with: moved, or found gone
    resolved_by BIGINT,           -- the account that decided
    decision    TEXT NOT NULL DEFAULT '', -- what was decided: retried, discarded, ignored, opened, attached, approved, rejected; ignored without an account: by a rule
    reason_before TEXT NOT NULL DEFAULT '', -- the reason that a decision took the place of
    erased_at   BIGINT,           -- the raw mail and its text are gone: its ticket or its author was erased
    UNIQUE (mailbox_id, folder, uidvalidity, uid)
);
CREATE INDEX inbox_open ON inbox (mailbox_id, id) WHERE state <> 'done';
CREATE INDEX inbox_late ON inbox (id) WHERE retry_at IS NOT NULL AND state <> 'done';
CREATE INDEX inbox_unmoved ON inbox (mailbox_id, folder, uidvalidity, uid) WHERE moved_at IS NULL AND uid IS NOT NULL;
CREATE INDEX inbox_fate ON inbox (fate, id);
CREATE INDEX inbox_digest ON inbox (digest);
CREATE INDEX inbox_mail ON inbox (mail_id) WHERE mail_id <> '';
-- For the ledger's filters; what is common is found by walking back.
CREATE INDEX inbox_mailbox ON inbox (mailbox_id, id);
CREATE INDEX inbox_sender ON inbox (sender, id) WHERE sender <> '';
CREATE INDEX inbox_class ON inbox (class, id) WHERE class <> 'human' AND class <> '';
-- How many mails of a mailbox were taken, and how many have each fate: written with every such change.
CREATE TABLE inbox_tally (
    mailbox_id BIGINT NOT NULL REFERENCES mailbox (id),
    what       TEXT NOT NULL, -- taken, or a fate
    n          BIGINT NOT NULL,
    PRIMARY KEY (mailbox_id, what)
);
-- Senders whose mail opens no ticket.
CREATE TABLE sender_rule (
    id         INTEGER PRIMARY KEY,
    pattern    TEXT NOT NULL UNIQUE, -- an address, or @ and a domain, which covers what is below it
    reason     TEXT NOT NULL,
    account_id BIGINT NOT NULL REFERENCES account (id),
    created_at BIGINT NOT NULL,
    hits       BIGINT NOT NULL DEFAULT 0,
    hit_at     BIGINT
);

-- Several alike reports of different people within an hour: tickets that name it are answered as one. See tracker/burst.go.
CREATE TABLE burst (
    id         INTEGER PRIMARY KEY,
    since      BIGINT NOT NULL, -- when the first of them arrived
    last_at    BIGINT NOT NULL, -- and the last
    people     BIGINT NOT NULL, -- how many different ones
    reason     TEXT NOT NULL,   -- in words, with the tickets' numbers: why a star is suggested
    created_at BIGINT NOT NULL
);

CREATE TABLE ticket (
    id               INTEGER PRIMARY KEY AUTOINCREMENT, -- never given again
    number           BIGINT NOT NULL UNIQUE,
    subject          TEXT NOT NULL,
    stage            TEXT NOT NULL, -- requested, in_progress, confirming, completed, dropped
    level            BIGINT NOT NULL, -- 1 an inconvenience, 2 part of the work is impeded, 3 a major part is impossible
    star             BOOLEAN NOT NULL,
    triaged_at       BIGINT,
    suggested_level  BIGINT NOT NULL DEFAULT 1,
    suggested_star   BOOLEAN NOT NULL DEFAULT FALSE,
    suggested_reason TEXT NOT NULL DEFAULT '',
    burst_id         BIGINT REFERENCES burst (id),  -- it is one of several alike
    burst_out        BOOLEAN NOT NULL DEFAULT FALSE, -- a person says that it is not
    burst_person     TEXT NOT NULL DEFAULT '',       -- whom it counts for there: see personOf
    client_id        BIGINT REFERENCES client (id), -- null: unknown (via form)
    client_address   TEXT NOT NULL DEFAULT '',      -- where answers go
    for_client_id    BIGINT REFERENCES client (id), -- whom we support; null: the requester
    assignee_id      BIGINT REFERENCES account (id),
    category_id      BIGINT REFERENCES category (id),
    mailbox_id       BIGINT REFERENCES mailbox (id),
    fix              TEXT NOT NULL DEFAULT '',
    fixed_at         BIGINT,
    drop_reason      TEXT NOT NULL DEFAULT '',
    summary          TEXT NOT NULL DEFAULT '',      -- what it was and why, one sentence for a manager
    workaround       BOOLEAN NOT NULL DEFAULT FALSE, -- the fix is one: to be fixed properly
    workaround_at    BIGINT,                         -- since when
    workaround_done_at BIGINT,                       -- fixed properly, or left to another ticket
    unconfirmed      BOOLEAN NOT NULL DEFAULT FALSE,
    news             BOOLEAN NOT NULL DEFAULT FALSE, -- the client wrote and nobody has answered or looked
    waiting          TEXT NOT NULL DEFAULT '', -- on whom: client, vendor
    waiting_since    BIGINT,
    vendor_id        BIGINT,                   -- on which vendor, a location of that kind; null: not said
    vendor           TEXT NOT NULL DEFAULT '', -- its name
    expected_on      TEXT NOT NULL DEFAULT '', -- the day on which the vendor is to be through, 2026-11-22
    reminded         BIGINT NOT NULL DEFAULT 0, -- how often the client was reminded in this wait,
    reminded_at      BIGINT,                    -- and when the last time
    nudged_at        BIGINT,                    -- the assignee was told that this wait is long
    due_at           BIGINT,                    -- by hand
    due_day          BOOLEAN NOT NULL DEFAULT FALSE, -- of due_at only the day was given: it is the end of that
    first_answer_at  BIGINT,                    -- the first words of a person to the client: a mail, a call, a visit
    respond_by       BIGINT,                    -- by the response targets; see docs/design.md
    solve_by         BIGINT,
    target_basis     BIGINT NOT NULL DEFAULT 0, -- digest of the targets and hours by which these were counted; 0: none
    deadline         BIGINT,                    -- the nearest of those that still run; null: none
    respond_missed_at BIGINT,
    solve_missed_at  BIGINT,
    due_missed_at    BIGINT,
    missed_told      BOOLEAN NOT NULL DEFAULT TRUE, -- somebody was told of what was missed, or need not be
    opened_at        BIGINT NOT NULL, -- when the mail arrived
    stage_at         BIGINT NOT NULL,
    closed_at        BIGINT,
    archived_at      BIGINT,
    keep             BOOLEAN NOT NULL DEFAULT FALSE, -- by a person's wish: the purge leaves it alone
    merged_into_id   BIGINT REFERENCES ticket (id), -- it is a duplicate: its conversation is in that one
    parent_id        BIGINT REFERENCES ticket (id), -- the problem behind it; parents have none
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    version          BIGINT NOT NULL DEFAULT 1,
    CHECK (level BETWEEN 1 AND 3 AND (level = 3 OR NOT star)),
    CHECK ((stage IN ('completed', 'dropped')) = (closed_at IS NOT NULL))
);
-- The order of the board's columns, and of its closed ones.
CREATE INDEX ticket_board ON ticket (stage, star DESC, level DESC, opened_at, id) WHERE archived_at IS NULL;
CREATE INDEX ticket_closed ON ticket (stage, closed_at, id) WHERE archived_at IS NULL;
-- Lists show what is not archived: of many years' tickets some thousands.
CREATE INDEX ticket_live ON ticket (id) WHERE archived_at IS NULL;
-- What has an end in sight, and what waits: few of the live ones.
CREATE INDEX ticket_deadline ON ticket (deadline, id) WHERE deadline IS NOT NULL;
CREATE INDEX ticket_waiting ON ticket (waiting, id) WHERE waiting <> '';
CREATE INDEX ticket_untold ON ticket (id) WHERE NOT missed_told;
-- For counts over a period: what was opened in it, by category and person, and what was solved in it.
CREATE INDEX ticket_opened ON ticket (opened_at, merged_into_id);
CREATE INDEX ticket_category ON ticket (category_id, opened_at, merged_into_id);
CREATE INDEX ticket_asked ON ticket (client_id, opened_at, merged_into_id);
CREATE INDEX ticket_solved ON ticket (closed_at, opened_at, fixed_at) WHERE stage = 'completed';
CREATE INDEX ticket_answered ON ticket (first_answer_at, opened_at) WHERE first_answer_at IS NOT NULL;
CREATE INDEX ticket_client ON ticket (client_id, id);
CREATE INDEX ticket_assignee ON ticket (assignee_id, id);
CREATE INDEX ticket_for ON ticket (for_client_id, id) WHERE for_client_id IS NOT NULL;
CREATE INDEX ticket_workaround ON ticket (workaround_at, id) WHERE workaround AND workaround_done_at IS NULL;
CREATE INDEX ticket_unsaid ON ticket (closed_at, id) WHERE stage = 'completed' AND summary = '';
CREATE INDEX ticket_burst ON ticket (burst_id, opened_at, id, burst_person) WHERE burst_id IS NOT NULL;
CREATE INDEX ticket_archived ON ticket (archived_at, id) WHERE archived_at IS NOT NULL;
CREATE INDEX ticket_merged ON ticket (merged_into_id) WHERE merged_into_id IS NOT NULL;
CREATE INDEX ticket_parent ON ticket (parent_id, id) WHERE parent_id IS NOT NULL;

-- Of each duplicate what it was, and what went to the other ticket, so that it can be taken back.
CREATE TABLE ticket_merge (
    ticket_id  BIGINT PRIMARY KEY REFERENCES ticket (id), -- the duplicate
    into_id    BIGINT NOT NULL REFERENCES ticket (id),
    detail     TEXT NOT NULL, -- tracker.mergeDetail as JSON: ids, stage and times
    account_id BIGINT,
    at         BIGINT NOT NULL
);
CREATE INDEX ticket_merge_into ON ticket_merge (into_id);

-- What was decided about a problem that recurs.
CREATE TABLE recurrence (
    key        TEXT PRIMARY KEY, -- asset:7, person:12:3 (whose, which category), words:3:HASH (which category)
    client_id  BIGINT REFERENCES client (id), -- of a person's
    ticket_id  BIGINT REFERENCES ticket (id), -- opened for its cause; null: it was set aside
    account_id BIGINT REFERENCES account (id), -- who decided
    at         BIGINT NOT NULL
);
CREATE INDEX recurrence_ticket ON recurrence (ticket_id) WHERE ticket_id IS NOT NULL;
CREATE INDEX recurrence_client ON recurrence (client_id) WHERE client_id IS NOT NULL;

-- Requests that recur: what a ticket opened from one begins with.
CREATE TABLE ticket_template (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    body        TEXT NOT NULL DEFAULT '', -- becomes a pinned note: what is to be done
    level       BIGINT NOT NULL DEFAULT 0, -- 0: decided later
    star        BOOLEAN NOT NULL DEFAULT FALSE,
    category_id BIGINT REFERENCES category (id),
    assignee_id BIGINT REFERENCES account (id),
    children    TEXT NOT NULL DEFAULT '', -- a subject a line: a ticket below it each
    created_at  BIGINT NOT NULL,
    version     BIGINT NOT NULL DEFAULT 1
);

-- Tickets that were deleted: their numbers stay taken, and what named their ids still finds the number.
CREATE TABLE tombstone (
    id         INTEGER PRIMARY KEY,
    uid        TEXT NOT NULL UNIQUE,   -- random: the same in the journal of erasures, which outlives a restore
    number     BIGINT NOT NULL UNIQUE,
    ticket_id  BIGINT UNIQUE,          -- the id that it had; null: it was not in the backup that was restored
    created_at BIGINT NOT NULL,        -- of the ticket
    cause      TEXT NOT NULL,          -- deleted, purged, erased
    reason     TEXT NOT NULL DEFAULT '',
    account_id BIGINT,                 -- by whom; null: by the clock, or with a person
    messages   BIGINT NOT NULL DEFAULT 0, -- how many there were,
    notes      BIGINT NOT NULL DEFAULT 0,
    files      BIGINT NOT NULL DEFAULT 0,
    sent       BIGINT NOT NULL DEFAULT 0, -- and how many mails of ours had left
    deleted_at BIGINT NOT NULL
);
-- Erasures of people. Addresses are keyed hashes: see tracker/erased.
CREATE TABLE erasure (
    id         INTEGER PRIMARY KEY,
    uid        TEXT NOT NULL UNIQUE,
    client_id  BIGINT,                 -- whose row was emptied; null: nobody was found by these addresses
    addresses  TEXT NOT NULL,          -- a keyed hash a line
    keep       BOOLEAN NOT NULL,       -- their tickets stay without their words
    account_id BIGINT,                 -- by whom; null: by a command, or after a restore
    begun_at   BIGINT NOT NULL,
    step       BIGINT NOT NULL DEFAULT 0, -- how far it was a moment ago
    steps      BIGINT NOT NULL DEFAULT 0,
    done_at    BIGINT
);
-- What was erased and may come again: hashes of mails, by which a further copy is known.
CREATE TABLE gone_mail (
    hash    TEXT PRIMARY KEY, -- an identity (see message), bytes: and the digest of a raw mail, id: and the hash of a Message-ID
    content TEXT NOT NULL DEFAULT '', -- of an identity: the digest of the body
    own     BOOLEAN NOT NULL, -- we sent it
    uid     TEXT NOT NULL     -- of the tombstone or erasure
);
CREATE INDEX gone_mail_uid ON gone_mail (uid);

-- Who besides the requester takes part.
CREATE TABLE participant (
    ticket_id BIGINT NOT NULL REFERENCES ticket (id),
    client_id BIGINT NOT NULL REFERENCES client (id),
    added_by  BIGINT,
    added_at  BIGINT NOT NULL,
    PRIMARY KEY (ticket_id, client_id)
);
-- Technicians who are told of a ticket as if it were theirs.
CREATE TABLE watcher (
    ticket_id  BIGINT NOT NULL REFERENCES ticket (id),
    account_id BIGINT NOT NULL REFERENCES account (id),
    at         BIGINT NOT NULL,
    PRIMARY KEY (ticket_id, account_id)
);
CREATE INDEX watcher_account ON watcher (account_id, ticket_id);
-- Who has a ticket's page before them now: a row an open page. It is no state of the desk, and has no events.
CREATE TABLE presence (
    page       TEXT PRIMARY KEY, -- random, of one open page
    ticket_id  BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    doing      TEXT NOT NULL,   -- look, reply, note, fix
    n          BIGINT NOT NULL, -- grows with each beat: who looks tells by that whether it lives
    at         BIGINT NOT NULL
);

CREATE TABLE message (
    id           INTEGER PRIMARY KEY AUTOINCREMENT, -- never given again
    ticket_id    BIGINT REFERENCES ticket (id), -- null: held without a ticket
    direction    TEXT NOT NULL, -- in, out
    state        TEXT NOT NULL, -- shown, kept (a technician's mail with commands: for nobody outside), held, rejected, superseded
    held_reason  TEXT NOT NULL DEFAULT '',
    checks       TEXT NOT NULL DEFAULT '', -- of a held mail: the conditions it was measured by, and which held: from=1 token=0
    inbox_id     BIGINT REFERENCES inbox (id),
    client_id    BIGINT REFERENCES client (id),   -- who wrote it, or null
    account_id   BIGINT REFERENCES account (id),  -- the technician who wrote it, or null
    from_name    TEXT NOT NULL,
    from_address TEXT NOT NULL,
    to_line      TEXT NOT NULL DEFAULT '',
    cc_line      TEXT NOT NULL DEFAULT '',
    subject      TEXT NOT NULL,
    body         TEXT NOT NULL, -- the author's new words
    quoted       TEXT NOT NULL DEFAULT '',
    class        TEXT NOT NULL DEFAULT 'human',
    class_reason TEXT NOT NULL DEFAULT '',
    form         TEXT NOT NULL DEFAULT '', -- tracker.Form as JSON
    forwarded    TEXT NOT NULL DEFAULT '', -- tracker.Forwarded as JSON
    defects      TEXT NOT NULL DEFAULT '', -- what was damaged, a line each
    notes        TEXT NOT NULL DEFAULT '', -- signed, encrypted, unpacked, a line each
    digest       TEXT NOT NULL DEFAULT '', -- of the raw mail
    mail_id      TEXT NOT NULL DEFAULT '', -- Message-ID without brackets
    thread_index TEXT NOT NULL DEFAULT '', -- Outlook's, as base64
    thread_topic TEXT NOT NULL DEFAULT '',
    identity     TEXT NOT NULL DEFAULT '', -- what makes it the same item: see Receive
    content      TEXT NOT NULL DEFAULT '', -- digest of the body, to tell revisions from duplicates
    form_key     TEXT NOT NULL DEFAULT '', -- digest of a form's answers
    revision_of  BIGINT,
    sent_date    BIGINT, -- the Date header, only shown
    once         TEXT NOT NULL DEFAULT '', -- random, of the form that it was written in: sent again, it is the same answer
    erased_at    BIGINT, -- the raw mail and somebody's words were taken out of it
    pinned_at    BIGINT, -- shown above the conversation since then,
    pinned_by    BIGINT, -- by this account's wish
    at           BIGINT NOT NULL
);
CREATE INDEX message_ticket ON message (ticket_id, id);
CREATE INDEX message_identity ON message (identity) WHERE identity <> '';
CREATE INDEX message_form ON message (form_key) WHERE form_key <> '';
CREATE UNIQUE INDEX message_once ON message (once) WHERE once <> '';
CREATE INDEX message_held ON message (id) WHERE state = 'held';
CREATE INDEX message_client ON message (client_id, id);

-- Every Message-ID that belongs to a ticket, and every one that its mails named.
CREATE TABLE message_ref (
    ref       TEXT NOT NULL,
    ticket_id BIGINT NOT NULL REFERENCES ticket (id),
    known     BOOLEAN NOT NULL, -- a mail that we hold or sent; otherwise only referred to
    PRIMARY KEY (ref, ticket_id)
);

-- Every Outlook conversation (the GUID of Thread-Index) that a ticket's mails belong to, and under which topics.
CREATE TABLE conversation (
    guid      TEXT NOT NULL,
    ticket_id BIGINT NOT NULL REFERENCES ticket (id),
    topic     TEXT NOT NULL, -- digest of the subject without prefixes
    PRIMARY KEY (guid, ticket_id, topic)
);

CREATE TABLE attachment (
    id           INTEGER PRIMARY KEY,
    uid          TEXT NOT NULL UNIQUE, -- random, in links
    message_id   BIGINT NOT NULL REFERENCES message (id),
    role         TEXT NOT NULL, -- file, inline, html, aside
    name         TEXT NOT NULL,
    content_type TEXT NOT NULL,
    charset      TEXT NOT NULL DEFAULT '',
    content_id   TEXT NOT NULL DEFAULT '',
    encoding     TEXT NOT NULL DEFAULT '',
    digest       TEXT NOT NULL,  -- the blob of which this is a range
    start        BIGINT NOT NULL, -- bytes
    length       BIGINT NOT NULL, -- encoded bytes
    cuts         TEXT NOT NULL DEFAULT '', -- ranges of what that is decoded to, for files within something wrapped
    size         BIGINT NOT NULL  -- decoded bytes
);
CREATE INDEX attachment_message ON attachment (message_id, id);
CREATE INDEX attachment_digest ON attachment (digest);

CREATE TABLE note (
    id         INTEGER PRIMARY KEY AUTOINCREMENT, -- never given again
    ticket_id  BIGINT NOT NULL REFERENCES ticket (id),
    account_id BIGINT REFERENCES account (id), -- null: written by the system
    kind       TEXT NOT NULL, -- note, phone, in_person, finding, system
    body       TEXT NOT NULL,
    once       TEXT NOT NULL DEFAULT '', -- as of a message
    pinned_at  BIGINT, -- as of a message
    pinned_by  BIGINT,
    at         BIGINT NOT NULL,
    version    BIGINT NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX note_once ON note (once) WHERE once <> '';
CREATE INDEX note_ticket ON note (ticket_id, id);

-- What is known of a ticket, an item a row: the checklist (who, what, doing, when, repeat, effect, asset), and the
-- diagnosis (understood, seen, elsewhere, error, logs, ruled_out, cause, prevent). A row without a value was emptied.
CREATE TABLE fact (
    id         INTEGER PRIMARY KEY,
    ticket_id  BIGINT NOT NULL REFERENCES ticket (id),
    item       TEXT NOT NULL,
    value      TEXT NOT NULL,
    source     TEXT NOT NULL, -- form, mail, reply, requester, technician
    guess      BOOLEAN NOT NULL DEFAULT FALSE, -- by a rule that may err
    message_id BIGINT REFERENCES message (id), -- where it was said
    account_id BIGINT REFERENCES account (id), -- who wrote it down
    thing_id   BIGINT NOT NULL DEFAULT 0,      -- of asset: which, of who: which client; 0: not known
    at         BIGINT NOT NULL,
    version    BIGINT NOT NULL DEFAULT 1,
    UNIQUE (ticket_id, item)
);
CREATE INDEX fact_message ON fact (message_id) WHERE message_id IS NOT NULL;
-- What a client was asked about a ticket: the missing items, or whether we understood.
CREATE TABLE question (
    id          INTEGER PRIMARY KEY,
    ticket_id   BIGINT NOT NULL REFERENCES ticket (id),
    kind        TEXT NOT NULL, -- ask, understood
    items       TEXT NOT NULL, -- in the order in which they were numbered, with commas
    message_id  BIGINT REFERENCES message (id), -- that asked; null: the acknowledgement
    answer_id   BIGINT REFERENCES message (id), -- that answered
    asked_at    BIGINT NOT NULL,
    answered_at BIGINT
);
CREATE INDEX question_ticket ON question (ticket_id, id);

-- Append-only: who changed what. No personal text beyond references.
CREATE TABLE event (
    id         INTEGER PRIMARY KEY,
    at         BIGINT NOT NULL,
    actor      TEXT NOT NULL, -- system, account:7, client:12
    subject    TEXT NOT NULL, -- ticket, client, account, inbox, outbox, mailbox, setting, asset, model, location, work_order, …
    subject_id BIGINT NOT NULL,
    kind       TEXT NOT NULL, -- opened, stage, priority, ...
    was        TEXT NOT NULL DEFAULT '',
    became     TEXT NOT NULL DEFAULT ''
);
CREATE INDEX event_subject ON event (subject, subject_id, id);
-- For the audit page, which reads by time: what is common is found without an index of its own.
CREATE INDEX event_at ON event (at, id);
CREATE INDEX event_actor ON event (actor, at, id) WHERE actor <> 'system';
CREATE INDEX event_about ON event (subject, at, id) WHERE subject <> 'ticket';
CREATE INDEX event_kind ON event (kind, at, id) WHERE kind <> 'opened' AND kind <> 'sent' AND kind <> 'stage';

-- Reply tokens: 128 random bits, only their SHA-256 is kept.
CREATE TABLE reply_token (
    hash       TEXT PRIMARY KEY,
    ticket_id  BIGINT NOT NULL REFERENCES ticket (id),
    client_id  BIGINT,
    account_id BIGINT,
    outbox_id  BIGINT NOT NULL,
    revoked_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX reply_token_ticket ON reply_token (ticket_id);
CREATE INDEX reply_token_account ON reply_token (account_id) WHERE account_id IS NOT NULL AND revoked_at IS NULL;

-- Links to the employee's page of a ticket, one a mail: 128 random bits, only their SHA-256 is kept.
CREATE TABLE client_link (
    hash       TEXT PRIMARY KEY,
    ticket_id  BIGINT NOT NULL REFERENCES ticket (id),
    client_id  BIGINT NOT NULL,
    outbox_id  BIGINT NOT NULL, -- the mail that carries it
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX client_link_ticket ON client_link (ticket_id, client_id);
CREATE INDEX client_link_client ON client_link (client_id);
CREATE INDEX client_link_expires ON client_link (expires_at);
-- Codes by which people prove an address: hashed together with what only the asking browser has.
CREATE TABLE client_code (
    id         INTEGER PRIMARY KEY,
    challenge  TEXT NOT NULL UNIQUE, -- SHA-256 of the browser's cookie
    client_id  BIGINT NOT NULL,
    hash       TEXT NOT NULL DEFAULT '', -- of challenge and code, once the mail is rendered
    tries      BIGINT NOT NULL DEFAULT 0,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX client_code_client ON client_code (client_id);
-- Who has proved an address with a code, and may see all their requests for a while.
CREATE TABLE client_session (
    hash       TEXT PRIMARY KEY, -- SHA-256 of the cookie
    client_id  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX client_session_client ON client_session (client_id);
-- How content people were with what was done.
CREATE TABLE satisfaction (
    id        INTEGER PRIMARY KEY,
    ticket_id BIGINT NOT NULL REFERENCES ticket (id),
    client_id BIGINT NOT NULL,
    score     BIGINT NOT NULL, -- 1 not, 2 so-so, 3 content
    comment   TEXT NOT NULL DEFAULT '',
    at        BIGINT NOT NULL,
    UNIQUE (ticket_id, client_id),
    CHECK (score BETWEEN 1 AND 3)
);
CREATE INDEX satisfaction_client ON satisfaction (client_id);
CREATE INDEX satisfaction_at ON satisfaction (at);

-- Every mail that we owe, and what became of it. The states are in docs/design.md.
CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT, -- never given again
    kind        TEXT NOT NULL,   -- reply, notice, ack, notify, account, remind, due, code, closed, commands, digest
    priority    BIGINT NOT NULL, -- 1 people's replies, 2 system notices to technicians, 3 acknowledgements, 4 notifications
    state       TEXT NOT NULL,   -- queued, sending, sent, uncertain, dead, cancelled, held
    due_at      BIGINT NOT NULL,
    attempts    BIGINT NOT NULL DEFAULT 0,
    mailbox_id  BIGINT NOT NULL REFERENCES mailbox (id),
    ticket_id   BIGINT REFERENCES ticket (id),
    message_id  BIGINT REFERENCES message (id), -- what it carries or announces
    client_id   BIGINT,
    account_id  BIGINT,
    to_address  TEXT NOT NULL,
    to_name     TEXT NOT NULL DEFAULT '',
    detail      TEXT NOT NULL DEFAULT '', -- JSON, what rendering needs beside the ticket
    mail_id     TEXT NOT NULL DEFAULT '', -- our Message-ID, once rendered
    thread_index TEXT NOT NULL DEFAULT '', -- Outlook's, once rendered
    digest      TEXT NOT NULL DEFAULT '', -- the rendered bytes
    fence       BIGINT NOT NULL DEFAULT 0,
    sending_at  BIGINT,
    sent_at     BIGINT,
    response    TEXT NOT NULL DEFAULT '', -- the server's last words
    sought_from BIGINT,          -- since when the Sent folder is looked through for it, while uncertain
    sought_at   BIGINT,          -- the last time
    server_mail_id TEXT NOT NULL DEFAULT '', -- the Message-ID that the server put in its 250
    bounce      TEXT NOT NULL DEFAULT '', -- what mail servers told us later: delayed, failed; empty for nothing, or that it arrived
    bounce_at   BIGINT,
    bounce_reason TEXT NOT NULL DEFAULT '', -- in words
    created_at  BIGINT NOT NULL
);
CREATE INDEX outbox_due ON outbox (priority, due_at, id) WHERE state = 'queued';
CREATE INDEX outbox_open ON outbox (state, id) WHERE state <> 'sent';
CREATE INDEX outbox_ticket ON outbox (ticket_id, id);
CREATE INDEX outbox_to ON outbox (to_address, id);
CREATE INDEX outbox_message ON outbox (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX outbox_digest ON outbox (digest) WHERE digest <> '';
CREATE INDEX outbox_bounce ON outbox (bounce_at) WHERE bounce <> '';
CREATE INDEX outbox_mail ON outbox (mail_id) WHERE mail_id <> '';
CREATE INDEX outbox_server_mail ON outbox (server_mail_id) WHERE server_mail_id <> '';
CREATE INDEX outbox_notify ON outbox (account_id) WHERE kind = 'notify' AND state = 'queued';
CREATE INDEX outbox_account ON outbox (account_id, id) WHERE kind = 'account';
CREATE INDEX outbox_due_told ON outbox (created_at) WHERE kind = 'due';
CREATE INDEX outbox_acks ON outbox (to_address, created_at) WHERE kind = 'ack';
-- Answers that their author can take back still: what the ticket was before, to be put back.
CREATE TABLE take_back (
    message_id BIGINT PRIMARY KEY REFERENCES message (id),
    account_id BIGINT NOT NULL REFERENCES account (id),
    what       TEXT NOT NULL, -- reply, fix: the tab it was written in
    was        TEXT NOT NULL, -- JSON: the ticket's state before, without words
    due_at     BIGINT NOT NULL
);

-- What is linked with what, by hand or by an act: any two of ticket, client, asset, work_order. Each pair once, the lesser first.
CREATE TABLE link (
    a_kind     TEXT NOT NULL,
    a_id       BIGINT NOT NULL,
    b_kind     TEXT NOT NULL,
    b_id       BIGINT NOT NULL,
    created_by BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (a_kind, a_id, b_kind, b_id)
);
CREATE INDEX link_b ON link (b_kind, b_id, a_kind, a_id);

-- Files and photos that people added to a thing: asset, model, work_order, note, fix (by its ticket), look (the company's logo).
CREATE TABLE file (
    id           INTEGER PRIMARY KEY,
    uid          TEXT NOT NULL UNIQUE, -- random, in links
    owner_kind   TEXT NOT NULL,
    owner_id     BIGINT NOT NULL,
    name         TEXT NOT NULL,
    content_type TEXT NOT NULL, -- by its bytes, never by what the browser said
    digest       TEXT NOT NULL REFERENCES blob (digest),
    size         BIGINT NOT NULL, -- bytes
    account_id   BIGINT,
    created_at   BIGINT NOT NULL
);
CREATE INDEX file_owner ON file (owner_kind, owner_id, id);
CREATE INDEX file_digest ON file (digest);

-- A name on a filter of a list.
CREATE TABLE saved_view (
    id         INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id), -- whose it is
    shared     BOOLEAN NOT NULL DEFAULT FALSE, -- everybody sees it
    list       TEXT NOT NULL, -- tickets, assets, orders
    name       TEXT NOT NULL,
    query      TEXT NOT NULL, -- of the list's address
    position   BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    version    BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX saved_view_list ON saved_view (list, position, id);

-- Replies that are written once and used often.
CREATE TABLE canned (
    id         INTEGER PRIMARY KEY,
    account_id BIGINT REFERENCES account (id), -- whose own it is; null: everybody's
    title      TEXT NOT NULL,
    body       TEXT NOT NULL,  -- with placeholders: {first_name}
    language   TEXT NOT NULL DEFAULT '', -- as en or fr; '' for any
    used       BIGINT NOT NULL DEFAULT 0, -- how often it was sent
    used_at    BIGINT,
    created_at BIGINT NOT NULL,
    version    BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX canned_account ON canned (account_id);

-- Bulk actions, with what is needed to take them back.
CREATE TABLE bulk (
    id         INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id),
    list       TEXT NOT NULL, -- tickets, assets
    action     TEXT NOT NULL,
    detail     TEXT NOT NULL, -- JSON: of each row its id, what was, and its version afterwards; '' once it can not be undone
    done       BIGINT NOT NULL DEFAULT 0, -- how many rows were changed,
    same       BIGINT NOT NULL DEFAULT 0, -- were so already,
    refused    BIGINT NOT NULL DEFAULT 0, -- were refused,
    stayed     BIGINT NOT NULL DEFAULT 0, -- and were not undone
    at         BIGINT NOT NULL,
    undone_at  BIGINT
);
CREATE INDEX bulk_detail ON bulk (at) WHERE detail <> '';
CREATE INDEX bulk_account ON bulk (account_id, id);

-- Invitations and password resets: only the SHA-256 of what the mail carries is kept.
CREATE TABLE account_token (
    hash       TEXT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id),
    kind       TEXT NOT NULL, -- invite, reset
    expires_at BIGINT NOT NULL,
    used_at    BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX account_token_account ON account_token (account_id);

-- Inventory. Calendar dates are texts, 2026-11-22, '' where unknown.

-- Where things are: a tree.
CREATE TABLE location (
    id          INTEGER PRIMARY KEY,
    parent_id   BIGINT REFERENCES location (id),
    kind        TEXT NOT NULL, -- site, warehouse, room, vendor
    name        TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    path        TEXT NOT NULL, -- the names from the root, divided by " > "
    path_folded TEXT NOT NULL,
    archived_at BIGINT,
    created_at  BIGINT NOT NULL,
    version     BIGINT NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX location_path ON location (path_folded);
CREATE INDEX location_parent ON location (parent_id);

-- What a thing is: manufacturer and name are one model.
CREATE TABLE model (
    id                 INTEGER PRIMARY KEY,
    category           TEXT NOT NULL, -- computer, screen, phone, printer, network, server, audio_visual, part, service, other
    manufacturer       TEXT NOT NULL DEFAULT '',
    name               TEXT NOT NULL,
    folded             TEXT NOT NULL UNIQUE, -- manufacturer and name
    useful_life_months BIGINT NOT NULL DEFAULT 0, -- 0: not known
    min_on_hand        BIGINT NOT NULL DEFAULT 0,
    specs              TEXT NOT NULL DEFAULT '', -- a line "name: value" each
    archived_at        BIGINT,
    created_at         BIGINT NOT NULL,
    version            BIGINT NOT NULL DEFAULT 1
);

-- One thing, or several alike without serials that lie together (quantity). Its place, holder,
-- status and quantity are those of its last movement.
CREATE TABLE asset (
    id              INTEGER PRIMARY KEY,
    tag             TEXT NOT NULL,
    tag_folded      TEXT NOT NULL UNIQUE,
    model_id        BIGINT NOT NULL REFERENCES model (id),
    serial          TEXT NOT NULL DEFAULT '',
    serial_folded   TEXT NOT NULL DEFAULT '',
    parent_id       BIGINT REFERENCES asset (id), -- what it is a part of, or was split from
    hostname        TEXT NOT NULL DEFAULT '',
    hostname_folded TEXT NOT NULL DEFAULT '',
    purpose         TEXT NOT NULL DEFAULT '',
    specs           TEXT NOT NULL DEFAULT '',
    reference       TEXT NOT NULL DEFAULT '', -- the company's own, free
    purchased_on    TEXT NOT NULL DEFAULT '',
    cost            BIGINT, -- minor units of currency; null: not known
    estimated_value BIGINT,
    currency        TEXT NOT NULL DEFAULT '', -- ISO 4217
    warranty_until  TEXT NOT NULL DEFAULT '',
    end_of_life_on  TEXT NOT NULL DEFAULT '',
    import_ref      TEXT NOT NULL DEFAULT '',
    status          TEXT NOT NULL, -- stowed, deployed, maintenance, repair, retired, disposed
    location_id     BIGINT REFERENCES location (id),
    holder_id       BIGINT REFERENCES client (id),
    quantity        BIGINT NOT NULL,
    moves           BIGINT NOT NULL, -- the number of its last movement
    moved_at        BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    version         BIGINT NOT NULL DEFAULT 1, -- of everything but place, holder, status and quantity
    CHECK (quantity >= 0 AND (serial = '' OR quantity <= 1))
);
CREATE UNIQUE INDEX asset_serial ON asset (model_id, serial_folded) WHERE serial_folded <> '';
CREATE INDEX asset_serial_any ON asset (serial_folded) WHERE serial_folded <> '';
CREATE INDEX asset_hostname ON asset (hostname_folded) WHERE hostname_folded <> '';
CREATE INDEX asset_model ON asset (model_id, status, id);
CREATE INDEX asset_status ON asset (status, id);
CREATE INDEX asset_location ON asset (location_id, id);
CREATE INDEX asset_holder ON asset (holder_id, id);
CREATE INDEX asset_parent ON asset (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX asset_import ON asset (import_ref) WHERE import_ref <> '';

-- Append-only: where each thing went, when, why and by whom.
CREATE TABLE movement (
    id               INTEGER PRIMARY KEY,
    asset_id         BIGINT NOT NULL REFERENCES asset (id),
    n                BIGINT NOT NULL, -- 1, 2, 3 … of this asset
    at               BIGINT NOT NULL,
    kind             TEXT NOT NULL, -- register, stow, deploy, repair, maintain, back, split, join, retire, dispose, recover, count
    was_status       TEXT NOT NULL DEFAULT '',
    was_location_id  BIGINT,
    was_holder_id    BIGINT,
    was_quantity     BIGINT NOT NULL DEFAULT 0,
    status           TEXT NOT NULL,
    location_id      BIGINT,
    holder_id        BIGINT,
    quantity         BIGINT NOT NULL,
    other_id         BIGINT, -- of a split or join: the other asset
    reason           TEXT NOT NULL DEFAULT '',
    work_order_id    BIGINT,
    account_id       BIGINT, -- who did it; null: the system
    UNIQUE (asset_id, n)
);
CREATE INDEX movement_location ON movement (location_id, id) WHERE location_id IS NOT NULL;
CREATE INDEX movement_was_location ON movement (was_location_id, id) WHERE was_location_id IS NOT NULL;
CREATE INDEX movement_holder ON movement (holder_id, id) WHERE holder_id IS NOT NULL;
CREATE INDEX movement_was_holder ON movement (was_holder_id, id) WHERE was_holder_id IS NOT NULL;

-- Repairs and maintenance.
CREATE TABLE work_order (
    id            INTEGER PRIMARY KEY,
    number        BIGINT NOT NULL UNIQUE,
    kind          TEXT NOT NULL, -- repair, maintenance
    status        TEXT NOT NULL, -- planned, assessed, in_progress, waiting, done, written_off, cancelled
    asset_id      BIGINT REFERENCES asset (id),
    client_id     BIGINT REFERENCES client (id), -- for whom
    title         TEXT NOT NULL, -- what is wrong, in a line
    reason        TEXT NOT NULL DEFAULT '',
    resolution    TEXT NOT NULL DEFAULT '', -- what was done
    assignee_id   BIGINT REFERENCES account (id), -- by whom, in the house
    vendor_id     BIGINT REFERENCES location (id), -- or by which vendor
    under_warranty BOOLEAN NOT NULL DEFAULT FALSE,
    planned_on    TEXT NOT NULL DEFAULT '',
    currency      TEXT NOT NULL DEFAULT '',
    return_n      BIGINT, -- the asset's movement after which it went to repair: what it returns to
    opened_at     BIGINT NOT NULL,
    status_at     BIGINT NOT NULL,
    started_at    BIGINT,
    finished_at   BIGINT,
    created_by    BIGINT,
    updated_at    BIGINT NOT NULL,
    version       BIGINT NOT NULL DEFAULT 1,
    CHECK ((status IN ('done', 'written_off', 'cancelled')) = (finished_at IS NOT NULL))
);
CREATE INDEX work_order_status ON work_order (status, id);
CREATE INDEX work_order_asset ON work_order (asset_id, id);
CREATE INDEX work_order_client ON work_order (client_id, id);
CREATE INDEX work_order_assignee ON work_order (assignee_id, id);
CREATE TABLE work_order_note (
    id            INTEGER PRIMARY KEY,
    work_order_id BIGINT NOT NULL REFERENCES work_order (id),
    account_id    BIGINT REFERENCES account (id),
    body          TEXT NOT NULL,
    once          TEXT NOT NULL DEFAULT '', -- as of a message
    at            BIGINT NOT NULL
);
CREATE UNIQUE INDEX work_order_note_once ON work_order_note (once) WHERE once <> '';
CREATE INDEX work_order_note_order ON work_order_note (work_order_id, id);
-- What something costs: of a work order now, of requisitions and invoices later.
CREATE TABLE line (
    id         INTEGER PRIMARY KEY,
    owner_kind TEXT NOT NULL, -- work_order
    owner_id   BIGINT NOT NULL,
    kind       TEXT NOT NULL, -- part, labour, shipping, other
    text       TEXT NOT NULL,
    quantity   BIGINT NOT NULL, -- thousandths: 1.5 hours are 1500
    unit_cost  BIGINT NOT NULL, -- minor units
    account_id BIGINT,
    once       TEXT NOT NULL DEFAULT '', -- as of a message
    created_at BIGINT NOT NULL,
    CHECK (quantity > 0 AND unit_cost >= 0)
);
CREATE UNIQUE INDEX line_once ON line (once) WHERE once <> '';
CREATE INDEX line_owner ON line (owner_kind, owner_id, id);
INSERT INTO counter (name, value) VALUES ('work_order', 0), ('asset', 0);

-- Full-text search. A row here is a thing that can be found; its words are in search_words under the same id,
-- each behind the letter of its kind and the shelf (tracker/found.go) on which it stands.
CREATE TABLE search_doc (
    id      INTEGER PRIMARY KEY,
    kind    TEXT NOT NULL, -- ticket, client, asset, work_order
    ref     BIGINT NOT NULL,
    UNIQUE (kind, ref)
);
CREATE VIRTUAL TABLE search_words USING fts5 (words, content='', contentless_delete=1, detail=none, tokenize='ascii', prefix='6 7 8');
-- What must be indexed anew, in order. Only inserted into and deleted from, so that nobody waits for the indexer.
CREATE TABLE search_queue (
    id   INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    ref  BIGINT NOT NULL
);

-- +goose Down
SELECT 'helpdeskd does not go back: restore a backup instead';
