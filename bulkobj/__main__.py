"""The program as a process of its own: ``bulkobj``, or ``python -m bulkobj``."""

from __future__ import annotations

import logging

from bulkobj.cli.main import run
from bulkobj.cli.streams import protect_streams


def main() -> None:
    """Run the program with streams that may fail, and a log that may fail in silence."""
    logging.raiseExceptions = False
    protect_streams()
    run()


if __name__ == "__main__":
    main()
