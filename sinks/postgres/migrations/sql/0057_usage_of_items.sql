-- Causes are worked out from the use of all items of a category, in a few months. By the months alone each portion of a close read every
-- item's use: two seconds a portion at five million scans.
CREATE INDEX usage_month_of_item ON udi.usage_month (hospital, item_code, month);
COMMENT ON INDEX udi.usage_month_of_item IS 'The evaluator: the use of a category''s items in some months, for causes.';
