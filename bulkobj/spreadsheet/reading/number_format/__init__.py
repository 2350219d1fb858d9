"""Number formats: codes to displayed texts."""
