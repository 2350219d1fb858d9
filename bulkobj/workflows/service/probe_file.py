"""The file in which the findings of a probe are kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bulkobj.config.settings import Settings


def result_path(settings: Settings) -> Path:
    """Return the file with the findings about the settings' service and profile."""
    name = hashlib.sha256(f"{settings.profile}@{settings.target}".encode()).hexdigest()[:16]
    return settings.state_dir / "probes" / f"{name}.json"
