"""`udi verify`: the invariants of books and topics."""
