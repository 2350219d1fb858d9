"""The empty import workbook."""
