"""GS1: element strings, their human readable form, Digital Link, lost separators."""
