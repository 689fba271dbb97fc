"""What `udi verify` asks of the books: the invariants as data, and the outbox and input beside their topics."""
