"""What the gateway and the pages ask of the books."""
