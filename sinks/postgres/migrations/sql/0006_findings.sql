-- Findings: what concerns one item and month of a hospital, in versions.

CREATE TABLE udi.watch_finding (
    finding     uuid NOT NULL,
    version     integer NOT NULL CHECK (version > 0),
    hospital    text NOT NULL,
    item_code   text NOT NULL,
    month       integer NOT NULL,
    status      text NOT NULL CHECK (status IN ('open', 'continued', 'explained', 'withdrawn', 'closed')),
    filed       text CHECK ((filed IS NOT NULL) = (status = 'explained')),
    provisional boolean NOT NULL,
    amount_fen  bigint NOT NULL CHECK (amount_fen >= 0),
    certain_fen bigint NOT NULL CHECK (certain_fen >= 0),
    cause       jsonb NOT NULL,
    measure     text CHECK (measure IN ('amount', 'quantity')),
    alerts      uuid[] NOT NULL,
    alert_versions integer[] NOT NULL CHECK (cardinality(alert_versions) = cardinality(alerts)),
    departments jsonb NOT NULL,
    found_at    timestamptz NOT NULL,
    PRIMARY KEY (finding, version)
);
CREATE INDEX watch_finding_of_month ON udi.watch_finding (hospital, month, item_code);
COMMENT ON TABLE udi.watch_finding IS 'Every version of every finding, append-only: the alerts of one item and month of a hospital, what is at stake and why it is open or filed. cause is of the alert of that measure.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.watch_finding FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change();
CREATE TABLE udi.desk_cut (
    hospital    text NOT NULL,
    month       integer NOT NULL,
    certain_fen bigint,
    amount_fen  bigint,
    PRIMARY KEY (hospital, month)
);
COMMENT ON TABLE udi.desk_cut IS 'What a finding of a closed month must have at stake to lie open; null: all found room. Drawn at the close, so that a late change moves only the finding it concerns.';

CREATE VIEW udi.watch_finding_now AS
SELECT DISTINCT ON (finding) * FROM udi.watch_finding ORDER BY finding, version DESC;

CREATE VIEW report.findings AS
SELECT hospital, finding, version, item_code, udi.month_text(month) AS month, status, filed, provisional, udi.yuan(amount_fen) AS amount,
       udi.yuan(certain_fen) AS certain_amount, cause, measure,
       alerts, alert_versions, departments, found_at
FROM udi.watch_finding_now;
COMMENT ON VIEW report.findings IS 'Findings, newest version of each. amount: yuan at stake; certain_amount: of it, what chance alone would not give.';
