"""Plans as files: the same goals on many accounts, the next period from an export, and approved plans."""
