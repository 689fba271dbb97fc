"""Values of monitoring: what is judged and the versions of an alert."""
