-- What the national database and the insurance say: flags of labels and codes, and which insurance code an item has on which day.
CREATE OR REPLACE FUNCTION udi.flag_reasons() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    ARRAY['lot-uncertain', 'after-discharge', 'late', 'serial-missing', 'lot-missing', 'label-incomplete', 'stock-negative', 'period-closed', 'licence-expired',
          'insurance-code-ended', 'released', 'overridden', 'breaker-trial', 're-rated'];

CREATE VIEW report.insurance_codes AS
SELECT i.hospital, i.item_code, i.body ->> 'name' AS item_name, c ->> 'code' AS code, (c ->> 'from')::date AS valid_from, (c ->> 'to')::date AS valid_to,
       lead(c ->> 'code') OVER (PARTITION BY i.hospital, i.item_code ORDER BY (c ->> 'from')::date NULLS FIRST) AS successor
FROM udi.item_now i CROSS JOIN LATERAL jsonb_array_elements(
    CASE WHEN jsonb_array_length(coalesce(i.body -> 'insurance_codes', '[]')) > 0 THEN i.body -> 'insurance_codes'
         WHEN i.body ->> 'insurance_code' IS NULL THEN '[]' ELSE jsonb_build_array(jsonb_build_object('code', i.body ->> 'insurance_code')) END
) c WHERE i.ended_at IS NULL;
COMMENT ON VIEW report.insurance_codes IS 'The insurance codes of each item with their days (valid_from inclusive, valid_to exclusive, null open) and the code that follows.';
