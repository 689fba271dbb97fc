"""Commands on months, days and cases."""
