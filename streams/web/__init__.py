"""What a process says over HTTP."""
