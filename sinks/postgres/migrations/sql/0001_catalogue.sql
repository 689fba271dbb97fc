-- The catalogue as people look at it, and the packs that were opened.

CREATE VIEW udi.item_now AS
SELECT DISTINCT ON (hospital, item_code) hospital, item_code, version, convert_from(body, 'UTF8')::jsonb AS body, ended_at, recorded_at
FROM udi.catalogue ORDER BY hospital, item_code, version DESC;
COMMENT ON VIEW udi.item_now IS 'The newest version of each item, ended or not.';

CREATE VIEW report.items AS
SELECT hospital, item_code, version, body ->> 'name' AS name, body ->> 'spec' AS spec, body ->> 'maker' AS maker, body ->> 'supplier' AS supplier,
       body ->> 'category' AS category, body ->> 'class' AS class, body ->> 'insurance_code' AS insurance_code, body ->> 'unit' AS unit,
       coalesce((body ->> 'chargeable')::boolean, true) AS chargeable, body ->> 'bundled_into' AS bundled_into, coalesce(body ->> 'owner', 'hospital') AS owner,
       coalesce((body ->> 'monitored')::boolean, false) AS monitored, coalesce(body ->> 'tracking', 'none') AS tracking,
       coalesce((body ->> 'suspended')::boolean, false) AS suspended, coalesce((body ->> 'auxiliary')::boolean, false) AS auxiliary,
       body ->> 'controlled_category' AS controlled_category, coalesce((body ->> 'volume_based_purchase')::boolean, false) AS volume_based_purchase,
       (body ->> 'licence_valid_to')::date AS licence_valid_to, body -> 'limits' AS limits, body -> 'identifiers' AS identifiers,
       body -> 'prices' AS prices, body -> 'cost' AS cost, ended_at, recorded_at
FROM udi.item_now;

-- Of goods that come in packs of a fixed size (定数包, a package level of the catalogue) a store has whole packs and, when one was opened, a remainder.
-- The pack is the smallest package of more than one unit. Derived from the balance, so it can't drift from it.
CREATE VIEW report.open_packs AS
SELECT s.hospital, s.store, s.owner, s.item_code, pack.issuer AS pack_issuer, pack.di AS pack_di, pack.units AS units_per_pack, s.lot, s.serial,
       s.quantity, CASE WHEN s.quantity > 0 THEN s.quantity / pack.units ELSE 0 END AS whole_packs,
       CASE WHEN s.quantity > 0 THEN s.quantity % pack.units ELSE 0 END AS remainder
FROM report.stock s
JOIN udi.item_now i USING (hospital, item_code)
CROSS JOIN LATERAL (
    SELECT p ->> 'issuer' AS issuer, p ->> 'di' AS di, (p ->> 'units_per_package')::integer AS units
    FROM jsonb_array_elements(i.body -> 'identifiers') p WHERE (p ->> 'units_per_package')::integer > 1
    ORDER BY (p ->> 'units_per_package')::integer, p ->> 'di' LIMIT 1
) pack
WHERE s.quantity <> 0;
