"""Results written into the admin's own workbook."""
