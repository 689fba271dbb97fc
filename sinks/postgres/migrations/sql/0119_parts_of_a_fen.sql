-- Where a cost has parts of a fen, an invoice may ask for the sum of uses that are each rounded by themselves, as the statement does.
ALTER TABLE udi.invoice_line DROP CONSTRAINT invoice_amount_adds_up;
ALTER TABLE udi.invoice_line ADD CONSTRAINT invoice_amount_adds_up
    CHECK (cost >= 0 AND abs(quantity * cost - amount) <= 0.01 + CASE WHEN cost = round(cost, 2) THEN 0 ELSE 0.005 * abs(quantity) END) NOT VALID;
