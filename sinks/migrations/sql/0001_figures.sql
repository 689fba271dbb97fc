-- Figures by day, month and period, as true for a date and as known on a date.
SELECT;
