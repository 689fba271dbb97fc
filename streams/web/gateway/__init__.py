"""The gateway: scans in by HTTP, verdicts out; no state of its own, several run side by side."""
