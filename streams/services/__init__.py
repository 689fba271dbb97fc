"""The long-running services and what each does beside the hot path."""
