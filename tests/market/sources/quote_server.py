"""A local server that speaks as the quote endpoints do, with lines of invented values."""

from __future__ import annotations

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

NAMES = {"sh600519": "贵州茅台", "sz000001": "平安银行", "sh000001": "上证指数"}


class QuoteServer:
    """Answers each request with ``answer``, as GBK, or with a line for each code that ``lines`` knows."""

    def __init__(self) -> None:
        self.lines: dict[str, str] = {}
        self.answer: bytes | None = None
        self.status = 200
        self.headers: dict[str, str] = {}
        self.requests: list[HTTPServerRequest] = []
        self.hangs_up = False
        [socket] = bind_sockets(0, "127.0.0.1")
        self.url = f"http://127.0.0.1:{socket.getsockname()[1]}"
        self._http = HTTPServer(Application([(r"/.*", _Answer, {"server": self})], log_function=lambda _: None))
        self._http.add_socket(socket)

    def codes(self, request: HTTPServerRequest) -> list[str]:
        return request.path.partition("=")[2].split(",")

    def body(self, request: HTTPServerRequest) -> bytes:
        if self.answer is not None:
            return self.answer
        return "\n".join(self.lines[code] for code in self.codes(request) if code in self.lines).encode("gbk")

    async def close(self) -> None:
        self._http.stop()
        await self._http.close_all_connections()


class _Answer(RequestHandler):
    def initialize(self, server: QuoteServer) -> None:
        self._server = server

    async def get(self) -> None:
        server = self._server
        server.requests.append(self.request)
        body = server.body(self.request)
        self.set_status(server.status)
        for name, value in server.headers.items():
            self.set_header(name, value)
        if server.hangs_up:
            self.set_header("Content-Length", str(len(body) + 100))
            self.write(body)
            await self.flush()
            self.detach().close()
        else:
            self.write(body)


def tencent_line(code: str = "sh600519", **fields: str) -> str:
    """Return a line of 54 fields; ``f3="1"`` sets field 3, ``count="50"`` cuts it."""
    values = [""] * 54
    values[0], values[1], values[2] = "1", NAMES.get(code, "某某股份"), code[2:]
    values[3], values[4], values[5] = "1850.50", "1825.20", "1830.00"
    values[6] = values[36] = "123456"
    values[9], values[19] = "1850.40", "1850.60"
    values[30] = "20260105100003"
    values[33] = values[41] = "1860.00"
    values[34] = values[42] = "1828.00"
    values[35], values[37] = "1850.50/123456/22784567890", "2278457"
    values[47], values[48] = "2007.72", "1642.68"
    count = int(fields.pop("count", "54"))
    for name, value in fields.items():
        values[int(name[1:])] = value
    return f'v_{code}="{"~".join(values[:count])}";'


def sina_line(code: str = "sh600519", **fields: str) -> str:
    """Return a line of 33 fields and the comma behind; ``f3="1"`` sets field 3."""
    values = ["0"] * 33
    values[0] = NAMES.get(code, "某某股份")
    values[1:6] = ["1830.000", "1825.200", "1850.500", "1860.000", "1828.000"]
    values[6:10] = ["1850.400", "1850.600", "12345600", "22784567890.000"]
    values[30], values[31], values[32] = "2026-01-05", "10:00:03", "00"
    for name, value in fields.items():
        values[int(name[1:])] = value
    return f'var hq_str_{code}="{",".join(values)},";'
