"""Export files."""
