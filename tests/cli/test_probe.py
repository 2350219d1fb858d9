"""`bulkobj doctor --probe`: the shapes of a service, read and written, without customer data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.cli_kit import Ran, against, calls
from tests.service.server import SandboxServer

ACCOUNT = "BLUE-1010"
READS = 8 + 2  # eight probes, and the statuses that doctor and the probe read to check the token


def probed(server: SandboxServer, *options: object, account: str = ACCOUNT) -> Any:
    ran = against(server, "doctor", "--probe", account, "--json", *options)
    assert ran.code == 0, ran.err
    return ran.report["probe"]


def of_account(server: SandboxServer) -> Any:
    return probed(server)["reads"]["objectives of the account"]


def test_a_probe_reads_and_writes_nothing(server: SandboxServer, tmp_path: Path) -> None:
    found = probed(server)
    assert calls(server) == {"GET": READS - 2, "POST": 2}
    assert found["writes"] == {}
    assert any("--probe-writes" in one for one in found["unknown"])
    assert found["reads"]["objectives of an unknown account"]["status"] == 404
    assert found["headers"] == {
        "rate limit": {"ratelimit-limit": "number", "ratelimit-remaining": "number", "ratelimit-reset": "number"},
        "date": True,
    }


def test_the_findings_hold_no_customer_data(server: SandboxServer, tmp_path: Path) -> None:
    """No id, name, title or address of the tenant, and no token; the file is its owner's alone, config names it."""
    server.put("accounts", [{"id": "SECRETCO", "name": "Secretco Holding"}])
    server.put(
        "objectives",
        [
            {
                "id": "secret-id",
                "accountId": "SECRETCO",
                "title": "Secret title",
                "owner": "boss@secretco.example",
                "secretProperty": "secret",
            }
        ],
    )
    for options in ({}, {"list_wrapper": "map"}, {"error_style": "text"}, {"users": "refused"}):
        server.behave(**options)
        found = json.dumps(probed(server, "--probe-writes", "--yes", account="SECRETCO"))
        assert "secret" not in found.casefold()
        assert server.token not in found
    (file,) = (tmp_path / "state" / "probes").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text()) == json.loads(found)
    assert str(file) in against(server, "config").out


@pytest.mark.parametrize(
    ("behaviour", "facts"),
    [
        ({}, {"shape": "list", "keys": "camelCase"}),
        ({"keys": "snake"}, {"keys": "snake_case"}),
        ({"keys": "pascal"}, {"keys": "PascalCase"}),
        ({"list_wrapper": "data"}, {"shape": 'list in "data"'}),
        ({"list_wrapper": "map"}, {"shape": "map by id"}),
        ({"list_wrapper": "data-map"}, {"shape": 'map by id in "data"'}),
        ({"list_wrapper": "objectiveInstances"}, {"shape": 'list in "another name"'}),
        ({"partial": "next-path", "page": 1}, {"parts": {"total": False, "more": True, "next": True}}),
        ({"partial": "total-text", "page": 1}, {"parts": {"total": True, "more": False, "next": False}}),
    ],
)
def test_the_shape_of_a_list_is_named(server: SandboxServer, behaviour: dict[str, Any], facts: dict[str, Any]) -> None:
    server.behave(**behaviour)
    found = of_account(server)
    assert {name: found[name] for name in facts} == facts


@pytest.mark.parametrize(
    ("behaviour", "name", "kind"),
    [
        ({}, "startDate", "ISO with milliseconds, Z"),
        ({"dates": "iso-seconds"}, "startDate", "ISO without milliseconds, Z"),
        ({"dates": "offset"}, "startDate", "ISO without milliseconds, an offset"),
        ({"dates": "local"}, "startDate", "ISO without milliseconds, no zone"),
        ({"dates": "basic"}, "startDate", "basic ISO without milliseconds, Z"),
        ({"dates": "epoch-ms"}, "startDate", "epoch milliseconds"),
        ({"dates": "epoch-s"}, "startDate", "epoch seconds"),
        ({"names": "nested"}, "status", "object"),
        ({"plays": "objects"}, "successPlays", "list of objects"),
        ({"blanks": "null"}, "owner", "null"),
    ],
)
def test_the_kind_of_a_property_is_named(
    server: SandboxServer, behaviour: dict[str, Any], name: str, kind: str
) -> None:
    about = {"accountId": ACCOUNT, "title": "T", "statusId": "s", "startDate": "2024-02-08T20:10:00.000Z"}
    server.put("objectives", [about | {"successPlays": ["p"]}])
    server.behave(**behaviour)
    assert kind in of_account(server)["properties"][name]


