"""The rate limiter and its slot stores."""
