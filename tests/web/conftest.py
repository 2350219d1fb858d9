"""Pages that are closed when their test ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.web.web_kit import Page


@pytest.fixture
def new_page() -> Iterator[Callable[..., Page]]:
    """Serve a page; called as ``Page`` is."""
    pages: list[Page] = []

    def serve(*args: object, **how: object) -> Page:
        pages.append(Page(*args, **how))  # type: ignore[arg-type] # as Page takes them
        return pages[-1]

    yield serve
    for page in pages:
        page.close()


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A page that its user has opened, on an empty sandbox of its own."""
    return new_page()
