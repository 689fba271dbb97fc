"""Gateway, terminal and board over the demo's books, all of it as it runs for a person."""
