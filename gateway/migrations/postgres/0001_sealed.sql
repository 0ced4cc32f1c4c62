-- Sealed records. In clear are identifiers, times, the order of entries and the safety state, nothing else. Times are
-- milliseconds since the Unix epoch. Forward only; the same tables as in SQLite.
CREATE TABLE sessions (
    id            TEXT   NOT NULL PRIMARY KEY,
    created_ms    BIGINT NOT NULL,
    expires_ms    BIGINT NOT NULL,
    safety        BIGINT NOT NULL,
    revision      BIGINT NOT NULL,
    last_sequence BIGINT NOT NULL,
    sealed        BYTEA  NOT NULL
);
CREATE INDEX sessions_by_expiry ON sessions (expires_ms);

-- The ways into a session: a cookie or a recovery phrase finds its row and unwraps the data key.
CREATE TABLE session_keys (
    lookup      BYTEA  NOT NULL PRIMARY KEY,
    session_id  TEXT   NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    wrapped_key BYTEA  NOT NULL,
    created_ms  BIGINT NOT NULL
);
CREATE INDEX session_keys_by_session ON session_keys (session_id);

CREATE TABLE entries (
    session_id TEXT   NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    sequence   BIGINT NOT NULL,
    at_ms      BIGINT NOT NULL,
    sealed     BYTEA  NOT NULL,
    PRIMARY KEY (session_id, sequence)
);
