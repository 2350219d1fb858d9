"""Creates the objectives of a CSV file one after the other, with a fixed pause after each call.

    TOTANGO_TOKEN=… python plain_script.py plan.csv

The vendor's page names a limit of 100 calls a minute, so that each call is followed by a pause of 60/100 s. What fails
for the moment is tried again.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

CALLS, WINDOW = 100, 60.0
OBJECTIVES, SETTINGS = "/api/v3/objectives/", "/api/v3/objective-settings/"


@dataclass(frozen=True)
class Names:
    """The ids of the tenant's statuses and categories by their display names."""

    statuses: dict[str, str]
    categories: dict[str, str]


def ids(listed: list[dict[str, str]]) -> dict[str, str]:
    """The ids by name, of what the service lists."""
    return {one["displayName"]: one["id"] for one in listed}


def objectives(plan: Path, names: Names, start: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """What to send for each row, from row ``start`` on, with its row number; the header is row 1."""
    table = pd.read_csv(plan, dtype=str, keep_default_na=False)
    for number, row in enumerate(table.to_dict("records"), 2):
        if number >= start:
            yield (
                number,
                {
                    "accountId": row["Account ID"],
                    "title": row["Title"],
                    "description": row["Description"],
                    "categoryId": names.categories[row["Category"]],
                    "statusId": names.statuses[row["Status"]],
                    "owner": row["Owner"],
                    "startDate": f"{row['Start Date']}T00:00:00.000Z",
                    "endDate": f"{row['End Date']}T00:00:00.000Z",
                    "successPlays": row["SuccessPlays"].split(";") if row["SuccessPlays"] else [],
                },
            )


def may_pass(error: BaseException) -> bool:
    """Whether trying again may help: too many calls, a fault of the service, or no answer."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code == 429 or error.response.status_code >= 500
    return isinstance(error, httpx.TransportError)


def patience(window: float) -> dict[str, Any]:
    """How tenacity tries again: after 1, 2, 4, 8, 16, 30 and 30 s, where the limit's window is 60 s."""
    return {
        "retry": retry_if_exception(may_pass),
        "wait": wait_exponential(multiplier=window / 60, max=window / 2),
        "stop": stop_after_attempt(8),
        "reraise": True,
    }


def listed(client: httpx.Client, kind: str) -> list[dict[str, str]]:
    """The statuses or categories of the tenant."""
    response = client.get(SETTINGS + kind)
    response.raise_for_status()
    found: list[dict[str, str]] = response.json()
    return found


def create(client: httpx.Client, body: dict[str, Any]) -> None:
    """Create one objective."""
    client.post(OBJECTIVES, json=body).raise_for_status()


def import_plan(client: httpx.Client, plan: Path, window: float = WINDOW, start: int = 2) -> None:
    """Create the objectives of the file, and print what became of each row."""
    trying = Retrying(**patience(window))
    names = Names(ids(trying(listed, client, "status")), ids(trying(listed, client, "category")))
    for number, body in objectives(plan, names, start):
        try:
            trying(create, client, body)
            print(f"row {number}: created")
        except httpx.HTTPError as error:
            print(f"row {number}: failed: {error}")
        time.sleep(window / CALLS)


def arguments() -> argparse.Namespace:
    """The command line; every wait is a share of the window, for services whose window isn't a minute."""
    parser = argparse.ArgumentParser()
    parser.add_argument("plan", type=Path)
    parser.add_argument("--start", type=int, default=2, metavar="ROW", help="the row to begin with")
    parser.add_argument("--window", type=float, default=WINDOW, metavar="S", help="the limit is 100 calls in S seconds")
    return parser.parse_args()


def connection(window: float) -> dict[str, Any]:
    """What a client needs to know."""
    return {
        "base_url": os.environ.get("TOTANGO_URL", "https://api.totango.com"),
        "headers": {"app-token": os.environ["TOTANGO_TOKEN"]},
        "timeout": window / 2,
    }


def main() -> None:
    """Import the file that the command line names."""
    given = arguments()
    with httpx.Client(**connection(given.window)) as client:
        import_plan(client, given.plan, given.window, given.start)


if __name__ == "__main__":
    main()
