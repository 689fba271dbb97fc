"""Assessment: index tables, discharges, incomes, and what is computed of them."""
