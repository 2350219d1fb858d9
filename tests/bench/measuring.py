"""What whole commands cost, side by side: each in a fresh process, in turns, so that a busy machine slows all alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

K = TypeVar("K")

LAUNCH = Path(__file__).with_name("launch.py")


@dataclass(frozen=True)
class Cost:
    """Wall seconds, and peak memory in megabytes."""

    seconds: float
    megabytes: float


def cost_of(command: list[str], environ: Mapping[str, str]) -> Cost:
    """The cost of one run; RuntimeError where the command fails, as its time would say nothing then."""
    launched = [sys.executable, "-I", "-S", str(LAUNCH), *command]
    ran = subprocess.run(launched, env=os.environ | environ, capture_output=True, text=True, check=True)
    seconds, megabytes, code = ran.stdout.split()
    if code != "0":
        raise RuntimeError(f"exit code {code}: {' '.join(command)}")
    return Cost(float(seconds), float(megabytes))


def costs_in_turns(commands: Mapping[K, list[str]], environ: Mapping[str, str], times: int) -> dict[K, Cost]:
    """The median seconds and the largest memory of each command."""
    runs: dict[K, list[Cost]] = {name: [] for name in commands}
    for _ in range(times):
        for name, command in commands.items():
            runs[name].append(cost_of(command, environ))
    return {
        name: Cost(statistics.median(one.seconds for one in found), max(one.megabytes for one in found))
        for name, found in runs.items()
    }
