-- Which scanners seem to be faulty: devices of which many labels may have lost separators.

CREATE VIEW report.scanners AS
SELECT DISTINCT ON (hospital, device_id) hospital, device_id, version, known_from, profile, recorded_at
FROM udi.scanner WHERE losing IS NULL ORDER BY hospital, device_id, version DESC;

CREATE FUNCTION udi.devices(p_hospital text) RETURNS TABLE (device_id text, newest_at timestamptz) LANGUAGE sql STABLE AS $$
    WITH RECURSIVE device (device_id) AS (
        (SELECT s.device_id FROM udi.scan s WHERE s.hospital = p_hospital AND s.device_id IS NOT NULL ORDER BY s.device_id LIMIT 1)
        UNION ALL
        SELECT (SELECT s.device_id FROM udi.scan s WHERE s.hospital = p_hospital AND s.device_id > d.device_id ORDER BY s.device_id LIMIT 1)
        FROM device d WHERE d.device_id IS NOT NULL
    )
    SELECT d.device_id, (
        SELECT s.scanned_at FROM udi.scan s
        WHERE s.hospital = p_hospital AND s.device_id = d.device_id AND s.scanned_at IS NOT NULL ORDER BY s.scanned_at DESC LIMIT 1
    ) FROM device d WHERE d.device_id IS NOT NULL
$$;
COMMENT ON FUNCTION udi.devices IS 'The devices of a hospital and when each was used last; two probes of the index for each.';

CREATE VIEW report.scanner_faults AS
WITH device AS MATERIALIZED (
    SELECT h.hospital, d.device_id, max(d.newest_at) OVER (PARTITION BY h.hospital) - interval '7 days' AS since
    FROM udi.hospitals_with_records() h (hospital) CROSS JOIN LATERAL udi.devices(h.hospital) d
), suspected AS MATERIALIZED (
    SELECT device.*, counted.suspect, counted.restored
    FROM device CROSS JOIN LATERAL (
        SELECT count(*) AS suspect, count(*) FILTER (WHERE 'separator_restored' = ANY (s.label_flags)) AS restored
        FROM udi.scan s
        WHERE s.hospital = device.hospital AND s.device_id = device.device_id AND s.scanned_at > device.since
          AND 'suspect_missing_separator' = ANY (s.label_flags) AND s.verdict NOT IN ('duplicate', 'conflict')
    ) counted WHERE counted.suspect > 0
)
SELECT suspected.hospital, suspected.device_id, suspected.since, labels.labels, suspected.suspect, suspected.restored,
       round(suspected.suspect * 100.0 / nullif(labels.labels, 0), 2) AS suspect_percent,
       CASE WHEN labels.typed > 0 THEN 'A keyboard or input method swallows the separators.'
            ELSE 'The scanner drops the separators (FNC1).' END AS likely_fault,
       CASE WHEN labels.typed > 0 THEN 'Switch the input method off, or set the scanner to USB serial; then scan a test label.'
            ELSE 'Set the scanner to send FNC1 as "|" (0x7C) and symbology identifiers on; then scan a test label.' END AS setting
FROM suspected CROSS JOIN LATERAL (
    SELECT count(*) AS labels, count(*) FILTER (WHERE s.label_flags && ARRAY['ime', 'full_width', 'caps_lock', 'trailing_tab']) AS typed
    FROM udi.scan s
    WHERE s.hospital = suspected.hospital AND s.device_id = suspected.device_id AND s.scanned_at > suspected.since
      AND s.issuer = 'GS1' AND s.verdict NOT IN ('duplicate', 'conflict')
) labels;
COMMENT ON VIEW report.scanner_faults IS 'Devices with labels that may have lost separators, within 7 days before the newest scan of their hospital. About 4 % of innocent labels look so: docs/codes.md says from which share on it is a fault.';
