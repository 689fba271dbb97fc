"""What the store decides: which units a recall means, who was exposed, what is left to do."""
