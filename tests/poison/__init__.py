"""Records that nobody has thought of: they are set aside, their neighbours go through, no worker ends."""
