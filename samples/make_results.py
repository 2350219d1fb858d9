"""Makes what bulkobj makes of the samples. Run from the top: ``python samples/make_results.py``.

Each sample is imported into a fresh sandbox. A test does the same, and compares the results row by row.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
SAMPLES = ("quarterly-plan.xlsx", "quarterly-plan.csv", "quarterly-plan-with-mistakes.xlsx")


def results_of(sample: str) -> Path:
    """Where the result of a sample is kept."""
    path = HERE / sample
    return path.with_name(f"{path.stem}-results{path.suffix}")


def main() -> None:
    """Import every sample, and keep its report beside it."""
    for sample in SAMPLES:
        with tempfile.TemporaryDirectory() as state:
            command = [sys.executable, "-m", "bulkobj", "import", str(HERE / sample), "--sandbox", "--yes"]
            environ = os.environ | {"BULKOBJ_STATE_DIR": state}
            subprocess.run([*command, "--report", str(results_of(sample))], check=False, env=environ)  # noqa: S603 - our own program


if __name__ == "__main__":
    main()
