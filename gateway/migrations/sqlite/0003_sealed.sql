-- Sealed records. What earlier versions kept readable is removed: it cannot be sealed without the secrets that only
-- the browsers have. In clear are identifiers, times, the order of entries and the safety state, nothing else.
DROP TABLE feedback;
DROP TABLE messages;
DROP TABLE sessions;

CREATE TABLE sessions (
    id            TEXT    NOT NULL PRIMARY KEY,
    created_ms    INTEGER NOT NULL,
    expires_ms    INTEGER NOT NULL,
    safety        INTEGER NOT NULL,
    revision      INTEGER NOT NULL,
    last_sequence INTEGER NOT NULL,
    sealed        BLOB    NOT NULL
) STRICT;
CREATE INDEX sessions_by_expiry ON sessions (expires_ms);

-- The ways into a session: a cookie or a recovery phrase finds its row and unwraps the data key.
CREATE TABLE session_keys (
    lookup      BLOB    NOT NULL PRIMARY KEY,
    session_id  TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    wrapped_key BLOB    NOT NULL,
    created_ms  INTEGER NOT NULL
) STRICT;
CREATE INDEX session_keys_by_session ON session_keys (session_id);

CREATE TABLE entries (
    session_id TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    sequence   INTEGER NOT NULL,
    at_ms      INTEGER NOT NULL,
    sealed     BLOB    NOT NULL,
    PRIMARY KEY (session_id, sequence)
) STRICT;
