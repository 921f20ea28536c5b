"""Fixtures that many tests share, and a guard: no test may reach a real service."""

import ipaddress
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.builders import Table, table


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and not ipaddress.ip_address(address[0]).is_loopback:
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
async def at_table(tmp_path: Path) -> AsyncIterator[Table]:
    """Sit down with Pixel, who answers at once."""
    async with table(tmp_path) as set_table:
        yield set_table
