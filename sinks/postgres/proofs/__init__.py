"""What the demo asks of the books: how far they are, what they hold against the truth, and what it shows at the end."""
