-- Each migration from here on adds itself (migrations/env.py), and keeps what the services of those before it call: see
-- docs/adr/0013-served-revisions.md. One that can't deletes them here, and their services stop before it runs.
CREATE TABLE udi.served (revision text PRIMARY KEY);
COMMENT ON TABLE udi.served IS 'Revisions whose services run on these books: a service starts when its own is among them.';
