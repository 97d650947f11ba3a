from __future__ import annotations

import asyncio
import io
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from server.errors import ErrorCode, RequestError
from server.services import thumbnails as thumbnails_module
from server.services.thumbnails import Picture, Thumbnails
from tests.support.uploads import picture


async def pieces(content: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


async def make(picture_format: str, content: bytes) -> Picture:
    return await Thumbnails().make(picture_format, pieces(content))


async def refusal(picture_format: str, content: bytes) -> ErrorCode:
    with pytest.raises(RequestError) as raised:
        await make(picture_format, content)
    return raised.value.code


def opened(made: Picture) -> Image.Image:
    image = Image.open(io.BytesIO(made.thumbnail), formats=["WEBP"])
    image.load()
    return image


@pytest.mark.parametrize("picture_format", ["PNG", "JPEG", "GIF", "WEBP"])
@pytest.mark.gen_test
async def test_a_thumbnail_is_small_and_webp(picture_format: str) -> None:
    made = await make(picture_format, picture(picture_format, (1200, 800)))
    assert (made.width, made.height) == (1200, 800)
    assert opened(made).size == (480, 320)


@pytest.mark.gen_test
async def test_a_small_picture_is_not_made_larger() -> None:
    made = await make("PNG", picture("PNG", (20, 10)))
    assert (made.width, made.height, opened(made).size) == (20, 10, (20, 10))


@pytest.mark.gen_test
async def test_a_long_picture_keeps_a_line_of_it() -> None:
    made = await make("PNG", picture("PNG", (1, 20_000)))
    assert opened(made).size == (1, 480)


@pytest.mark.gen_test
async def test_a_thumbnail_stands_upright_and_holds_no_metadata() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "taken at home"
    content = picture("JPEG", (1200, 800), exif=exif.tobytes(), icc_profile=b"a profile", comment=b"a comment")
    made = await make("JPEG", content)
    assert (made.width, made.height) == (800, 1200)
    assert opened(made).size == (320, 480)
    assert not opened(made).getexif()
    for secret in (b"home", b"Exif", b"EXIF", b"ICCP", b"a profile", b"a comment"):
        assert secret not in made.thumbnail


@pytest.mark.gen_test
async def test_what_is_clear_stays_clear() -> None:
    for mode, options in (("RGBA", {}), ("P", {"transparency": 0})):
        written = io.BytesIO()
        Image.new(mode, (600, 600), 0).save(written, "PNG", **options)
        image = opened(await make("PNG", written.getvalue()))
        assert image.mode == "RGBA" and image.getpixel((5, 5))[3] == 0  # type: ignore[index]


@pytest.mark.gen_test
async def test_of_an_animation_the_first_frame_counts() -> None:
    frames = [Image.new("RGB", (100, 100), colour) for colour in ("red", "green", "blue")]
    for picture_format in ("GIF", "WEBP", "PNG"):
        written = io.BytesIO()
        frames[0].save(written, picture_format, save_all=True, append_images=frames[1:], duration=100)
        red, green, blue = opened(await make(picture_format, written.getvalue())).convert("RGB").getpixel((50, 50))  # type: ignore[misc]
        assert red > 200 and green < 50 and blue < 50


def png_of(width: int, height: int) -> bytes:
    """Return a PNG that says it is so large, and holds nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(50_001, 1000), (100_000, 100_000), (2**31 - 1, 2**31 - 1)])
@pytest.mark.gen_test
async def test_more_than_fifty_megapixels_are_refused_unread(size: tuple[int, int]) -> None:
    assert await refusal("PNG", png_of(*size)) is ErrorCode.PAYLOAD_TOO_LARGE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        picture("PNG")[:-40],
        png_of(1000, 1000),
        picture("JPEG"),
        b"<svg/>",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 5_000_000,
    ],
    ids=range(7),
)
@pytest.mark.gen_test
async def test_what_cannot_be_decoded_is_refused(content: bytes) -> None:
    assert await refusal("PNG", content) is ErrorCode.UNSUPPORTED_TYPE


@pytest.mark.gen_test
async def test_a_decoder_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails_module, "MAX_SECONDS", 0.01)
    assert await refusal("PNG", picture("PNG", (3000, 3000))) is ErrorCode.UNSUPPORTED_TYPE


@pytest.mark.gen_test
async def test_a_decoder_that_needs_too_much_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "program.py"
    program.write_text(thumbnails_module.PROGRAM.read_text().replace("1_500_000_000", "150_000_000"))
    monkeypatch.setattr(thumbnails_module, "PROGRAM", program)
    small, large = picture("PNG"), picture("PNG", (7000, 7000))
    assert (await make("PNG", small)).width == 64
    assert await refusal("PNG", large) is ErrorCode.UNSUPPORTED_TYPE


@pytest.mark.gen_test
async def test_few_are_decoded_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    running = most = 0
    original = asyncio.create_subprocess_exec

    async def spawn(*arguments: str, **options: int) -> asyncio.subprocess.Process:
        nonlocal running, most
        running += 1
        most = max(most, running)
        process = await original(*arguments, **options)  # type: ignore[arg-type]
        wait = process.wait

        async def waited() -> int:
            nonlocal running
            code = await wait()
            running -= 1
            return code

        process.wait = waited  # type: ignore[method-assign]
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", spawn)
    thumbnails = Thumbnails()
    content = picture("PNG")
    await asyncio.gather(*(thumbnails.make("PNG", pieces(content)) for _ in range(6)))
    assert most == thumbnails_module.MAX_PROCESSES


@pytest.mark.gen_test
async def test_what_the_content_raises_ends_the_program() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"\x89PNG"
        raise RequestError(ErrorCode.UNAVAILABLE)

    with pytest.raises(RequestError, match="unavailable"):
        await Thumbnails().make("PNG", broken())
