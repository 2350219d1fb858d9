"""``python -m bulkobj``."""

from bulkobj.cli.main import run

if __name__ == "__main__":
    run()
