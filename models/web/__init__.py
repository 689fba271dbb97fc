"""What the gateway and the pages take, give and allow."""
