"""The scan event, the tick, and how each scanner is set up."""
