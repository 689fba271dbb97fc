-- A step between made the view anew as it was before 0093: what a store uses of goods on loan is its own use again.
DO $do$
DECLARE
    made text := pg_get_viewdef('report.replenishment'::regclass);
BEGIN
    IF position('udi.real_use_4(' IN made) = 0 THEN
        EXECUTE 'CREATE OR REPLACE VIEW report.replenishment AS ' || replace(made, 'udi.real_use_3(', 'udi.real_use_4(');
    END IF;
END $do$;
