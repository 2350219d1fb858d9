"""Proxies and certificates: what the environment asks for, checked before the first connection.

httpx would read the environment itself; it crashes on odd values, sends loopback requests through a proxy and reads
credentials from netrc.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from bulkobj.config.value_types import LOOPBACK
from bulkobj.core.errors import UsageError
from bulkobj.core.text import clean


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy and the name of the variable that asks for it; the URL may hold a password."""

    url: str = field(repr=False)
    variable: str


def proxy_for(base_url: str) -> Proxy | None:
    """Return the proxy for requests to that URL; None for a direct connection, as always to loopback.

    Raises UsageError, which names the variable, for a proxy that can't be used.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if host in LOOPBACK or parts.scheme != "https":
        return None
    proxies = getproxies()
    scheme = next((one for one in ("https", "all") if proxies.get(one)), "")
    if not scheme or proxy_bypass(host):
        return None
    names = (f"{scheme}_proxy", f"{scheme.upper()}_PROXY")
    variable = next((name for name in names if os.environ.get(name)), f"the system's {scheme} proxy")
    return Proxy(_checked_proxy(proxies[scheme].strip(), variable), variable)


def _checked_proxy(text: str, variable: str) -> str:
    url = text if "://" in text else f"http://{text}"
    shown = clean(url.rpartition("@")[2], 100)
    try:
        parts = urlsplit(url)
        port = parts.port
        httpx.Proxy(url)
    except (ValueError, httpx.InvalidURL):
        parts, port = urlsplit(""), None
    if parts.scheme.startswith("socks"):
        raise UsageError(f"{variable}: SOCKS proxies ({shown}) are not supported. Set HTTPS_PROXY to an http:// proxy")
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise UsageError(
            f'{variable}: "{shown}" is not a proxy. Set it to an address such as http://proxy.example.com:8080'
        )
    return url


def certificates() -> ssl.SSLContext:
    """Return the certificates to trust: those of SSL_CERT_FILE or SSL_CERT_DIR, else the system's, as a browser does.

    Raises UsageError, which names the variable, if they can't be used.
    """
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    context: ssl.SSLContext
    if file or folder:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _load(context, file, folder)
    else:
        import truststore  # noqa: PLC0415 - only a real host needs it

        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if log := os.environ.get("SSLKEYLOGFILE"):
        try:
            context.keylog_filename = log
        except OSError as error:
            message = f'SSLKEYLOGFILE: cannot write "{clean(log, 100)}" ({error.strerror}). Remove that variable'
            raise UsageError(message) from error
    return context


def _load(context: ssl.SSLContext, file: str | None, folder: str | None) -> None:
    if file:
        try:
            context.load_verify_locations(cafile=file)
        except OSError as error:  # ssl.SSLError is one
            reason = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
            message = (
                f'SSL_CERT_FILE: cannot read "{clean(file, 100)}" ({reason}). Set it to a file of certificates (PEM)'
            )
            raise UsageError(message) from error
    if folder:
        if not all(Path(one).is_dir() for one in folder.split(os.pathsep)):
            raise UsageError(
                f'SSL_CERT_DIR: "{clean(folder, 100)}" is not a folder. Set it to a folder of certificates'
            )
        for one in folder.split(os.pathsep):
            context.load_verify_locations(capath=one)
