"""Files that bulkobj makes itself."""
