"""Files to tables and back; the only room that imports pandas, openpyxl and the like."""
