"""Tests of streams.commands."""
