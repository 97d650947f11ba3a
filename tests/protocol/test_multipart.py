from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.protocol.multipart import MAX_HEAD_BYTES, FilePartReader, MultipartError, boundary_of

HEAD = b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'


def body(content: bytes, head: bytes = HEAD, boundary: bytes = b"xyz") -> bytes:
    return b"--%s\r\n%s%s\r\n--%s--\r\n" % (boundary, head, content, boundary)


def read(pieces: list[bytes], boundary: bytes = b"xyz") -> tuple[bytes, str | None, bool] | str:
    """Return content, name and completeness, or the error's text."""
    reader = FilePartReader(boundary, "file")
    content = bytearray()
    try:
        for piece in pieces:
            content += reader.feed(piece)
    except MultipartError as error:
        return str(error)
    return bytes(content), reader.filename, reader.is_complete


def cut(data: bytes, places: set[int]) -> list[bytes]:
    edges = sorted({0, len(data)} | {place for place in places if place < len(data)})
    return [data[begin:end] for begin, end in pairwise(edges)]


TEASING = st.lists(
    st.sampled_from([b"\r\n--xyz", b"\r\n--xy", b"\r\n", b"--", b"--xyz", b"\r", b"z", b"\0\xff", b" ", HEAD])
).map(b"".join)


@given(TEASING, st.sets(st.integers(0, 400)))
def test_however_it_is_cut_it_reads_the_same(inside: bytes, places: set[int]) -> None:
    for data in (body(inside), inside, b"--xyz\r\n" + inside, b"--xyz\r\n" + HEAD + inside):
        whole = read([data])
        assert read(cut(data, places)) == whole
        assert read([bytes([byte]) for byte in data]) == whole


@given(st.binary(max_size=3000), st.text("abcXYZ019-_'() ", min_size=1, max_size=70), st.integers(1, 500))
def test_the_content_comes_back_as_it_was(content: bytes, boundary: str, size: int) -> None:
    edge = boundary.rstrip(" ").encode() or b"b"
    if b"\r\n--" + edge in b"\r\n" + content:
        content = b""
    data = body(content, boundary=edge)
    assert read([data[at : at + size] for at in range(0, len(data), size)], edge) == (content, "a.txt", True)


@pytest.mark.parametrize("size", [1, 2, 65536])
def test_little_is_held_back(size: int) -> None:
    reader = FilePartReader(b"xyz", "file")
    reader.feed(b"--xyz\r\n" + HEAD)
    fed = given_back = 0
    for _ in range(100):
        fed += size
        given_back += len(reader.feed(b"\r" * size))
        assert fed - given_back < len(b"\r\n--xyz")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (body(b""), (b"", "a.txt", True)),
        (body(b"\r\n"), (b"\r\n", "a.txt", True)),
        (b"\r\n" + body(b"x"), (b"x", "a.txt", True)),
        (b"a preamble\r\n" + body(b"x") + b"an epilogue\r\n--xyz\r\n", (b"x", "a.txt", True)),
        (body(b"x").replace(b"--xyz\r\n", b"--xyz \t\r\n", 1), (b"x", "a.txt", True)),
        (body(b"x")[:-4], (b"x", "a.txt", False)),
        (body(b"x")[:-12], (b"x", "a.txt", False)),
        (b"", (b"", None, False)),
    ],
)
def test_bodies_that_are_right_so_far(data: bytes, expected: object) -> None:
    result = read([data])
    if isinstance(expected, tuple) and not expected[2] and isinstance(result, tuple):
        assert expected[0].startswith(result[0]) and result[1:] == expected[1:]
    else:
        assert result == expected


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b'content-disposition:form-data;name=file;filename="C:\\dir\\a.txt"', "C:\\dir\\a.txt"),
        (b'Content-Disposition: form-data; filename="\\"q\\".txt"; name="file"', '"q".txt'),
        (b'Content-Disposition: form-data; name="file"; filename="%22q%22.txt"', '"q".txt'),
        ('Content-Disposition: form-data; name="file"; filename="报告; a=b.pdf"'.encode(), "报告; a=b.pdf"),
        (b'Content-Disposition: form-data; name="file"; filename="\xff.txt"', "\ufffd.txt"),
        (b'Content-Disposition: form-data; name="file"', None),
        (b'Content-Disposition: form-data; name="file"; filename=""', ""),
        (b'X: y\r\nContent-Type: text/html\r\nContent-Disposition: form-data; name="file"; filename="a"', "a"),
    ],
)
def test_names(head: bytes, name: str | None) -> None:
    assert read([body(b"x", head + b"\r\n\r\n")]) == (b"x", name, True)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"x" * 2000, "does not begin with the boundary"),
        (b"--other\r\n" * 300, "does not begin with the boundary"),
        (b"--xyz--", "there must be one part, named 'file'"),
        (b"--xyzz\r\n", "something behind the boundary"),
        (b"--xyz" + b" " * 300, "something behind the boundary"),
        (b"--xyz\r\n\r\n", "got a part named ''"),
        (body(b"x", b'Content-Disposition: form-data; name="image"\r\n\r\n'), "got a part named 'image'"),
        (body(b"x", b'Content-Disposition: attachment; name="file"\r\n\r\n'), "got a part named 'file'"),
        (body(b"x", b"A: " + b"b" * MAX_HEAD_BYTES + b"\r\n" + HEAD), "larger than 8192 bytes"),
        (body(b"x", b"Content-Transfer-Encoding: base64\r\n" + HEAD), "must be binary"),
        (body(b"x")[:-4] + b"\r\n" + HEAD + b"y\r\n--xyz--", "there must be one part only"),
        (body(b"x")[:-4] + b"!!", "something behind the boundary"),
    ],
)
def test_bodies_that_are_refused(data: bytes, error: str) -> None:
    result = read([data])
    assert isinstance(result, str) and error in result


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=xyz", b"xyz"),
        ('Multipart/Form-Data; charset=utf-8; boundary="a b:c"', b"a b:c"),
        ("multipart/form-data;boundary=" + "b" * 70, b"b" * 70),
    ],
)
def test_boundaries(content_type: str, boundary: bytes) -> None:
    assert boundary_of(content_type) == boundary


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "multipart/mixed; boundary=xyz",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        'multipart/form-data; boundary="a "',
        'multipart/form-data; boundary="a\r\nb"',
        "multipart/form-data; boundary=字",
        "multipart/form-data; boundary=" + "b" * 71,
    ],
)
def test_boundaries_that_cannot_be(content_type: str) -> None:
    with pytest.raises(MultipartError):
        boundary_of(content_type)
