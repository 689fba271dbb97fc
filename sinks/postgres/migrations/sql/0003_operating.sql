-- What persons do about lanes and outputs that stand still.
CREATE TABLE udi.intervention (
    intervention_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind            text NOT NULL CHECK (kind IN ('resume', 'pass', 'start', 'bind')),
    by              text NOT NULL CHECK (by <> ''),
    reason          text NOT NULL CHECK (reason <> ''),
    cluster_id      text,
    topic           text,
    partition       smallint,
    from_at         bigint,
    until           bigint,
    record_key      bytea,
    record_value    bytea,
    detail          jsonb NOT NULL DEFAULT '{}',
    CHECK ((topic IS NULL) = (partition IS NULL))
);
COMMENT ON TABLE udi.intervention IS 'What a person decided about a lane or an output that stood still, with reason. Append-only. A passed record''s bytes are kept here.';
COMMENT ON COLUMN udi.intervention.from_at IS 'First offset (pass) or sequence number (start, bind) that it is about; until is the one after the last.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.intervention FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change();

ALTER TABLE udi.relay_floor ADD COLUMN begun bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN udi.relay_floor.begun IS 'After which record a person let the topic of this cluster begin (udi relay start); 0: with the first.';

CREATE TABLE udi.verification (
    verification_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    checks          integer NOT NULL,
    failed          integer NOT NULL,
    topics          boolean NOT NULL
);
COMMENT ON TABLE udi.verification IS 'Each run of udi verify that was to be kept (--every, --keep): how many invariants were looked at, how many did not hold, whether the topics were read too.';
