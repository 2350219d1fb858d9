"""Files as tables of cells."""
