"""Assessment in PostgreSQL: discharged cases, incomes, ratios, runs."""
