-- Lanes that have passed by a cost of goods that were used without one look from there once more; what has its cost by now is left alone.

UPDATE udi.lane SET facts_seen = least(facts_seen, missed.version - 1)
FROM (
    SELECT min(c.version) AS version
    FROM (SELECT DISTINCT t.hospital, t.item_code FROM udi.settlement t WHERE t.status = 'cost-missing') w
    JOIN LATERAL (
        SELECT k.version FROM udi.catalogue k WHERE (k.hospital, k.item_code) = (w.hospital, w.item_code) ORDER BY k.version DESC LIMIT 1
    ) c ON true
) missed
WHERE missed.version IS NOT NULL;
