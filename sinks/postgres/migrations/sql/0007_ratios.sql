-- Consumption ratios: three formulas, four scopes, always from the newest records.

CREATE FUNCTION udi.ratio_sums(p_hospital text, p_month integer)
RETURNS TABLE (scope_type text, scope text, medical_fen numeric, drug_fen numeric, income_fen numeric, cost_fen numeric, income_from text, cost_from text,
               left_out text)
LANGUAGE sql STABLE ROWS 200 AS $$
    WITH span AS (SELECT udi.first_day(p_month) AS from_on, udi.first_day(udi.shifted(p_month, 1)) AS to_on),
    record AS MATERIALIZED (SELECT * FROM udi.income_now i WHERE (i.hospital, i.month) = (p_hospital, p_month)),
    own AS MATERIALIZED (
        -- Our own books are asked only when a record is silent.
        SELECT u.department, sum(u.income_fen) AS income_fen, sum(u.cost_fen) AS cost_fen
        FROM (SELECT span.* FROM span WHERE EXISTS (SELECT FROM record r WHERE r.consumable_income_fen IS NULL OR r.consumable_cost_fen IS NULL)) needed
        CROSS JOIN LATERAL udi.used_at_cost(p_hospital, needed.from_on, needed.to_on) u GROUP BY u.department
    ), department AS MATERIALIZED (
        SELECT r.department, r.medical_income_fen AS medical, r.drug_income_fen AS drug,
               coalesce(r.consumable_income_fen, own.income_fen, 0) AS income, coalesce(r.consumable_cost_fen, own.cost_fen, 0) AS cost,
               r.consumable_income_fen IS NULL AS income_own, r.consumable_cost_fen IS NULL AS cost_own,
               CASE WHEN r.drug_income_fen > r.medical_income_fen THEN 'drug income exceeds medical income' END AS left_out
        FROM record r LEFT JOIN own USING (department)
    ), discharged AS MATERIALIZED (
        SELECT d.* FROM span CROSS JOIN LATERAL udi.discharges_between(p_hospital, span.from_on, span.to_on) d
        WHERE d.medical_income_fen IS NOT NULL AND d.drug_income_fen <= d.medical_income_fen
    ), silent AS MATERIALIZED (
        SELECT o.* FROM (
            SELECT array_agg(d.encounter) AS encounters FROM discharged d WHERE d.consumable_income_fen IS NULL OR d.consumable_cost_fen IS NULL
        ) asked CROSS JOIN LATERAL udi.encounters_at_cost(p_hospital, asked.encounters) o WHERE asked.encounters IS NOT NULL
    ), cases AS MATERIALIZED (
        SELECT d.main_disease, d.drg_group, d.medical_income_fen AS medical, d.drug_income_fen AS drug,
               coalesce(d.consumable_income_fen, silent.income_fen, 0) AS income, coalesce(d.consumable_cost_fen, silent.cost_fen, 0) AS cost,
               d.consumable_income_fen IS NULL AS income_own, d.consumable_cost_fen IS NULL AS cost_own
        FROM discharged d LEFT JOIN silent USING (encounter)
    ), part AS (
        SELECT 'hospital' AS scope_type, p_hospital AS scope, medical, drug, income, cost, income_own, cost_own FROM department WHERE left_out IS NULL
        UNION ALL SELECT 'department', d.department, medical, drug, income, cost, income_own, cost_own FROM department d WHERE left_out IS NULL
        UNION ALL SELECT 'disease', main_disease, medical, drug, income, cost, income_own, cost_own FROM cases WHERE main_disease IS NOT NULL
        UNION ALL SELECT 'drg-group', drg_group, medical, drug, income, cost, income_own, cost_own FROM cases WHERE drg_group IS NOT NULL
    )
    SELECT p.scope_type, p.scope, sum(p.medical), sum(p.drug), sum(p.income), sum(p.cost),
           CASE WHEN bool_and(p.income_own) THEN 'books' WHEN bool_or(p.income_own) THEN 'both' ELSE 'record' END,
           CASE WHEN bool_and(p.cost_own) THEN 'books' WHEN bool_or(p.cost_own) THEN 'both' ELSE 'record' END, NULL
    FROM part p GROUP BY p.scope_type, p.scope
    UNION ALL SELECT 'department', d.department, NULL, NULL, NULL, NULL, NULL, NULL, d.left_out FROM department d WHERE d.left_out IS NOT NULL
    UNION ALL SELECT DISTINCT 'department', u.scope, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL, NULL, 'no income record'
    FROM udi.usage_now u
    WHERE u.hospital = p_hospital AND u.month = p_month AND u.scope_type = 'department' AND u.amount_fen <> 0
      AND u.scope NOT IN (SELECT r.department FROM record r)
$$;
COMMENT ON FUNCTION udi.ratio_sums IS 'What ratios of a month are made of, in fen. The hospital is the sum of its departments; who is left out stands in no sum and has the reason in left_out.';

CREATE FUNCTION udi.ratio_rows(p_hospital text, p_month integer)
RETURNS TABLE (scope_type text, scope text, formula text, numerator numeric, denominator numeric, numerator_from text, left_out text)
LANGUAGE sql STABLE ROWS 600 AS $$
    SELECT s.scope_type, s.scope, f.formula, f.numerator, f.denominator, f.taken, s.left_out
    FROM udi.ratio_sums(p_hospital, p_month) s
    CROSS JOIN LATERAL (VALUES
        ('consumption-ratio', s.income_fen, s.medical_fen, s.income_from),
        ('consumption-ratio-without-drugs', s.income_fen, s.medical_fen - s.drug_fen, s.income_from),
        ('per-100-yuan', s.cost_fen, s.medical_fen - s.drug_fen, s.cost_from)
    ) f (formula, numerator, denominator, taken)
