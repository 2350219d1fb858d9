"""The slot store that several machines share."""
