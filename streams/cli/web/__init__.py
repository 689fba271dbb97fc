"""Commands for the gateway: devices and accounts."""
