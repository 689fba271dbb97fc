"""Rules of the charge catalogue: joining a label to its item, and what is doubtful in rows."""
