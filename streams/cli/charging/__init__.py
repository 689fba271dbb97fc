"""Commands on scans that wait, and corrections."""
