"""Hostile HTTP: requests that a server of ours must refuse or ignore without harm, as bytes.

`HOST` and `TOKEN` in them are replaced by the right ones. Each has a name and what it may get: a class of status ("4": any 4xx),
or "-" for a connection that is closed without a word. "2" stands where being harmless is enough.
"""

# ruff: noqa: E501  # a table of bytes
from itertools import product

BODY = b'{"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":1}'
GOOD = b"Host: HOST\r\nAuthorization: Bearer TOKEN\r\nContent-Type: application/json\r\n"
Case = tuple[str, bytes, str]


def post(headers: bytes = b"", body: bytes = BODY, *, good: bytes = GOOD, line: bytes = b"POST /v1/messages HTTP/1.1") -> bytes:
    """A request; its length is right unless the headers say another."""
    length = b"" if b"ength:" in headers or b"ncoding: chunked" in headers else b"Content-Length: %d\r\n" % len(body)
    return line + b"\r\n" + good + headers + length + b"\r\n" + body


def _hosts() -> list[Case]:
    names = (
        "", " ", "evil.example", "rebind.example:80", "localhost", "localhost.", "localhost.:PORT", "127.0.0.1", "127.1:PORT",
        "0.0.0.0:PORT", "[::]:PORT", "2130706433:PORT", "0x7f000001:PORT", "127.0.0.1.nip.io:PORT", "evil@localhost:PORT",
        "localhost:PORT@evil", "localhost:PORT/#", "localhost:PORT?", "localhost:PORT,evil", "localhost:0", "localhost:99999",
        "localhost:PORT\tx", "[::ffff:127.0.0.1]:PORT", "LOCALHOST.evil:PORT", "\u00e9vil:PORT", "localhost%00:PORT",
    )  # fmt: skip
    return [
        (f"host {name!r}", post(good=GOOD.replace(b"HOST", name.encode("latin-1", "replace").replace(b"PORT", b"%PORT%"))), "4")
        for name in names
    ]


def _origins() -> list[Case]:
    headers = (
        b"Origin: https://evil.example", b"Origin: null", b"Origin: http://HOST", b"Origin: file://", b"Origin:",
        b"Sec-Fetch-Site: cross-site", b"Sec-Fetch-Site: same-site", b"Sec-Fetch-Site: same-origin", b"SEC-FETCH-SITE: CROSS-SITE",
        b"origin: http://localhost:3000",
    )  # fmt: skip
    return [(f"{each.decode()}", post(each + b"\r\n"), "4") for each in headers]


def _targets() -> list[Case]:
    targets = (
        b"http://localhost/v1/messages", b"http://HOST/v1/messages", b"//evil/v1/messages", b"/v1/messages/../../etc/passwd",
        b"/%2e%2e/%2e%2e/etc/passwd", b"/v1%2fmessages", b"/v1/messages%00", b"/v1/messages%0d%0aX:y", b"/v1/messages;x",
        b"/V1/MESSAGES", b"*", b"evil:443", b"/\x00", b"/\xff\xfe", b"/v1/messages\x0b", b"/" + b"a" * 20000, b"/?" + b"a=b&" * 6000,
        b"/shutdown", b"/reload", b"/admin", b"/metrics", b"/debug", b"/_axonhub", b"/_axonhub/reset", b"/_axonhub/config",
        b"/api/generate", b"/.env", b"/favicon.ico", b"/v1/embeddings", b"/v1/files",
    )  # fmt: skip
    return [(f"target {each[:40]!r}", post(line=b"POST " + each + b" HTTP/1.1"), "4-") for each in targets]


