"""What a scan is decided on and what follows: facts, decisions, entries of the books, commands of persons."""
