"""Use cases that concern the service itself."""
