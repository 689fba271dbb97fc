"""WHEN: the shell. Faust app, pipeline, relay, commands, settings, embedded parts, the simulated hospital."""
