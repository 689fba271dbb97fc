"""Discharged cases, incomes of departments, and what was seeded in them."""
