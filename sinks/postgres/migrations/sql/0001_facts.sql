-- Catalogue and encounter records, with the position of their partition. Versions come as 1..n and get their place after the counter.
CREATE FUNCTION udi.record_facts(
    p_position smallint, p_lo bigint, p_hi bigint, p_last_hash bytea,
    p_items udi.catalogue[], p_encounters udi.encounter[], p_changes udi.fact_change[], p_letters_lane smallint, p_letters udi.outbox_block[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    at_offset bigint;
    before bigint;
    letters udi.outbox_block;
    last bigint;
BEGIN
    SELECT next_offset INTO at_offset FROM udi.position WHERE position_id = p_position FOR UPDATE;
    IF at_offset IS DISTINCT FROM p_lo THEN
        RAISE EXCEPTION 'Position % is at offset %, expected %.', p_position, at_offset, p_lo USING ERRCODE = 'UD001';
    END IF;
    UPDATE udi.position SET next_offset = p_hi, last_hash = coalesce(p_last_hash, last_hash) WHERE position_id = p_position;
    -- The counter's row lock makes versions gapless and visible in their order.
    SELECT version INTO before FROM udi.fact_counter FOR UPDATE;
    IF cardinality(p_changes) > 0 THEN
        INSERT INTO udi.catalogue SELECT hospital, item_code, before + version, body, ended_at, recorded_at FROM unnest(p_items);
        INSERT INTO udi.encounter SELECT hospital, encounter, before + version, department, team, ward, admitted_at, discharged_at, settled_at,
            drg_group, drg_weight, main_disease, recorded_at FROM unnest(p_encounters);
        INSERT INTO udi.fact_change SELECT before + version, kind, hospital, code, issuers, dis, recorded_at, repriced_from, repriced_to FROM unnest(p_changes);
        UPDATE udi.fact_counter SET version = before + cardinality(p_changes);
        PERFORM udi.mark_cases(array_agg(hospital), array_agg(encounter), max(recorded_at)) FROM unnest(p_encounters);
    END IF;
    FOREACH letters IN ARRAY p_letters LOOP
        UPDATE udi.lane SET dead_letters_seq = dead_letters_seq + cardinality(letters.ids) WHERE lane = p_letters_lane RETURNING dead_letters_seq INTO last;
        INSERT INTO udi.outbox_block (topic, partition, first_seq, last_seq, ids, keys, bodies, reasons, origins)
        VALUES (letters.topic, p_letters_lane, last - cardinality(letters.ids) + 1, last, letters.ids, letters.keys, letters.bodies, letters.reasons, letters.origins);
    END LOOP;
    RETURN before + cardinality(p_changes);
END $$;
COMMENT ON FUNCTION udi.record_facts IS 'Records one batch of udi.catalogue or udi.encounters in one transaction and returns the newest fact version.';
