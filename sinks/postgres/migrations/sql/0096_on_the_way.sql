-- What is on the way empties as goods are accepted, under whatever document: the one that is named first, then the oldest. Columns as before.
CREATE OR REPLACE VIEW report.in_transit AS
WITH way AS (
    SELECT m.hospital, coalesce(m.document, '') AS document, substr(w.place, length('in-transit/') + 1) AS to_store, m.item_code, m.lot, m.serial, m.owner,
           -- Taken back is what was sent, or accepted, less: the move goes the other way.
           w.sent <> m.takes_back AS of_sending, CASE WHEN m.takes_back THEN -m.units ELSE m.units END AS units,
           CASE WHEN w.sent AND NOT m.takes_back THEN m.from_place END AS from_place, m.moved_at
    FROM (
        SELECT position_id, record_offset FROM udi.scan
        WHERE from_place LIKE 'in-transit/%' OR to_place LIKE 'in-transit/%' OR to_store LIKE 'in-transit/%' OR store LIKE 'in-transit/%'
        UNION SELECT position_id, record_offset FROM udi.decision WHERE from_place LIKE 'in-transit/%' OR to_place LIKE 'in-transit/%'
    ) moved
    CROSS JOIN LATERAL (
        SELECT * FROM udi.stock_move v WHERE (v.position_id, v.record_offset) = (moved.position_id, moved.record_offset) OFFSET 0
    ) m
    CROSS JOIN LATERAL (VALUES (true, m.to_place), (false, m.from_place)) w (sent, place)
    WHERE w.place LIKE 'in-transit/%'
), paper AS (
    SELECT hospital, document, to_store, item_code, lot, serial, owner, min(from_place) AS from_store,
           coalesce(sum(units) FILTER (WHERE of_sending), 0) AS sent, coalesce(sum(units) FILTER (WHERE NOT of_sending), 0) AS accepted,
           min(moved_at) FILTER (WHERE of_sending AND units > 0) AS sent_at
    FROM way GROUP BY hospital, document, to_store, item_code, lot, serial, owner
), open AS (
    SELECT p.*, greatest(p.sent - p.accepted, 0) AS remains, sum(greatest(p.accepted - p.sent, 0)) OVER goods AS beyond,
           coalesce(sum(greatest(p.sent - p.accepted, 0)) OVER (goods ORDER BY p.sent_at, p.document ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS older
    FROM paper p WINDOW goods AS (PARTITION BY p.hospital, p.to_store, p.item_code, p.lot, p.serial, p.owner)
), shown AS (
    SELECT o.*, o.remains - least(o.remains, greatest(o.beyond - o.older, 0)) AS quantity FROM open o
)
SELECT hospital, nullif(document, '') AS document, from_store, to_store, item_code, lot, serial, owner, quantity::bigint AS quantity, sent_at FROM shown WHERE quantity > 0;
COMMENT ON VIEW report.in_transit IS 'Goods sent and not accepted, by document. What is accepted empties the document it names, then the oldest of the same goods on the same way; what is accepted beyond all that was sent is a balance of the way below zero.';
