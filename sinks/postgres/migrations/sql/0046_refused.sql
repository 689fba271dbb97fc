-- GET /v1/scans/{scan_id}: a refused record has no claim, and its device asks for its verdict all the same.
CREATE INDEX scan_refused ON udi.scan (hospital, scan_id) WHERE verdict = 'refused';
