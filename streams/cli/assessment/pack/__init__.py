"""The meeting pack: one HTML file and one workbook of a month."""
