"""A service in virtual time."""

from __future__ import annotations

import pytest

from tests.execution.virtual_service import VirtualClock, VirtualService


@pytest.fixture
def service() -> VirtualService:
    return VirtualService(VirtualClock())
