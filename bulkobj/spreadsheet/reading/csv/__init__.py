"""CSV files: decoding and parsing."""
