-- Discharged cases and incomes of departments: every version is kept, the newest holds.

CREATE TABLE udi.discharge (
    hospital              text NOT NULL,
    encounter             text NOT NULL,
    version               integer NOT NULL CHECK (version > 0),
    department            text NOT NULL,
    team                  text,
    discharged_at         timestamptz NOT NULL,
    stay_days             numeric CHECK (stay_days >= 0),
    drg_group             text,
    drg_weight            numeric CHECK (drg_weight >= 0),
    grouper               text,
    grouper_version       text,
    code_system           text,
    region                text,
    main_disease          text,
    level4_surgery        boolean NOT NULL,
    consumable_cost_fen   bigint CHECK (consumable_cost_fen >= 0),
    stay_cost_fen         bigint CHECK (stay_cost_fen >= 0),
    medical_income_fen    bigint CHECK (medical_income_fen >= 0),
    drug_income_fen       bigint CHECK (drug_income_fen >= 0),
    consumable_income_fen bigint CHECK (consumable_income_fen >= 0),
    adverse_events        integer CHECK (adverse_events >= 0),
    device_events         integer CHECK (device_events >= 0),
    fingerprint           bytea NOT NULL,
    origin                text NOT NULL,
    recorded_at           timestamptz NOT NULL,
    PRIMARY KEY (hospital, encounter, version)
);
COMMENT ON TABLE udi.discharge IS 'Every version of every discharged case, append-only; the newest holds. origin: topic/partition/offset of its record; recorded_at: the broker''s timestamp. Null cost and income are taken from the books.';
CREATE INDEX discharge_of_day ON udi.discharge (hospital, discharged_at);

CREATE TABLE udi.income (
    hospital              text NOT NULL,
    department            text NOT NULL,
    month                 integer NOT NULL,
    version               integer NOT NULL CHECK (version > 0),
    medical_income_fen    bigint NOT NULL CHECK (medical_income_fen >= 0),
    drug_income_fen       bigint NOT NULL CHECK (drug_income_fen >= 0),
    consumable_income_fen bigint CHECK (consumable_income_fen >= 0),
    consumable_cost_fen   bigint CHECK (consumable_cost_fen >= 0),
    fingerprint           bytea NOT NULL,
    origin                text NOT NULL,
    recorded_at           timestamptz NOT NULL,
    PRIMARY KEY (hospital, month, department, version)
);
COMMENT ON TABLE udi.income IS 'Every version of a department''s income of a month, outpatients included, append-only; the newest holds. Null consumable figures are taken from the books.';

