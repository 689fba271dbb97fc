-- What a store uses of goods that it has on loan is its own use: its levels are kept by it.
CREATE FUNCTION udi.real_use_4(p_hospital text, p_last date, p_days integer)
RETURNS TABLE (hospital text, place text, item_code text, units bigint, days integer) LANGUAGE sql STABLE AS $$
    SELECT u.hospital, regexp_replace(u.place, '^lent/', ''), u.item_code, sum(u.units)::bigint, u.days
    FROM udi.real_use_3(p_hospital, p_last, p_days) u GROUP BY 1, 2, 3, 5
$$;
COMMENT ON FUNCTION udi.real_use_4 IS 'As udi.real_use_3; goods on loan count where they were used.';
