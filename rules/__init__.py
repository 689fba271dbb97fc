"""WHY: pure decisions over `models`, and the Prometheus alert rules. No clock, no environment, no I/O."""
