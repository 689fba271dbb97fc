"""The relay: publishes the outbox, in order and once (docs/adr/0004)."""
