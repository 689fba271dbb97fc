-- Goods of a set where they are: a unit that was used, thrown away or sent back by a scan that did not name the set does not lack, and what came back from the
-- patient to a shelf was not used. report.loan_sets and _2 stay what the scans that name the set add up to.
CREATE VIEW report.loan_sets_3 AS
WITH came_back AS (
    -- Returns of uses that took from a set, by scans that do not name it.
    SELECT used.hospital, used.document, m.item_code, m.lot, m.serial, m.owner, CASE WHEN m.takes_back THEN m.from_place ELSE m.to_place END AS shelf,
           sum(CASE WHEN m.takes_back THEN -m.units ELSE m.units END)::bigint AS units
    FROM udi.scan used
    CROSS JOIN LATERAL (
        SELECT DISTINCT u.by_position, u.by_offset FROM udi.use_change u
        WHERE (u.use_position, u.use_offset) = (used.position_id, used.record_offset) AND u.units > 0
    ) c
    JOIN udi.scan back ON (back.position_id, back.record_offset) = (c.by_position, c.by_offset)
    CROSS JOIN LATERAL (
        -- Inside, its place narrows the view; as a join every move in the books would be read.
        SELECT * FROM udi.stock_move v WHERE (v.position_id, v.record_offset) = (back.position_id, back.record_offset) OFFSET 0
    ) m
    WHERE used.place = 'set' AND used.document IS NOT NULL AND used.action = 'use' AND back.action = 'return'
      AND (back.place IS DISTINCT FROM 'set' OR back.document IS NULL)
    GROUP BY 1, 2, 3, 4, 5, 6, 7
), on_shelf AS (
    SELECT b.hospital, b.document, b.item_code, b.lot, b.serial, sum(b.units)::bigint AS units, sum(least(b.units, greatest(lies.units, 0)))::bigint AS left_there,
           string_agg(b.shelf, ', ' ORDER BY b.shelf) FILTER (WHERE lies.units > 0) AS shelf
    FROM came_back b
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(s.quantity), 0)::bigint AS units FROM udi.balance s
        WHERE (s.hospital, s.store, s.owner, s.item_code, s.lot, s.serial)
            = (b.hospital, b.shelf, b.owner, b.item_code, coalesce(b.lot, ''), coalesce(b.serial, ''))
    ) lies
    WHERE b.units > 0 GROUP BY 1, 2, 3, 4, 5
)
SELECT l.hospital, l.document, l.supplier, l.store, l.encounter, l.operation, l.item_code, l.lot, l.serial, l.brought,
       l.used - coalesce(o.units, 0) + CASE WHEN gone.place = 'patient' THEN l.lacking ELSE 0 END AS used,
       l.wasted + CASE WHEN gone.place = 'waste' THEN l.lacking ELSE 0 END AS wasted,
       l.returned + CASE WHEN gone.place = 'supplier' THEN l.lacking ELSE 0 END AS returned,
       CASE WHEN gone.place IS NULL THEN l.lacking ELSE 0 END AS lacking,
       CASE WHEN gone.place IS NULL THEN l.status ELSE 'settled' END AS status,
       CASE WHEN gone.place IS NULL THEN l.findings ELSE array_remove(l.findings, 'not-returned') END || array_remove(ARRAY[
           CASE WHEN gone.place = 'patient' AND gone.owner <> l.supplier THEN 'not-owed' END,
           CASE WHEN o.left_there > 0 THEN 'back-on-shelf' END
       ], NULL) AS findings,
       coalesce(o.left_there, 0)::bigint AS on_shelf, o.shelf
FROM report.loan_sets_2 l
LEFT JOIN on_shelf o ON (o.hospital, o.document, o.item_code) = (l.hospital, l.document, l.item_code)
    AND o.lot IS NOT DISTINCT FROM l.lot AND o.serial IS NOT DISTINCT FROM l.serial
LEFT JOIN LATERAL (
    -- The unit is one and elsewhere, as udi.stock_in_place has it; what a count missed still lacks.
    SELECT u.place, moved.owner FROM udi.unit_place u
    LEFT JOIN LATERAL (
        SELECT v.owner FROM udi.stock_move v
        WHERE (v.position_id, v.record_offset) = (u.position_id, u.record_offset) AND NOT v.takes_back ORDER BY v.n DESC LIMIT 1
    ) moved ON true
    WHERE (u.hospital, u.item_code, u.serial) = (l.hospital, l.item_code, l.serial) AND u.place <> 'adjustment' AND NOT EXISTS (
        SELECT FROM udi.stock_in_place s
        WHERE (s.hospital, s.store, s.item_code, s.serial) = (l.hospital, 'set/' || l.document, l.item_code, l.serial) AND s.quantity > 0
    )
    ORDER BY u.moved_at DESC LIMIT 1
) gone ON l.serial IS NOT NULL AND l.lacking > 0;
COMMENT ON VIEW report.loan_sets_3 IS 'As report.loan_sets_2, of goods where they are: a unit that was used, wasted or sent back by a scan that did not name the set counts so, and what came back to a shelf is not used (on_shelf: units of it that still lie there).';
