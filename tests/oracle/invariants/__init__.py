"""What is promised of every run, one function each, named as the promise."""
