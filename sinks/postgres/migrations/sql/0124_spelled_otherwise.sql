-- Goods that moves have spelled in two ways: balances keep a lot and a serial as its label was read, and one that differs by blanks or capitals is the same.
CREATE VIEW report.spelled_otherwise AS
WITH lies AS (
    SELECT s.*, CASE WHEN s.serial IS NULL THEN 'lot ' || udi.plain_code(s.lot) ELSE 'serial ' || udi.plain_code(s.serial) END AS goods, coalesce(s.serial, s.lot) AS spelled
    FROM report.stock s WHERE s.quantity <> 0 AND coalesce(s.serial, s.lot) IS NOT NULL
)
SELECT a.hospital, a.store, a.item_code, a.owner, a.lot, a.serial, a.quantity, b.spelled AS other, b.store AS other_place, sum(b.quantity)::bigint AS other_quantity
FROM lies a JOIN lies b USING (hospital, store, item_code, goods) WHERE a.spelled <> b.spelled
GROUP BY a.hospital, a.store, a.item_code, a.owner, a.lot, a.serial, a.quantity, b.spelled, b.store
UNION ALL
-- A unit is one wherever it is: under its other spelling it may be with a patient while it lies on a shelf under this one.
SELECT a.hospital, a.store, a.item_code, a.owner, a.lot, a.serial, a.quantity, u.serial, u.place, NULL
FROM lies a JOIN udi.unit_place u ON (u.hospital, u.item_code, 'serial ' || udi.plain_code(u.serial)) = (a.hospital, a.item_code, a.goods)
WHERE a.serial IS NOT NULL AND a.serial <> u.serial AND NOT EXISTS (
    SELECT FROM lies b WHERE (b.hospital, b.store, b.item_code, b.serial) = (a.hospital, a.store, a.item_code, u.serial)
);
COMMENT ON VIEW report.spelled_otherwise IS 'Balances whose lot or serial stands in the books under another spelling, too (other), that differs by blanks or capitals alone: of a lot in the same place, of a unit where it is. A work list; nothing is booked for it.';