def _methods() -> list[Case]:
    methods = (b"GET", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"CONNECT", b"PROPFIND", b"post", b"\x00", b"G" * 3000)
    out = [(f"method {each[:12]!r}", post(line=each + b" /v1/messages HTTP/1.1"), "4-") for each in methods]
    versions = (b"HTTP/0.9", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9.9", b"HTTP/1.1 x", b"HTCPCP/1.0", b"", b"HTTP/1,1")
    out += [(f"version {each!r}", post(line=b"POST /v1/nothing " + each), "4-") for each in versions]
    lines = (
        b"POST  /v1/messages  HTTP/1.1",
        b"POST\t/v1/messages\tHTTP/1.1",
        b" POST /v1/messages HTTP/1.1",
        b"POST /v1/messages",
    )
    return out + [(f"line {each!r}", post(line=each, headers=b"Origin: x\r\n"), "4-") for each in lines]


def _smuggling() -> list[Case]:
    inner = b"0\r\n\r\nGET /v1/models HTTP/1.1\r\nHost: evil\r\n\r\n"
    lengths = (
        b"Content-Length: 5\r\nContent-Length: 6\r\n", b"Content-Length: 5, 6\r\n", b"Content-Length: -1\r\n", b"Content-Length: +5\r\n",
        b"Content-Length: 0x5\r\n", b"Content-Length: 5 5\r\n", b"Content-Length: \r\n", b"Content-Length: 1e3\r\n",
        b"Content-Length: 99999999999999999999\r\n", b"Content-Length: 1000000000000\r\n", b"Content-Length : 5\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n", b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding:\x0bchunked\r\nContent-Length: 5\r\n", b"Transfer-Encoding: \x00chunked\r\n",
        b"Transfer-Encoding : chunked\r\n", b"Transfer-Encoding\r\n : chunked\r\n",
    )  # fmt: skip
    out = [(f"smuggle {each[:50]!r}", post(each, inner), "4-") for each in lengths]
    chunks = (
        b"zz\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"ffffffffffffffffffff\r\nx", b"5\nhello\n0\n\n", b"5\r\nhelloXX0\r\n\r\n",
        b"5;" + b"x" * 30000 + b"\r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\nHost: evil\r\n\r\n",
        b"0\r\n\r\n", b"5\r\n{\"a\"}\r\n0\r\n\r\n",
    )  # fmt: skip
    return out + [(f"chunk {each[:30]!r}", post(b"Transfer-Encoding: chunked\r\n", each), "4-") for each in chunks]


def _headers() -> list[Case]:
    cases = (
        b"X-Long: " + b"a" * 40000 + b"\r\n", b"".join(b"X-%d: y\r\n" % n for n in range(400)), b"Bad Header: x\r\n", b": x\r\n",
        b"X: a\r\n b\r\n", b"X: \x00\r\n", b"X\x00: a\r\n", b"X: a\nInjected: b\r\n", b"Host: HOST\r\n", b"Host: evil\r\n",
        b"Content-Encoding: gzip\r\n", b"Content-Encoding: br\r\n", b"Content-Encoding: zstd\r\n", b"Content-Encoding: evil\r\n",
        b"Content-Encoding: gzip, gzip, gzip, gzip, gzip, gzip\r\n", b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nOrigin: x\r\n",
        b"Expect: 200-maybe\r\n", b"X-HTTP-Method-Override: DELETE\r\nOrigin: x\r\n",
    )  # fmt: skip
    return [(f"header {each[:40]!r}", post(each), "4-") for each in cases]


def _keys() -> list[Case]:
    tokens = (
        b"", b"Authorization: Bearer\r\n", b"Authorization: Bearer x\r\n", b"Authorization: Basic VE9LRU4=\r\n", b"X-Api-Key: x\r\n",
        b"Authorization: Bearer TOKENx\r\n", b"Authorization: TOKEN\r\n", b"Cookie: key=TOKEN\r\n", b"Authorization: Bearer ' OR 1=1\r\n",
        b"Authorization: Bearer " + b"a" * 8000 + b"\r\n", b"Authorization: Bearer \xff\xfe\r\n", b"X-Forwarded-For: 127.0.0.1\r\n",
    )  # fmt: skip
    base = b"Host: HOST\r\nContent-Type: application/json\r\n"
    return [(f"key {each[:40]!r}", post(good=base + each), "4") for each in tokens]


def _types_and_bodies() -> list[Case]:
    base = GOOD.replace(b"Content-Type: application/json\r\n", b"")
    types = (
        b"text/plain",
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=x",
        b"",
        b"application/jsonp",
        b"*/*",
    )
    out = [(f"type {each!r}", post(good=base + b"Content-Type: " + each + b"\r\n"), "4") for each in types]
    bodies = (
        b"", b"null", b"[]", b"3", b'"x"', b"{", b"\xff\xfe", b"\x00" * 100, b'{"model":"\\ud800"', b"[" * 100000, b'{"a":' * 50000,
        b'{"model":' + b"9" * 5000 + b"}", b'{"model":1e999}', b'{"model":NaN}', b'{"model":"m","model":3}', b"{}" * 2,
        b'{"model":{"$ne":null}}', b'{"model":["m"]}', b'{"model":""}', b"\xef\xbb\xbf[]",
    )  # fmt: skip
    return out + [(f"body {each[:24]!r}", post(body=each), "4") for each in bodies]


def _garbage() -> list[Case]:
    raw = (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\r\n" * 2000 + b"x\r\n\r\n",
        b"\x00" * 5000, b"SSH-2.0-x\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET /\r\n", b"\x05\x01\x00", b"QUIT\r\n\r\n", b"A" * 100000,
        b"GET / HTTP/1.1\r\nHost: HOST\r\nX", b"POST /v1/messages HTTP/1.1\r\nHost: HOST\r\nExpect: 100-continue\r\n\r\n",
    )  # fmt: skip
    return [(f"garbage {each[:16]!r}", each, "14-") for each in raw]  # 1: an invitation to send the body


CASES: list[Case] = [
    case
    for make in (_hosts, _origins, _targets, _methods, _smuggling, _headers, _keys, _types_and_bodies, _garbage)
    for case in make()
]
BROWSER: list[Case] = [
    (f"{kind} from {origin}", data.replace(b"ORIGIN", origin.encode()), "4")
    for (kind, data), origin in product(
        [
            ("fetch no-cors", post(b"Origin: ORIGIN\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n")),
            ("fetch cors", post(b"Origin: ORIGIN\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: cors\r\n")),
            ("sendBeacon", post(b"Origin: ORIGIN\r\nSec-Fetch-Dest: empty\r\nSec-Fetch-Site: cross-site\r\n")),
            ("form post", post(b"Origin: ORIGIN\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: cross-site\r\n")),
            ("preflight", post(b"Origin: ORIGIN\r\nAccess-Control-Request-Method: POST\r\n", line=b"OPTIONS /v1/messages HTTP/1.1")),
            ("image", post(b"Sec-Fetch-Dest: image\r\nSec-Fetch-Site: cross-site\r\n", b"", line=b"GET /v1/models HTTP/1.1")),
            ("script", post(b"Sec-Fetch-Dest: script\r\nSec-Fetch-Site: cross-site\r\n", b"", line=b"GET /v1/models HTTP/1.1")),
            ("EventSource", post(b"Origin: ORIGIN\r\nAccept: text/event-stream\r\n", b"", line=b"GET /_axonhub/events HTTP/1.1")),
            ("WebSocket", post(b"Origin: ORIGIN\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n", b"", line=b"GET /v1/responses HTTP/1.1")),
            ("iframe", post(b"Sec-Fetch-Dest: iframe\r\nSec-Fetch-Site: cross-site\r\n", b"", line=b"GET / HTTP/1.1")),
        ],
        ["https://evil.example", "http://localhost:3000", "null"],
    )
]  # fmt: skip
