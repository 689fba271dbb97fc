"""WHAT: values. Events on the wire, parsed codes, facts, decisions. No clock, no environment, no I/O."""
