-- No index of settlement lines by their id: ids are hashes, and in books of years each line met another page of it. The line that a reversal names is asked for
-- among those of its supplier and month (udi.statement_due).

DROP INDEX udi.settlement_by_line;
