"""Settings, profiles and credentials."""
