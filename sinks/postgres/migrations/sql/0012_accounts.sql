-- People who sign in, and what they are signed in with.

CREATE TABLE udi.account (
    name          text PRIMARY KEY CHECK (name <> ''),
    hospital      text NOT NULL CHECK (hospital <> ''),
    roles         text[] NOT NULL CHECK (cardinality(roles) > 0),
    password_hash text NOT NULL,
    failures      integer NOT NULL DEFAULT 0,
    locked_until  timestamptz,
    added_by      text NOT NULL,
    added_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_by      text,
    ended_at      timestamptz,
    CONSTRAINT account_ended_by_somebody CHECK ((ended_by IS NULL) = (ended_at IS NULL))
);
COMMENT ON TABLE udi.account IS 'People who may sign in: of one hospital, with roles. password_hash is argon2; failures since the last sign-in lock the account for a while.';

CREATE TABLE udi.web_session (
    token_hash bytea PRIMARY KEY,
    name       text NOT NULL REFERENCES udi.account,
    begun_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    ends_at    timestamptz NOT NULL
);
COMMENT ON TABLE udi.web_session IS 'Who is signed in: SHA-256 of the cookie''s token. Every gateway reads it; a row that has ended counts for nothing.';
CREATE INDEX web_session_of_account ON udi.web_session (name);

CREATE VIEW report.accounts AS
SELECT hospital, name, roles, locked_until, added_by, added_at, ended_by, ended_at FROM udi.account;
COMMENT ON VIEW report.accounts IS 'People who may sign in. Without what they sign in with.';

-- The board counts what came since an instant. Scans come in the order of this column: a few pages of index do.
CREATE INDEX scan_recorded ON udi.scan USING brin (recorded_at) WITH (pages_per_range = 32, autosummarize = on);
