"""What the store knows: recall notices and what they name."""
