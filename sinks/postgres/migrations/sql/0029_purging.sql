-- The outbox keeps the id and the key of every record for ever; its body is let go when the record is published and old.

CREATE TABLE udi.purge (
    purge_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    topic     text NOT NULL,
    partition smallint NOT NULL,
    after     bigint NOT NULL CHECK (after >= 0),
    through   bigint NOT NULL CHECK (through > after)
);
COMMENT ON TABLE udi.purge IS 'Outbox records after one sequence number and through another whose bodies were let go. Append-only.';
CREATE INDEX purge_of_output ON udi.purge (topic, partition, through);

CREATE FUNCTION udi.purged_through(p_topic text, p_partition smallint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(max(p.through), 0) FROM udi.purge p WHERE (p.topic, p.partition) = (p_topic, p_partition)
$$;
COMMENT ON FUNCTION udi.purged_through IS 'Up to which sequence number an output has no bodies any more; 0: all are there.';

CREATE VIEW udi.outbox_kept AS
SELECT b.* FROM udi.outbox_block b
LEFT JOIN (SELECT topic, partition, max(through) AS through FROM udi.purge GROUP BY topic, partition) p USING (topic, partition)
WHERE b.last_seq > coalesce(p.through, 0);
COMMENT ON VIEW udi.outbox_kept IS 'Blocks of the outbox that have their bodies.';

CREATE VIEW udi.outbox_purged AS
SELECT b.topic, b.partition, one.id FROM udi.outbox_block b
JOIN (SELECT topic, partition, max(through) AS through FROM udi.purge GROUP BY topic, partition) p USING (topic, partition)
CROSS JOIN LATERAL unnest(b.ids) one (id)
WHERE b.last_seq <= p.through;
COMMENT ON VIEW udi.outbox_purged IS 'Ids of the records whose bodies were let go.';

CREATE FUNCTION udi.purge_outbox(p_cluster text, p_days integer, p_blocks integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    output record;
    upto bigint;
    purged bigint := 0;
BEGIN
    FOR output IN
        SELECT f.topic, f.partition, f.seq AS published, udi.purged_through(f.topic, f.partition) AS before FROM udi.relay_floor f
        WHERE f.cluster_id = p_cluster AND f.topic IN ('billing', 'verdicts', 'settlement', 'dead-letters') ORDER BY f.topic, f.partition
    LOOP
        -- The first of the next blocks that is not published or too young ends it: what is let go has no holes.
        SELECT max(b.last_seq) INTO upto FROM (
            SELECT n.last_seq, bool_and(n.last_seq <= output.published AND n.written_at < clock_timestamp() - make_interval(days => p_days))
                OVER (ORDER BY n.first_seq) AS old
            FROM (
                SELECT * FROM udi.outbox_block o WHERE (o.topic, o.partition) = (output.topic, output.partition) AND o.first_seq > output.before
                ORDER BY o.first_seq LIMIT p_blocks
            ) n
        ) b WHERE b.old;
        CONTINUE WHEN upto IS NULL;
        UPDATE udi.outbox_block o SET bodies = array_fill(''::bytea, ARRAY[cardinality(o.ids)])
        WHERE (o.topic, o.partition) = (output.topic, output.partition) AND o.first_seq > output.before AND o.last_seq <= upto;
        INSERT INTO udi.purge (topic, partition, after, through) VALUES (output.topic, output.partition, output.before, upto);
        purged := purged + upto - output.before;
    END LOOP;
    RETURN purged;
END $$;
COMMENT ON FUNCTION udi.purge_outbox IS 'Lets the bodies go of what was published to the cluster and is older than so many days, a number of blocks of each lane output; gives how many records.';

-- Half a label that fails whenever its lane looks at it is shown, too.
ALTER TABLE udi.set_aside DROP CONSTRAINT set_aside_kind_check;
ALTER TABLE udi.set_aside ADD CONSTRAINT set_aside_kind_check CHECK (kind IN ('freed', 'repriced', 'half'));
