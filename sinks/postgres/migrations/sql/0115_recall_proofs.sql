-- Each proof that a recall was followed to its end stays, also when more units come and lines are open again.

CREATE TABLE udi.recall_proof (
    hospital          text NOT NULL,
    recall            text NOT NULL,
    n                 integer NOT NULL CHECK (n > 0),
    version           integer NOT NULL,
    level             text NOT NULL,
    lines             integer NOT NULL CHECK (lines >= 0),
    units             bigint NOT NULL CHECK (units >= 0),
    closed_by_persons integer NOT NULL CHECK (closed_by_persons >= 0),
    gone              integer NOT NULL CHECK (gone >= 0),
    ended             integer NOT NULL CHECK (ended >= 0),
    closed_at         timestamptz,
    hash              text NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$'),
    proven_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (hospital, recall, n),
    FOREIGN KEY (hospital, recall, version) REFERENCES udi.recall,
    CHECK (closed_by_persons + gone + ended = lines)
);
COMMENT ON TABLE udi.recall_proof IS 'Each time that every line of a notice had ended, and came to something else than the time before: numbers and the hash of docs/store.md. Append-only.';
COMMENT ON COLUMN udi.recall_proof.proven_at IS 'The database''s clock when the books saw it; closed_at is when the last line ended.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.recall_proof FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change();

CREATE VIEW report.recall_proofs AS
SELECT hospital, recall, n, version, level, lines, units, closed_by_persons, gone, ended, closed_at, hash, proven_at FROM udi.recall_proof;
COMMENT ON VIEW report.recall_proofs IS 'Each proof of closure of a recall notice, the earlier ones too.';
