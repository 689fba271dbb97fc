-- Lanes that have passed by a price that holds since ever look from there once more; what has its price by now is left alone.

UPDATE udi.lane SET facts_seen = least(facts_seen, missed.version - 1)
FROM (SELECT min(version) AS version FROM udi.fact_change WHERE repriced_from = '-infinity') missed
WHERE missed.version IS NOT NULL;
