"""Proxies and certificates of the environment: what is used, and what is refused by the variable's name."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bulkobj.config.settings import Settings
from bulkobj.core.errors import ServiceDownError, UsageError
from bulkobj.core.model import Rate
from bulkobj.totango.environment import certificates, proxy_for
from tests.totango.client_kit import HOST, using

LOOPBACK = "http://127.0.0.1:1"


@pytest.mark.parametrize("url", [LOOPBACK, "http://localhost:1", "http://[::1]:1", "https://127.0.0.1:1"])
def test_loopback_is_reached_without_a_proxy(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "socks5://nonsense:port")
    assert proxy_for(url) is None


@pytest.mark.parametrize(
    ("name", "value", "url"),
    [
        ("HTTPS_PROXY", "http://proxy:8080", "http://proxy:8080"),
        ("https_proxy", "proxy:8080", "http://proxy:8080"),
        ("ALL_PROXY", "http://user:p%40ss@proxy:8080", "http://user:p%40ss@proxy:8080"),
        ("all_proxy", "https://proxy", "https://proxy"),
    ],
)
def test_a_proxy_is_used(name: str, value: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("HTTP_PROXY", "socks5://not-for-https")
    proxy = proxy_for(HOST)
    assert proxy is not None
    assert (proxy.url, proxy.variable) == (url, name)
    assert "ss@" not in repr(proxy)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    "value",
    [
        "socks5://proxy:1080",
        "socks5h://u:secret@proxy",
        "http://proxy:port",
        "http://:secret@",
        "ftp://p",
        "http://p:0",
    ],
)
def test_a_proxy_that_can_not_be_used_names_its_variable(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=f"^{name}: ") as caught:
        proxy_for(HOST)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["api.totango.com", ".totango.com", "*", "fe80::/10, [::1],api.totango.com", "x, ,totango.com"]
)
def test_no_proxy_is_heeded_whatever_else_it_holds(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:8080")
    monkeypatch.setenv("NO_PROXY", value)
    assert proxy_for(HOST) is None


@pytest.mark.parametrize("value", ["fe80::/10", "[::1]", "10.0.0.0/8", "::", "[", "http://x:y"])
def test_an_odd_no_proxy_does_no_harm(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:8080")
    monkeypatch.setenv("NO_PROXY", value)
    assert proxy_for(HOST) is not None


def absent(folder: Path) -> str:
    return str(folder / "absent")


def garbage(folder: Path) -> str:
    path = folder / "garbage.pem"
    path.write_text("no certificate")
    return str(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SSL_CERT_FILE", absent),
        ("SSL_CERT_FILE", garbage),
        ("SSL_CERT_FILE", str),
        ("SSL_CERT_DIR", absent),
        ("SSL_CERT_DIR", garbage),
        ("SSLKEYLOGFILE", lambda folder: str(folder / "absent" / "keys")),
        ("SSLKEYLOGFILE", str),
    ],
)
def test_certificates_that_can_not_be_read_name_their_variable(
    name: str, value: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value(tmp_path))
    with pytest.raises(UsageError, match=f"^{name}: "):
        certificates()


def test_certificates_are_checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of the system, or of a folder: a host is verified either way."""
    for folder in ("", str(tmp_path)):
        monkeypatch.setenv("SSL_CERT_DIR", folder)
        context = certificates()
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


def failure(url: str, folder: Path) -> str:
    settings = Settings(url, "the-token", Rate(99, 0.05), 2.0, 1.0, 8, folder, folder / "c.toml", "default")
    with pytest.raises(ServiceDownError) as caught:
        using(settings, lambda totango: totango.statuses())
    return str(caught.value)


def test_a_service_that_is_not_there_is_named(tmp_path: Path) -> None:
    """In our own words, with the host and what to do."""
    said = failure(LOOPBACK, tmp_path)
    assert said == (
        "the service at 127.0.0.1:1 can't be reached: connection refused. Check the internet connection and --base-url"
    )


def test_a_service_without_tls_and_a_proxy_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def main() -> Any:
        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        said = await asyncio.to_thread(failure, f"https://127.0.0.1:{port}", tmp_path)
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        refused = await asyncio.to_thread(failure, HOST, tmp_path)
        server.close()
        return port, said, refused

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        port, said, refused = runner.run(main())
    assert said == (
        f"the service at 127.0.0.1:{port} can't be reached: it does not answer with TLS (https). Check --base-url"
    )
    assert refused.startswith("the proxy of HTTPS_PROXY refuses the connection (it wants a user and a password)")
