"""Books of years: what a scan costs in them, and how long people wait for what they look up."""
