"""A real nginx on the loopback interface, in a directory of its own, that keeps its connections to one server open."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from asyncio.subprocess import Process
from pathlib import Path
from typing import Self

from tests.support.ports import free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
MISSING = None if NGINX else "nginx is not installed: what a proxy does cannot be tried"
PATIENCE_SECONDS = 30.0

CONFIGURATION = """
daemon off;
master_process off;
pid {prefix}/pid;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {prefix}/body;
    proxy_temp_path {prefix}/proxy;
    fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi;
    scgi_temp_path {prefix}/scgi;
    client_max_body_size 2m;
    map $http_upgrade $connection_header {{ default upgrade; '' ''; }}
    upstream server {{ server 127.0.0.1:{server_port}; keepalive {keepalive}; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://server;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_header;
        }}
    }}
}}
"""


class Nginx:
    """Made by `start`, which returns when it listens; `stop` ends it."""

    def __init__(self, prefix: Path, port: int, process: Process) -> None:
        self.port = port
        self._prefix = prefix
        self._process = process

    @classmethod
    async def start(cls, server_port: int, keepalive: int) -> Self:
        """Listen on a free port and pass every request on, over at most ``keepalive`` connections that stay."""
        assert NGINX is not None
        prefix = Path(tempfile.mkdtemp(prefix="stock-insight-nginx-"))
        port = free_port()
        text = CONFIGURATION.format(prefix=prefix, server_port=server_port, port=port, keepalive=keepalive)
        (prefix / "nginx.conf").write_text(text, encoding="utf-8")
        arguments = ["-p", str(prefix), "-c", str(prefix / "nginx.conf"), "-e", str(prefix / "error.log")]
        started = cls(prefix, port, await asyncio.create_subprocess_exec(NGINX, *arguments))
        try:
            await started._until_it_listens()
        except BaseException:
            await started.stop()
            raise
        return started

    async def _until_it_listens(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                assert self._process.returncode is None, (self._prefix / "error.log").read_text(encoding="utf-8")
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.01)
                    continue
                writer.close()
                await writer.wait_closed()
                return

    async def stop(self) -> None:
        """End it, and remove its directory."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        await self._process.wait()
        shutil.rmtree(self._prefix)
