-- Sessions, conversations and feedback. Times are milliseconds since the Unix epoch. Forward only.
CREATE TABLE sessions (
    id                    TEXT    NOT NULL PRIMARY KEY,
    token_hash            BLOB    NOT NULL UNIQUE,
    name                  TEXT    NOT NULL,
    age_band              TEXT    NOT NULL,
    country               TEXT,
    locale                TEXT    NOT NULL,
    retention             TEXT    NOT NULL,
    created_ms            INTEGER NOT NULL,
    expires_ms            INTEGER NOT NULL,
    questionnaire_version TEXT,
    answers               TEXT    NOT NULL,
    topic                 TEXT,
    severity              TEXT,
    safety                INTEGER NOT NULL DEFAULT 0,
    cards                 INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX sessions_by_expiry ON sessions (expires_ms);

CREATE TABLE messages (
    row_id       INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id   TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    turn_id      TEXT    NOT NULL,
    variant_id   TEXT,
    author       TEXT    NOT NULL,
    text         TEXT    NOT NULL,
    completeness TEXT    NOT NULL,
    route        TEXT    NOT NULL,
    card         INTEGER,
    at_ms        INTEGER NOT NULL
) STRICT;
CREATE INDEX messages_by_session ON messages (session_id, row_id);

CREATE TABLE feedback (
    session_id TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    turn_id    TEXT    NOT NULL,
    helpful    INTEGER NOT NULL,
    preferred  TEXT,
    PRIMARY KEY (session_id, turn_id)
) STRICT;
