"""The baseline, as such an app is first written: an agent per event, a transaction per event, ordinary statements."""
