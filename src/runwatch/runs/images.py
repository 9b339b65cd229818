"""Images that a run wrote, decoded one by one when somebody looks at them."""

from __future__ import annotations

import importlib.util
import io
import warnings

import numpy as np
from numpy.typing import NDArray

from runwatch.runs.media.base import MediaRefused

MOST_PIXELS = 40_000_000
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")

Pixels = NDArray[np.uint8]


def can_decode() -> bool:
    """Whether Pillow is installed."""
    return importlib.util.find_spec("PIL") is not None


def decoded(data: bytes, width: int, height: int) -> tuple[Pixels, tuple[int, int]]:
    """The image as RGB, made to fit into ``width`` by ``height`` pixels (its proportions kept), and its own
    (width, height). Pixels are counted by the header before they are decoded; of a moving image the first
    is shown. Raises MediaRefused."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                own = image.size
                if own[0] * own[1] > MOST_PIXELS:
                    raise MediaRefused(f"{own[0]} × {own[1]} pixels, more than 40 million: not decoded")
                scale = min(width / own[0], height / own[1])
                fit = max(round(own[0] * scale), 1), max(round(own[1] * scale), 1)
                image.draft("RGB", fit)
                return _rgb(image, fit), own
    except MediaRefused:
        raise
    except Image.DecompressionBombError:
        raise MediaRefused("more than 40 million pixels: not decoded") from None
    except UnidentifiedImageError:
        raise MediaRefused("not a PNG, JPEG, GIF or WebP image, despite its name") from None
    except Exception as error:  # whatever a broken or hostile file makes the decoder say
        raise MediaRefused(f"an incomplete image: {error}") from None


def _rgb(image: object, fit: tuple[int, int]) -> Pixels:
    from PIL import Image

    assert isinstance(image, Image.Image)
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image, dtype=np.float64)
        low, high = float(values.min()), float(values.max())
        image = Image.fromarray(((values - low) / max(high - low, 1e-12) * 255).astype(np.uint8))
    if image.has_transparency_data:
        over = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", over.size, (255, 255, 255, 255)), over)
    method = Image.Resampling.LANCZOS if fit[0] < image.width else Image.Resampling.NEAREST
    return np.asarray(image.convert("RGB").resize(fit, method), dtype=np.uint8)
