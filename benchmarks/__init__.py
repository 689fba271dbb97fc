"""What the product costs, against baselines of the same run: `make bench`."""