def written(server: SandboxServer, **behaviour: Any) -> Any:
    before = server.objectives()
    server.behave(**behaviour)
    found = probed(server, "--probe-writes", "--yes")
    assert server.objectives() == before
    return found["writes"]


@pytest.mark.parametrize(
    ("behaviour", "section", "facts"),
    [
        ({}, "create", {"status": 201, "id": "in the response", "verdict": "done"}),
        ({"create_answer": "success"}, "create", {"id": "not in the response", "shape": 'text "Success"'}),
        ({"create_answer": "204"}, "create", {"status": 204, "shape": "empty"}),
        ({"update_answer": "wrapped"}, "update of one field", {"shape": "JSON object with objective"}),
        ({"delete_answer": "202-json"}, "delete", {"status": 202}),
        ({"error_style": "html"}, "delete of what is gone", {"status": 404, "shape": "web page"}),
    ],
)
def test_answers_to_writes_are_named(
    server: SandboxServer, behaviour: dict[str, Any], section: str, facts: dict[str, Any]
) -> None:
    """What was made is deleted again, whatever the service answers."""
    found = written(server, **behaviour)[section]
    assert {name: found[name] for name in facts} == facts


@pytest.mark.parametrize(("update", "word"), [("partial", "merges"), ("replace", "replaces")])
def test_an_update_that_merges_is_told_from_one_that_replaces(server: SandboxServer, update: str, word: str) -> None:
    if update == "replace":  # the service refuses to lose what it requires, so that it keeps what is not sent
        server.behave(blanks="null")
    assert written(server, update=update)["an update"] == word


@pytest.mark.parametrize(
    ("behaviour", "stamp"),
    [({}, "there, +0 s"), ({"stamp_ahead": 3600}, "there, +3600 s"), ({"timestamps": False}, "absent")],
)
def test_the_clock_of_objectives_is_compared(server: SandboxServer, behaviour: dict[str, Any], stamp: str) -> None:
    found = written(server, **behaviour)["createdAt"]
    assert found.startswith(stamp[:8])
    if "3600" in stamp:
        assert 3590 < int(found.split()[1]) < 3610


def test_a_write_that_is_contradicted_is_named_and_cleaned_up(server: SandboxServer) -> None:
    server.fault("answer", method="POST", path="objectives", when="after", body='{"success": false}', count=1)
    assert written(server)["create"]["verdict"] == "lost"


def test_writes_are_asked_for(server: SandboxServer) -> None:
    """Without a terminal they need --yes, and they need an account."""
    refused: list[Ran] = [
        against(server, "doctor", "--probe-writes", "--yes"),
        against(server, "doctor", "--probe", ACCOUNT, "--probe-writes"),
    ]
    assert [ran.code for ran in refused] == [2, 2]
    assert "--probe ACCOUNT" in refused[0].err
    assert "--yes" in refused[1].err
    assert "PUT" not in calls(server)


def test_an_objective_that_stays_is_named_to_the_person_alone(server: SandboxServer) -> None:
    server.fault("status", method="DELETE", status=403)
    ran = against(server, "doctor", "--probe", ACCOUNT, "--probe-writes", "--yes")
    (left,) = [one["id"] for one in server.objectives() if one["title"].startswith("bulkobj probe")]
    assert ran.code == 1
    assert left in ran.err
    assert left not in ran.out


def test_the_text_names_facts_and_the_file(server: SandboxServer) -> None:
    ran = against(server, "doctor", "--probe", ACCOUNT)
    assert ran.code == 0
    assert "read: objectives of the account: status 200; shape list" in ran.out
    assert "not known: " in ran.out
    assert "probes" in ran.err
