"""Exports of China's national UDI database (UDID): read as a stream, merged into the catalogue of a hospital."""
