-- A delivery note may bring goods of another supplier, or at another cost, than the catalogue says: what is kept of it for what moves the goods on.

CREATE TABLE udi.brought (
    hospital  text NOT NULL,
    item_code text NOT NULL,
    owner     text NOT NULL,
    CONSTRAINT brought_once PRIMARY KEY (hospital, item_code, owner)
);
COMMENT ON TABLE udi.brought IS 'Of whom goods of an item came by a delivery note that says another supplier or cost than the catalogue. Of all other items a batch asks nothing more.';
COMMENT ON COLUMN udi.brought.owner IS 'Whose they are: hospital, or a supplier''s id.';

CREATE TABLE udi.goods_cost (
    hospital    text NOT NULL,
    item_code   text NOT NULL,
    owner       text NOT NULL,
    lot         text NOT NULL,
    serial      text NOT NULL,
    received_on date NOT NULL,
    cost        bigint CHECK (cost > 0),
    CONSTRAINT goods_cost_once PRIMARY KEY (hospital, item_code, lot, serial, owner, received_on)
);
COMMENT ON TABLE udi.goods_cost IS 'What goods cost from the day on which they were received, by their delivery note; '''' where the label gave no lot or serial. Append-only.';
COMMENT ON COLUMN udi.goods_cost.cost IS '1/10,000 yuan a unit of use; null: what the catalogue says of each day.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.goods_cost FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change();

CREATE FUNCTION udi.goods_cost_on(p_hospital text, p_item_code text, p_owner text, p_lot text, p_serial text, p_day date) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT udi.yuan_price(c.cost) FROM udi.goods_cost c
        WHERE (c.hospital, c.item_code, c.owner, c.lot, c.serial) = (p_hospital, p_item_code, p_owner, coalesce(p_lot, ''), coalesce(p_serial, ''))
            AND c.received_on <= p_day
        ORDER BY c.received_on DESC LIMIT 1
    ), udi.cost_on(p_hospital, p_item_code, p_day))
$$;
COMMENT ON FUNCTION udi.goods_cost_on IS 'What a unit of goods cost on the day, in yuan: by the note they came with, else by the catalogue; null when neither says it.';
