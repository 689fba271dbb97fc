-- A balance is what the moves of a batch add up to: nobody else writes it, and verify need not be the first to notice.

-- Whoever writes is told by the stack of calls, in which PostgreSQL names functions alike in every language. A service of an earlier version, whose step has
-- another number, is let through.
CREATE FUNCTION udi.refuse_without_record() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stack text;
BEGIN
    GET DIAGNOSTICS stack = PG_CONTEXT;
    IF stack !~ '\mrecord(_\d+)?\(' THEN
        RAISE EXCEPTION 'Expected a batch of a lane: % is kept by the record step alone.', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION udi.refuse_without_record IS 'Refuses to write a table but from udi.record and its successors.';
CREATE TRIGGER by_record_alone BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON udi.balance FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_without_record();
CREATE TRIGGER by_record_alone BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON udi.store_item FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_without_record();
