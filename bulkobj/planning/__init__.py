"""Plans: checked rows and live objectives become steps. Pure."""