$$;
COMMENT ON FUNCTION udi.ratio_rows IS 'The three formulas of each scope of a month; fen over fen.';

CREATE VIEW report.ratios AS
SELECT m.hospital, n.scope_type, n.scope, udi.month_text(m.month) AS month, n.formula, (n.numerator / 100)::numeric(20, 2) AS numerator,
       (n.denominator / 100)::numeric(20, 2) AS denominator, round(n.numerator * 100 / nullif(n.denominator, 0), 2) AS ratio_percent,
       year.points AS year_on_year_points, year.percent AS year_on_year_percent, year.points = 0 AS year_on_year_flat,
       month.points AS month_on_month_points, month.percent AS month_on_month_percent, month.points = 0 AS month_on_month_flat,
       n.numerator_from, n.left_out
FROM (
    SELECT hospital, month FROM udi.income
    UNION SELECT hospital, udi.month_of(udi.local_day(discharged_at)) FROM udi.discharge
) m
CROSS JOIN LATERAL udi.ratio_rows(m.hospital, m.month) n
LEFT JOIN LATERAL udi.ratio_rows(m.hospital, udi.shifted(m.month, -12)) y ON (y.scope_type, y.scope, y.formula) = (n.scope_type, n.scope, n.formula)
LEFT JOIN LATERAL udi.ratio_rows(m.hospital, udi.shifted(m.month, -1)) b ON (b.scope_type, b.scope, b.formula) = (n.scope_type, n.scope, n.formula)
-- Changes of the exact ratios, rounded once.
CROSS JOIN LATERAL (
    SELECT round((n.numerator * y.denominator - y.numerator * n.denominator) * 100 / nullif(n.denominator * y.denominator, 0), 2) AS points,
           round((n.numerator * y.denominator - y.numerator * n.denominator) * 100 / nullif(y.numerator * n.denominator, 0), 2) AS percent
) year
CROSS JOIN LATERAL (
    SELECT round((n.numerator * b.denominator - b.numerator * n.denominator) * 100 / nullif(n.denominator * b.denominator, 0), 2) AS points,
           round((n.numerator * b.denominator - b.numerator * n.denominator) * 100 / nullif(b.numerator * n.denominator, 0), 2) AS percent
) month;
COMMENT ON VIEW report.ratios IS 'Consumption ratios by scope, month and formula with their change against the year and the month before. per-100-yuan is in yuan per 100 yuan. Ask with a month: each costs one pass over its uses when a record is silent.';

-- Targets and runs ----------------------------------------------------------------------------------------------------

CREATE TABLE udi.target (
    hospital        text NOT NULL,
    department      text NOT NULL,
    version         integer NOT NULL CHECK (version > 0),
    base_window     text NOT NULL,
    cut_percent     numeric NOT NULL CHECK (cut_percent >= 0 AND cut_percent < 100),
    base_value      numeric NOT NULL CHECK (base_value >= 0),
    cost_per_weight numeric NOT NULL CHECK (cost_per_weight >= 0),
    decided_by      text NOT NULL,
    decided_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (hospital, department, version)
);
COMMENT ON TABLE udi.target IS 'Targets of cost per weight, yuan: the value of a base window less some per cent. Append-only; the newest version of a department holds.';
CREATE VIEW report.targets AS
SELECT DISTINCT ON (hospital, department) hospital, department, version, base_window, cut_percent, round(base_value, 2) AS base_value,
       round(cost_per_weight, 2) AS cost_per_weight, decided_by, decided_at
FROM udi.target ORDER BY hospital, department, version DESC;

CREATE TABLE udi.assessment_run (
    run        uuid PRIMARY KEY,
    hospital   text NOT NULL,
    month_from integer NOT NULL,
    month_to   integer NOT NULL,
    options    jsonb NOT NULL,
    weights    jsonb NOT NULL,
    bounds     jsonb NOT NULL,
    document   jsonb NOT NULL,
    run_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE udi.assessment_run IS 'An assessment that was kept, with the weights and bounds it used: what reference mode refers to. Append-only.';
CREATE TABLE udi.assessment_row (
    run                uuid NOT NULL REFERENCES udi.assessment_run,
    department         text NOT NULL,
    values             jsonb NOT NULL,
    closeness          double precision,
    rank               integer,
    rank_low           integer,
    rank_high          integer,
    target             numeric,
    attainment_percent numeric,
    PRIMARY KEY (run, department)
);
COMMENT ON TABLE udi.assessment_row IS 'The departments of a kept run: index values, closeness, rank with its simultaneous set, target and attainment. Append-only.';
CREATE VIEW report.assessment AS
SELECT r.hospital, a.run, udi.month_text(r.month_from) || '..' || udi.month_text(r.month_to) AS window, a.department, a.values AS index_values, a.closeness,
       a.rank, a.rank_low, a.rank_high, round(a.target, 2) AS target, a.attainment_percent, r.run_at
FROM udi.assessment_row a JOIN udi.assessment_run r USING (run);

CREATE TABLE udi.month_step (
    hospital text NOT NULL,
    month    integer NOT NULL,
    step     text NOT NULL CHECK (step IN ('close', 'assess', 'pack')),
    done_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (hospital, month, step)
);
COMMENT ON TABLE udi.month_step IS 'How far the run of a month has come (udi month run): a step that is done is not done again.';
