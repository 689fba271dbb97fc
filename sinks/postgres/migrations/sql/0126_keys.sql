-- Keys of claims and of units' places begin with what tells rows apart: a scan's id, a unit's serial. They began with the hospital, so every comparison on the way
-- down an index read columns that are the same in nearly all rows: up to eight searches a scan. Names and columns of the keys stay; who asks by all of them, as all
-- do, finds as before. Each key is made anew while its table is locked.

ALTER TABLE udi.scan_claim DROP CONSTRAINT scan_recorded_once, ADD CONSTRAINT scan_recorded_once PRIMARY KEY (scan_id, hospital);
ALTER TABLE udi.unit_claim DROP CONSTRAINT unit_used_once, ADD CONSTRAINT unit_used_once PRIMARY KEY (serial, di, issuer, hospital);
ALTER TABLE udi.unit_place DROP CONSTRAINT unit_has_one_place, ADD CONSTRAINT unit_has_one_place PRIMARY KEY (serial, di, issuer, hospital);

-- Lists that are read once and let go are not compressed: that cost more than to write them.
ALTER TABLE udi.usage_delta ALTER hospitals SET STORAGE EXTERNAL, ALTER departments SET STORAGE EXTERNAL, ALTER items SET STORAGE EXTERNAL,
    ALTER months SET STORAGE EXTERNAL, ALTER quantities SET STORAGE EXTERNAL, ALTER amounts SET STORAGE EXTERNAL;
ALTER TABLE udi.case_delta ALTER hospitals SET STORAGE EXTERNAL, ALTER encounters SET STORAGE EXTERNAL;
