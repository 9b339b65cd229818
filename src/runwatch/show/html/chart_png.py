"""A chart as PNG: its SVG, of which only our own few elements are known, drawn by Pillow."""

from __future__ import annotations

import importlib.util
import io
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

INSTALL = 'PNG is drawn by Pillow: pip install "runwatch[images]"; SVG and CSV need nothing'
_SCALE = 2
_SVG = "{http://www.w3.org/2000/svg}"
_FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial.ttf")
"""Fonts with signs; where none of them is installed Pillow's own has letters and digits."""
_COMMAND = re.compile(r"([MVHvh])([^MVHvh]*)")
_Path = list[tuple[float, float]]


class NoPillow(OSError):
    """The text says what to install."""


def png(svg: str) -> bytes:
    """The PNG of an SVG that ``chart_file`` made, two pixels to its one. Raises NoPillow."""
    if importlib.util.find_spec("PIL") is None:
        raise NoPillow(0, INSTALL)
    from PIL import Image, ImageDraw

    root = ET.fromstring(svg)
    size = int(root.get("width", "0")) * _SCALE, int(root.get("height", "0")) * _SCALE
    image = Image.new("RGB", size, "#ffffff")
    clip = root.find(f"{_SVG}clipPath/{_SVG}rect")
    for element in root:
        if element.tag == f"{_SVG}g":
            inside = image.copy()
            for child in element:
                _draw(ImageDraw.Draw(inside, "RGBA"), child)
            box = (0, 0, *size) if clip is None else _box(clip)
            image.paste(inside.crop(box), box[:2])
        else:
            _draw(ImageDraw.Draw(image, "RGBA"), element)
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(192, 192))
    return out.getvalue()


def _box(rect: ET.Element) -> tuple[int, int, int, int]:
    x, y, width, height = (round(float(rect.get(name, "0"))) for name in ("x", "y", "width", "height"))
    return x * _SCALE, y * _SCALE, (x + width) * _SCALE, (y + height) * _SCALE


def _draw(draw: ImageDraw, element: ET.Element) -> None:
    match element.tag.removeprefix(_SVG):
        case "text":
            _write(draw, element)
        case "path":
            _stroke(draw, element, _path(element.get("d", "")))
        case "polyline":
            _stroke(draw, element, _points(element))
        case "polygon" if len(points := _points(element)) > 2:
            alpha = round(255 * float(element.get("fill-opacity", "1")))
            draw.polygon(points, fill=f"{element.get('fill', '#999999')}{alpha:02x}")


def _write(draw: ImageDraw, element: ET.Element) -> None:
    anchor = {"middle": "ms", "end": "rs"}.get(element.get("text-anchor", ""), "ls")
    place = float(element.get("x", "0")) * _SCALE, float(element.get("y", "0")) * _SCALE
    size = float(element.get("font-size", "13")) * _SCALE
    draw.text(place, element.text or "", fill="#000000", font=_font(size), anchor=anchor)


def _font(size: float) -> Any:
    from PIL import ImageFont

    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def _points(element: ET.Element) -> _Path:
    pairs = (place.split(",") for place in element.get("points", "").split())
    return [(float(x) * _SCALE, float(y) * _SCALE) for x, y in pairs]


def _path(commands: str) -> _Path:
    """Where M, V, H, v and h lead."""
    x = y = 0.0
    out: _Path = []
    for command, given in _COMMAND.findall(commands):
        if command == "M":
            x, y = map(float, given.split(","))
        elif command in "Hh":
            x = float(given) + (x if command == "h" else 0.0)
        else:
            y = float(given) + (y if command == "v" else 0.0)
        out.append((x * _SCALE, y * _SCALE))
    return out


def _stroke(draw: ImageDraw, element: ET.Element, path: _Path) -> None:
    colour = element.get("stroke", "#444444")
    width = round(
        float(element.get("stroke-width", "1.6" if element.tag.endswith("polyline") else "1")) * _SCALE
    )
    dashes = element.get("stroke-dasharray")
    if not dashes:
        draw.line(path, fill=colour, width=width, joint="curve")
        return
    on, off = (float(length) * _SCALE for length in dashes.split())
    for piece in _dashed(path, on, off):
        draw.line(piece, fill=colour, width=width)


def _dashed(path: _Path, on: float, off: float) -> list[_Path]:
    """The parts of a path that dashes of ``on``, ``off`` pixels leave."""
    places = np.array(path)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(places, axis=0).T))])
    out: list[_Path] = []
    for start in np.arange(0.0, along[-1], on + off):
        end = min(start + on, along[-1])
        at = np.concatenate([[start], along[(along > start) & (along < end)], [end]])
        x, y = (np.interp(at, along, places[:, i]).tolist() for i in (0, 1))
        out.append(list(zip(x, y, strict=True)))
    return out
