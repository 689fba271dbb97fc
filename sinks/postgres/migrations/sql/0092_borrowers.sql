-- Which stores ever borrowed: only of these a batch asks what they have on loan, beside what lies on their shelves.

CREATE TABLE udi.borrower (
    hospital text NOT NULL,
    store    text NOT NULL,
    CONSTRAINT borrower_once PRIMARY KEY (hospital, store)
);
COMMENT ON TABLE udi.borrower IS 'Stores to which something was ever lent: each that has, or had, a balance lent/STORE. Kept by the balances alone.';
COMMENT ON COLUMN udi.borrower.store IS 'Id of the store that borrows, as in lent/STORE.';

INSERT INTO udi.borrower (hospital, store)
SELECT DISTINCT b.hospital, substr(b.store, 6) FROM udi.balance b WHERE b.store LIKE 'lent/%';

CREATE FUNCTION udi.know_borrower() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO udi.borrower (hospital, store) VALUES (NEW.hospital, substr(NEW.store, 6)) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION udi.know_borrower IS 'Keeps udi.borrower: the first balance of each goods lent to a store names it.';
-- Asked of new rows alone, so that a batch whose balances are all there pays nothing.
CREATE TRIGGER borrowers_are_known AFTER INSERT ON udi.balance FOR EACH ROW WHEN (NEW.store LIKE 'lent/%') EXECUTE FUNCTION udi.know_borrower();
