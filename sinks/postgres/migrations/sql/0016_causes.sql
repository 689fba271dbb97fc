-- Discharges as the causes of alerts see them: cases and weights of a department and month, and what has changed of them.

CREATE TABLE udi.caseload_delta (
    delta_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hospital    text NOT NULL,
    department  text NOT NULL,
    month       integer NOT NULL,
    recorded_at timestamptz NOT NULL
);
COMMENT ON TABLE udi.caseload_delta IS 'Dirty keys: departments and months whose discharges have changed since the evaluator looked. It deletes the rows.';
CREATE TABLE udi.cause_pending (
    hospital    text NOT NULL,
    department  text NOT NULL,
    month       integer NOT NULL,
    PRIMARY KEY (hospital, department, month)
);
COMMENT ON TABLE udi.cause_pending IS 'Departments and months whose discharges have changed while alerts of closed months rest on them: their causes are judged again at the next close.';

CREATE FUNCTION udi.mark_caseload() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO udi.caseload_delta (hospital, department, month, recorded_at)
    SELECT moved.hospital, moved.department, udi.month_of(udi.local_day(moved.discharged_at)), max(moved.recorded_at)
    FROM (
        SELECT hospital, department, discharged_at, recorded_at FROM came
        UNION ALL
        -- A case that was counted elsewhere before counts there no more.
        SELECT b.hospital, b.department, b.discharged_at, c.recorded_at
        FROM came c JOIN udi.discharge b ON (b.hospital, b.encounter, b.version) = (c.hospital, c.encounter, c.version - 1)
    ) moved GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;
CREATE TRIGGER mark_caseload AFTER INSERT ON udi.discharge REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION udi.mark_caseload();

CREATE FUNCTION udi.caseloads(p_hospitals text[], p_months integer[])
RETURNS TABLE (hospital text, department text, month integer, cases bigint, weights numeric) LANGUAGE sql STABLE ROWS 100 AS $$
    SELECT k.hospital, d.department, k.month, count(*), CASE WHEN count(*) = count(d.drg_weight) THEN sum(d.drg_weight) END
    FROM unnest(p_hospitals, p_months) k (hospital, month)
    CROSS JOIN LATERAL udi.discharges_between(k.hospital, udi.first_day(k.month), udi.first_day(udi.month_after(k.month))) d
    GROUP BY k.hospital, d.department, k.month
$$;
COMMENT ON FUNCTION udi.caseloads IS 'Discharges by department and month, newest versions, with the sum of their DRG weights: null when one is unknown.';
