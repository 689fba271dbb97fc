"""What suppliers are owed for: statements and invoices."""
