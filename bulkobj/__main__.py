"""The program as a process of its own: ``bulkobj``, or ``python -m bulkobj``."""

from __future__ import annotations

from bulkobj.cli.main import run
from bulkobj.cli.streams import protect_streams


def main() -> None:
    """Run the program with standard streams that may fail."""
    protect_streams()
    run()


if __name__ == "__main__":
    main()
