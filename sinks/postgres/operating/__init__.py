"""What the engineer on call asks of the books: dead letters and recorded offsets."""
