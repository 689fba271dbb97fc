-- How likely a line was meant when a person closed it: it is open again when that has risen since.

ALTER TABLE udi.recall_closing
    ADD COLUMN chance numeric CHECK (chance BETWEEN 0 AND 1),
    ADD COLUMN certain boolean,
    ADD CONSTRAINT certain_has_no_chance CHECK (NOT certain OR chance IS NULL);
-- What was closed before kept no chance. Whether it was certain then is told by the version that was in force: its lines stand as they were.
ALTER TABLE udi.recall_closing DISABLE TRIGGER append_only;
UPDATE udi.recall_closing c SET certain = coalesce((
    SELECT l.chance IS NULL FROM udi.recall_line l JOIN udi.recall r USING (hospital, recall, version)
    WHERE (l.hospital, l.recall, l.line_id) = (c.hospital, c.recall, c.line_id) AND r.accepted_at <= c.closed_at
    ORDER BY l.version DESC LIMIT 1
), true);
ALTER TABLE udi.recall_closing ENABLE TRIGGER append_only;
ALTER TABLE udi.recall_closing ALTER COLUMN certain SET NOT NULL;
COMMENT ON TABLE udi.recall_closing IS 'How a person ended a line, for how many units and at which chance: when more units come to it, its chance has risen or it has become certain, it is open again. Append-only.';
COMMENT ON COLUMN udi.recall_closing.chance IS 'How likely the line was meant when it was closed, 0 to 1; null when it was certain, and of closings before 0079.';
COMMENT ON COLUMN udi.recall_closing.certain IS 'The line was certainly meant when it was closed; of closings before 0079: as the version in force then has it.';

-- By the database, so that no service can close a line without it, also none of an earlier version.
CREATE FUNCTION udi.keep_chance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.certain IS NULL THEN -- Of a restored row it is known.
        SELECT l.chance, l.chance IS NULL INTO NEW.chance, NEW.certain FROM udi.recall_line l JOIN udi.recall_now USING (hospital, recall, version)
        WHERE (l.hospital, l.recall, l.line_id) = (NEW.hospital, NEW.recall, NEW.line_id);
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION udi.keep_chance IS 'A closing keeps the chance that its line has in the version in force.';
CREATE TRIGGER keep_chance BEFORE INSERT ON udi.recall_closing FOR EACH ROW EXECUTE FUNCTION udi.keep_chance();

CREATE FUNCTION udi.chance_has_risen(p_closed numeric, p_now numeric) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_now > p_closed AND (p_now >= p_closed + 0.10 OR p_now >= 2 * p_closed)
$$;
COMMENT ON FUNCTION udi.chance_has_risen IS 'A chance is so much higher than when its line was closed that a person looks at it again: by 0.10 or more, or twice as high; from 0 by anything. Our own choice.';

CREATE VIEW report.recall_lines_2 AS
SELECT l.hospital, l.recall, l.version, l.line_id, l.kind, l.encounter, l.store, l.department, l.item_code, l.issuer, l.di, l.lot, l.serial, l.expiry, l.quantity,
       l.chance, l.reckoned, l.scan_id, l.happened_at,
       CASE WHEN l.gone_at IS NOT NULL THEN 'gone' WHEN c.holds THEN 'closed' WHEN l.kind IN ('waste', 'supplier') THEN 'ended' ELSE 'open' END AS status,
       CASE WHEN c.holds THEN c.closed_at ELSE l.gone_at END AS closed_at, CASE WHEN c.holds THEN c.closed_by END AS closed_by,
       CASE WHEN c.holds THEN c.reason END AS closing_reason,
       CASE WHEN l.gone_at IS NULL AND l.kind NOT IN ('waste', 'supplier') THEN c.reopened END AS reopened,
       c.closed_at AS last_closed_at, c.closed_by AS last_closed_by, c.reason AS last_closing_reason, c.quantity AS last_closed_quantity,
       c.chance AS last_closed_chance, l.listed_at
FROM udi.recall_line l
LEFT JOIN LATERAL (
    SELECT newest.*, reopened IS NULL AS holds FROM (
        SELECT k.n, k.quantity, k.reason, k.closed_by, k.closed_at, k.chance,
               CASE WHEN k.quantity < l.quantity THEN 'units' WHEN NOT k.certain AND l.chance IS NULL THEN 'certain'
                    WHEN udi.chance_has_risen(k.chance, l.chance) THEN 'chance' END AS reopened
        FROM udi.recall_closing k WHERE (k.hospital, k.recall, k.line_id) = (l.hospital, l.recall, l.line_id) ORDER BY k.n DESC LIMIT 1
    ) newest
) c ON true;
COMMENT ON VIEW report.recall_lines_2 IS 'A line of a version of a recall notice as it stands, and its newest closing by a person (last_…). reopened: why that closing holds no longer.';