CREATE FUNCTION udi.record_assessed(
    p_position smallint, p_lo bigint, p_hi bigint, p_last_hash bytea,
    p_discharges udi.discharge[], p_incomes udi.income[], p_letters_lane smallint, p_letters udi.outbox_block[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    at_offset bigint;
    letters udi.outbox_block;
    last bigint;
    cases bigint;
    incomes bigint;
BEGIN
    SELECT next_offset INTO at_offset FROM udi.position WHERE position_id = p_position FOR UPDATE;
    IF at_offset IS DISTINCT FROM p_lo THEN
        RAISE EXCEPTION 'Position % is at offset %, expected %.', p_position, at_offset, p_lo USING ERRCODE = 'UD001';
    END IF;
    UPDATE udi.position SET next_offset = p_hi, last_hash = coalesce(p_last_hash, last_hash) WHERE position_id = p_position;
    -- The same record again is no new version: a file loaded twice changes nothing.
    WITH newest AS (
        SELECT k.hospital, k.encounter, n.version, n.fingerprint
        FROM (SELECT DISTINCT hospital, encounter FROM unnest(p_discharges)) k
        LEFT JOIN LATERAL (
            SELECT d.version, d.fingerprint FROM udi.discharge d WHERE (d.hospital, d.encounter) = (k.hospital, k.encounter) ORDER BY d.version DESC LIMIT 1
        ) n ON true
    ), came AS (
        SELECT c.*, newest.version AS known, lag(c.fingerprint, 1, newest.fingerprint) OVER (PARTITION BY c.hospital, c.encounter ORDER BY c.place) AS before
        FROM unnest(p_discharges) WITH ORDINALITY c (hospital, encounter, version, department, team, discharged_at, stay_days, drg_group, drg_weight,
            grouper, grouper_version, code_system, region, main_disease, level4_surgery, consumable_cost_fen, stay_cost_fen, medical_income_fen,
            drug_income_fen, consumable_income_fen, adverse_events, device_events, fingerprint, origin, recorded_at, place)
        JOIN newest USING (hospital, encounter)
    )
    INSERT INTO udi.discharge
    SELECT hospital, encounter, coalesce(known, 0) + row_number() OVER (PARTITION BY hospital, encounter ORDER BY place), department, team, discharged_at,
           stay_days, drg_group, drg_weight, grouper, grouper_version, code_system, region, main_disease, level4_surgery, consumable_cost_fen,
           stay_cost_fen, medical_income_fen, drug_income_fen, consumable_income_fen, adverse_events, device_events, fingerprint, origin, recorded_at
    FROM came WHERE fingerprint IS DISTINCT FROM before;
    GET DIAGNOSTICS cases = ROW_COUNT;
    WITH newest AS (
        SELECT k.hospital, k.department, k.month, n.version, n.fingerprint
        FROM (SELECT DISTINCT hospital, department, month FROM unnest(p_incomes)) k
        LEFT JOIN LATERAL (
            SELECT i.version, i.fingerprint FROM udi.income i WHERE (i.hospital, i.department, i.month) = (k.hospital, k.department, k.month)
            ORDER BY i.version DESC LIMIT 1
        ) n ON true
    ), came AS (
        SELECT c.*, newest.version AS known,
               lag(c.fingerprint, 1, newest.fingerprint) OVER (PARTITION BY c.hospital, c.department, c.month ORDER BY c.place) AS before
        FROM unnest(p_incomes) WITH ORDINALITY c (hospital, department, month, version, medical_income_fen, drug_income_fen, consumable_income_fen,
            consumable_cost_fen, fingerprint, origin, recorded_at, place)
        JOIN newest USING (hospital, department, month)
    )
    INSERT INTO udi.income
    SELECT hospital, department, month, coalesce(known, 0) + row_number() OVER (PARTITION BY hospital, department, month ORDER BY place),
           medical_income_fen, drug_income_fen, consumable_income_fen, consumable_cost_fen, fingerprint, origin, recorded_at
    FROM came WHERE fingerprint IS DISTINCT FROM before;
    GET DIAGNOSTICS incomes = ROW_COUNT;
    FOREACH letters IN ARRAY p_letters LOOP
        UPDATE udi.lane SET dead_letters_seq = dead_letters_seq + cardinality(letters.ids) WHERE lane = p_letters_lane RETURNING dead_letters_seq INTO last;
        INSERT INTO udi.outbox_block (topic, partition, first_seq, last_seq, ids, keys, bodies, reasons, origins)
        VALUES (letters.topic, p_letters_lane, last - cardinality(letters.ids) + 1, last, letters.ids, letters.keys, letters.bodies, letters.reasons, letters.origins);
    END LOOP;
    RETURN cases + incomes;
END $$;
COMMENT ON FUNCTION udi.record_assessed IS 'Records one batch of udi.discharges or udi.income in one transaction and returns how many versions were new.';

CREATE VIEW udi.discharge_now AS
SELECT d.*, udi.month_of(udi.local_day(d.discharged_at)) AS month FROM udi.discharge d
WHERE NOT EXISTS (SELECT FROM udi.discharge newer WHERE (newer.hospital, newer.encounter) = (d.hospital, d.encounter) AND newer.version > d.version);
COMMENT ON VIEW udi.discharge_now IS 'The newest version of each discharged case, with the hospital''s month of its discharge.';

CREATE FUNCTION udi.discharges_between(p_hospital text, p_from date, p_to date) RETURNS SETOF udi.discharge_now LANGUAGE sql STABLE ROWS 10000 AS $$
    -- One range of the index; a condition on the local day alone would read every case.
    SELECT n.* FROM udi.discharge_now n
    WHERE n.hospital = p_hospital
      AND n.discharged_at >= p_from::timestamp AT TIME ZONE (SELECT zone FROM udi.installation)
      AND n.discharged_at < p_to::timestamp AT TIME ZONE (SELECT zone FROM udi.installation)
$$;
COMMENT ON FUNCTION udi.discharges_between IS 'Cases discharged from the local day p_from up to before p_to, newest versions.';

CREATE FUNCTION udi.first_day(month integer) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN make_date(month / 100, month % 100, 1);
CREATE FUNCTION udi.shifted(month integer, months integer) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    udi.month_of((udi.first_day(month) + make_interval(months => months))::date);

CREATE VIEW udi.income_now AS
SELECT i.* FROM udi.income i
WHERE NOT EXISTS (
    SELECT FROM udi.income newer WHERE (newer.hospital, newer.month, newer.department) = (i.hospital, i.month, i.department) AND newer.version > i.version
);
COMMENT ON VIEW udi.income_now IS 'The newest version of each department''s income of a month.';

-- What our own books say where a record is silent ---------------------------------------------------------------------

CREATE VIEW udi.item_cost AS
SELECT i.hospital, i.item_code, (((c ->> 'cost')::numeric) * 10000)::bigint AS cost, (c ->> 'from')::date AS from_on, (c ->> 'to')::date AS to_on
FROM udi.item_now i CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(i.body -> 'cost') WHEN 'array' THEN i.body -> 'cost' ELSE '[]' END) c;
COMMENT ON VIEW udi.item_cost IS 'The dated costs of each item, in 1/10,000 yuan a unit; from_on included, to_on not, null is open.';

CREATE FUNCTION udi.used_at_cost(p_hospital text, p_from date, p_to date)
RETURNS TABLE (encounter text, department text, item_code text, units bigint, income_fen bigint, cost_fen bigint, units_without_cost bigint)
LANGUAGE sql STABLE ROWS 20000 AS $$
    WITH zone AS (SELECT i.zone AS name FROM udi.installation i), used AS MATERIALIZED (
        SELECT u.encounter, u.department, u.item_code, udi.local_day(u.scanned_at) AS day,
               CASE WHEN u.stands THEN u.units - u.returned_units ELSE 0 END AS units, u.charged_fen
        FROM zone
        CROSS JOIN LATERAL udi.scans_between(p_hospital, p_from::timestamp AT TIME ZONE zone.name, p_to::timestamp AT TIME ZONE zone.name) s
        JOIN udi.used u USING (position_id, record_offset)
    ), costs AS MATERIALIZED (SELECT * FROM udi.item_cost c WHERE c.hospital = p_hospital),
    priced AS MATERIALIZED (
        -- Two costs in force on one day are none, as for a charge.
        SELECT d.item_code, d.day, CASE count(c.cost) WHEN 1 THEN min(c.cost) END AS cost
        FROM (SELECT DISTINCT item_code, day FROM used WHERE item_code IS NOT NULL) d
        LEFT JOIN costs c ON c.item_code = d.item_code AND (c.from_on IS NULL OR c.from_on <= d.day) AND (c.to_on IS NULL OR c.to_on > d.day)
        GROUP BY d.item_code, d.day
    )
    SELECT u.encounter, u.department, u.item_code, sum(u.units)::bigint, sum(u.charged_fen)::bigint,
           coalesce(sum(div(u.units * p.cost * 2 + 100, 200)), 0)::bigint, coalesce(sum(u.units) FILTER (WHERE p.cost IS NULL), 0)::bigint
    FROM used u LEFT JOIN priced p USING (item_code, day)
    GROUP BY u.encounter, u.department, u.item_code
$$;
COMMENT ON FUNCTION udi.used_at_cost IS 'What was used from a local day up to before another: net units, charges less credits, and cost of the day rounded half up by use. Uses of an item without one cost on its day count in units_without_cost.';

CREATE FUNCTION udi.encounters_at_cost(p_hospital text, p_encounters text[])
RETURNS TABLE (encounter text, income_fen bigint, cost_fen bigint, units_without_cost bigint) LANGUAGE sql STABLE ROWS 10000 AS $$
    WITH used AS MATERIALIZED (
        SELECT u.encounter, u.item_code, udi.local_day(u.scanned_at) AS day, CASE WHEN u.stands THEN u.units - u.returned_units ELSE 0 END AS units,
               u.charged_fen
        FROM unnest(p_encounters) e (encounter) JOIN udi.used u ON u.hospital = p_hospital AND u.encounter = e.encounter
    ), costs AS MATERIALIZED (SELECT * FROM udi.item_cost c WHERE c.hospital = p_hospital),
    priced AS MATERIALIZED (
        SELECT d.item_code, d.day, CASE count(c.cost) WHEN 1 THEN min(c.cost) END AS cost
        FROM (SELECT DISTINCT item_code, day FROM used WHERE item_code IS NOT NULL) d
        LEFT JOIN costs c ON c.item_code = d.item_code AND (c.from_on IS NULL OR c.from_on <= d.day) AND (c.to_on IS NULL OR c.to_on > d.day)
        GROUP BY d.item_code, d.day
    )
    SELECT u.encounter, sum(u.charged_fen)::bigint, coalesce(sum(div(u.units * p.cost * 2 + 100, 200)), 0)::bigint,
           coalesce(sum(u.units) FILTER (WHERE p.cost IS NULL), 0)::bigint
    FROM used u LEFT JOIN priced p USING (item_code, day) GROUP BY u.encounter
$$;
COMMENT ON FUNCTION udi.encounters_at_cost IS 'Charges less credits, and uses at the cost of their day, of each encounter that has any.';

-- For people and BI ---------------------------------------------------------------------------------------------------

CREATE VIEW report.discharges AS
SELECT d.hospital, d.encounter, d.version, d.department, d.team, d.discharged_at, udi.month_text(udi.month_of(udi.local_day(d.discharged_at))) AS month,
       d.stay_days, d.drg_group, d.drg_weight, d.grouper, d.grouper_version, d.code_system, d.region, d.main_disease, d.level4_surgery,
       udi.yuan(d.consumable_cost_fen) AS consumable_cost, udi.yuan(d.stay_cost_fen) AS stay_cost, udi.yuan(d.medical_income_fen) AS medical_income,
       udi.yuan(d.drug_income_fen) AS drug_income, udi.yuan(d.consumable_income_fen) AS consumable_income, 'CNY' AS currency,
       CASE WHEN d.consumable_cost_fen IS NULL THEN 'books' ELSE 'case' END AS consumable_cost_from,
       CASE WHEN d.consumable_income_fen IS NULL THEN 'books' ELSE 'case' END AS consumable_income_from,
       d.adverse_events, d.device_events, before.drg_group AS drg_group_before, before.drg_weight AS drg_weight_before,
       before.version IS NOT NULL AND (before.drg_group, before.drg_weight) IS DISTINCT FROM (d.drg_group, d.drg_weight) AS regrouped, d.recorded_at
FROM udi.discharge_now d
LEFT JOIN udi.discharge before ON (before.hospital, before.encounter, before.version) = (d.hospital, d.encounter, d.version - 1);
COMMENT ON VIEW report.discharges IS 'Discharged cases, newest versions, with the group and weight of the version before. A null cost or income is taken from the books by whoever computes with it.';

CREATE VIEW report.discharge_versions AS
SELECT hospital, encounter, version, department, team, discharged_at, drg_group, drg_weight, grouper, grouper_version, origin, recorded_at FROM udi.discharge;

CREATE VIEW report.income AS
SELECT hospital, department, udi.month_text(month) AS month, version, udi.yuan(medical_income_fen) AS medical_income,
       udi.yuan(drug_income_fen) AS drug_income, udi.yuan(consumable_income_fen) AS consumable_income,
       udi.yuan(consumable_cost_fen) AS consumable_cost, 'CNY' AS currency,
       CASE WHEN consumable_income_fen IS NULL THEN 'books' ELSE 'record' END AS consumable_income_from,
       CASE WHEN consumable_cost_fen IS NULL THEN 'books' ELSE 'record' END AS consumable_cost_from, recorded_at
FROM udi.income_now;
