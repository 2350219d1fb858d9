"""The service: its calls, its answers, its limit; the only room that imports httpx."""
