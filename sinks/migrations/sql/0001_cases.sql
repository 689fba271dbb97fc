-- Proofs that a case's ledgers tie.

CREATE FUNCTION udi.publish_case(p_hospital text, p_encounter text, p_id uuid, p_body bytea) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    seq bigint;
BEGIN
    UPDATE udi.topic_counter SET last_seq = last_seq + 1 WHERE (topic, partition) = ('cases', 0) RETURNING last_seq INTO STRICT seq;
    INSERT INTO udi.outbox_block (topic, partition, first_seq, last_seq, ids, keys, bodies)
    VALUES ('cases', 0, seq, seq, ARRAY[p_id], ARRAY[convert_to(p_hospital || '/' || p_encounter, 'UTF8')], ARRAY[p_body]);
END $$;
COMMENT ON FUNCTION udi.publish_case IS 'One record for the topic of cases, with the next sequence number, in the caller''s transaction; other publishers of the topic wait until it ends, so call it last. The id must follow from what the record says.';
