"""Decodes one picture in a process of its own; run as a script by `server.services.thumbnails`, imported by nobody.

Input: the picture. Output: a line of JSON, ``{"width", "height"}`` as the picture is shown, then the thumbnail (WebP);
or ``{"error": "too_large" | "broken"}``. Arguments: the format, the most pixels, the longest side of the thumbnail.
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
import warnings

from PIL import Image, ImageOps

MEMORY_BYTES = 1_500_000_000
"""A WebP picture of 50 megapixels is in memory three times while it is decoded, 200 MB each."""

CPU_SECONDS = 20
QUALITY = 80
_ORIENTATION_TAG = 0x0112


def limit_process() -> None:
    """Let this process, which runs decoders on what a stranger sent, use so much and write no file."""
    os.nice(5)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def read_picture(data: bytes, picture_format: str, max_pixels: int, side: int) -> tuple[dict[str, object], bytes]:
    """Return what is told of a picture, and its thumbnail; of an animation the first frame counts."""
    Image.MAX_IMAGE_PIXELS = max_pixels
    with Image.open(io.BytesIO(data), formats=[picture_format]) as picture:
        width, height = picture.size
        if width * height > max_pixels:
            return {"error": "too_large"}, b""
        if picture.getexif().get(_ORIENTATION_TAG, 1) in {5, 6, 7, 8}:
            width, height = height, width
        picture.draft("RGB", (side, side))  # JPEG alone: it is decoded small
        picture.load()
        has_alpha = picture.has_transparency_data
        if picture.mode in {"RGB", "RGBA", "L", "LA", "CMYK"}:  # those that can be made smaller before they are copied
            picture.thumbnail((side, side), reducing_gap=2.0)
        shown = ImageOps.exif_transpose(picture.convert("RGBA" if has_alpha else "RGB"))
    shown.thumbnail((side, side), reducing_gap=2.0)
    shown.info.clear()  # no metadata leaves with the thumbnail
    written = io.BytesIO()
    shown.save(written, "WEBP", quality=QUALITY, method=4, exif=b"", xmp=b"", icc_profile=b"")
    return {"width": width, "height": height}, written.getvalue()


def main() -> None:
    picture_format, max_pixels, side = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    limit_process()
    warnings.simplefilter("ignore")
    try:
        facts, thumbnail = read_picture(sys.stdin.buffer.read(), picture_format, max_pixels, side)
    except Image.DecompressionBombError:
        facts, thumbnail = {"error": "too_large"}, b""
    except Exception:
        facts, thumbnail = {"error": "broken"}, b""
    sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n" + thumbnail)


if __name__ == "__main__":
    main()
