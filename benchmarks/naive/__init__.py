"""The baseline: how such an app is written at first. An agent per event, a transaction per event, ordinary statements."""
