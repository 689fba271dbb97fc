"""The code itself as material of tests."""
