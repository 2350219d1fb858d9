"""The formats .xls and .ods."""
