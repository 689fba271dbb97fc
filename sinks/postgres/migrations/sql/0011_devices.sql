-- What the gateway needs to know of devices: their keys, and whether they sign.

CREATE TABLE udi.device (
    hospital    text NOT NULL,
    device_id   text NOT NULL,
    key_hash    text NOT NULL,
    signing_key bytea,
    store       text,
    department  text,
    added_by    text NOT NULL,
    added_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_by  text,
    revoked_at  timestamptz,
    PRIMARY KEY (hospital, device_id),
    CONSTRAINT device_revoked_by_somebody CHECK ((revoked_by IS NULL) = (revoked_at IS NULL))
);
COMMENT ON TABLE udi.device IS 'Devices that may send scans through the gateway. key_hash is argon2 of the key that device and token are proven with; signing_key is the key itself, kept only of devices that sign.';

CREATE TABLE udi.gateway_secret (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    secret   bytea NOT NULL CHECK (octet_length(secret) = 32),
    made_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE udi.gateway_secret IS 'What short-lived tokens are signed with: the same for every gateway of the installation, so that any of them may answer.';

CREATE VIEW report.devices AS
SELECT hospital, device_id, signing_key IS NOT NULL AS signs, store, department, added_by, added_at, revoked_by, revoked_at
FROM udi.device;
COMMENT ON VIEW report.devices IS 'Devices that may send scans through the gateway. Without their keys.';
