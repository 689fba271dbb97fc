-- A unit comes in and is used: its place and its balance are each written once and changed once or twice, weeks later. With room for that on the row's own
-- page the change touches no index. The tables are no larger for it: without room, rows and index entries that stand for nothing took as much.
ALTER TABLE udi.unit_place SET (fillfactor = 50);
ALTER TABLE udi.balance SET (fillfactor = 50);
