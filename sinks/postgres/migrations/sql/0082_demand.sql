-- From fewer than 8 weeks nothing is forecast, and no use of a week either: it would be read as one.
ALTER TABLE udi.demand ALTER COLUMN weekly DROP NOT NULL;

CREATE VIEW report.demand_2 AS
SELECT hospital, store, item_code, as_of, first_came_on, last_used_on, weeks, weeks_used, CASE WHEN forecast IS NOT NULL THEN weekly END AS weekly, days, forecast,
       low, high
FROM udi.demand;
COMMENT ON VIEW report.demand_2 IS 'What stores will use of their items, as it was reckoned last; weekly and forecast are null from fewer than 8 weeks.';
