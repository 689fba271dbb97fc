"""The issuers of device identifiers, one module or package each: none knows another, nor the reader of all."""
