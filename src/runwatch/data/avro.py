"""Avro object container files, as far as Iceberg's manifests need them: every type, decoded by the schema in
the file. https://avro.apache.org/docs/1.12.0/specification"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator

from runwatch.domain.borders import Arrow, JsonDict

_MAX_BYTES = 64 << 20
_MAX_DEPTH = 32
_MAX_VALUES = 2_000_000
_NAMED = ("record", "enum", "fixed")


class AvroError(ValueError):
    """Bytes that are no Avro container, or one that cannot be read."""


class _Names(dict[str, object]):
    """The named types met so far, and how many values were read: some take no byte."""

    seen = 0

    def count(self) -> None:
        self.seen += 1
        if self.seen > _MAX_VALUES:
            raise AvroError(f"more than {_MAX_VALUES:,} values")


class _Bytes:
    def __init__(self, body: bytes) -> None:
        self.body, self.at = body, 0

    def take(self, size: int) -> bytes:
        if size < 0 or self.at + size > len(self.body):
            raise AvroError("cut off")
        self.at += size
        return self.body[self.at - size : self.at]

    def long(self) -> int:
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (value >> 1) ^ -(value & 1)
            shift += 7
            if shift > 63:
                raise AvroError("a number of more than 64 bits")

    def blob(self) -> bytes:
        return self.take(self.long())

    @property
    def done(self) -> bool:
        return self.at >= len(self.body)


def records(body: bytes) -> Iterator[JsonDict]:
    """The records of a container. AvroError for anything else."""
    if body[:4] != b"Obj\x01":
        raise AvroError("not an Avro file")
    stream = _Bytes(body)
    stream.take(4)
    header = _map(stream, {"type": "map", "values": "bytes"}, _Names(), 0)
    sync = stream.take(16)
    try:
        schema = json.loads(header["avro.schema"])
    except (KeyError, ValueError, RecursionError) as error:
        raise AvroError("no schema") from error
    codec = header.get("avro.codec", b"null").decode("ascii", "replace")
    named = _Names()
    while not stream.done:
        count = stream.long()
        block = _Bytes(_unpacked(stream.blob(), codec))
        if stream.take(16) != sync:
            raise AvroError("damaged block")
        if count > len(block.body):
            raise AvroError("more records than bytes")
        for _ in range(count):
            yield _value(block, schema, named, 0)


def _unpacked(block: bytes, codec: str) -> bytes:
    if codec == "null":
        return block
    try:
        if codec == "deflate":
            return zlib.decompressobj(-15).decompress(block, _MAX_BYTES)
        if codec == "zstandard":
            import pyarrow as pa

            return bytes(pa.CompressedInputStream(pa.BufferReader(block), "zstd").read(_MAX_BYTES))
    except (zlib.error, OSError, ValueError) as error:
        raise AvroError(f"damaged {codec} block") from error
    raise AvroError(f"compressed with {codec}")


def _value(stream: _Bytes, schema: Arrow, named: _Names, depth: int) -> Arrow:
    if depth > _MAX_DEPTH:
        raise AvroError("nested too deep")
    named.count()
    if isinstance(schema, list):
        index = stream.long()
        if not 0 <= index < len(schema):
            raise AvroError("no such branch")
        return _value(stream, schema[index], named, depth + 1)
    if isinstance(schema, str):
        return (
            _value(stream, named[schema], named, depth + 1) if schema in named else _primitive(stream, schema)
        )
    kind = schema.get("type")
    if kind in _NAMED:
        named[schema["name"]] = schema
        if schema.get("namespace"):
            named[f"{schema['namespace']}.{schema['name']}"] = schema
    if kind == "record":
        return {f["name"]: _value(stream, f["type"], named, depth + 1) for f in schema["fields"]}
    if kind == "array":
        return [_value(stream, schema["items"], named, depth + 1) for _ in _counted(stream)]
    if kind == "map":
        return _map(stream, schema, named, depth)
    if kind == "fixed":
        return stream.take(int(schema["size"]))
    if kind == "enum":
        return schema["symbols"][stream.long()]
    return _value(stream, kind, named, depth + 1)


def _map(stream: _Bytes, schema: Arrow, named: _Names, depth: int) -> JsonDict:
    return {
        stream.blob().decode("utf-8", "replace"): _value(stream, schema["values"], named, depth + 1)
        for _ in _counted(stream)
    }


def _counted(stream: _Bytes) -> Iterator[int]:
    """Once an item of the blocks that arrays and maps consist of."""
    while count := stream.long():
        if count < 0:
            stream.long()  # the block's size in bytes
        if abs(count) > len(stream.body):
            raise AvroError("more items than bytes")
        yield from range(abs(count))


def _primitive(stream: _Bytes, name: str) -> object:
    if name == "null":
        return None
    if name == "boolean":
        return stream.take(1) != b"\0"
    if name in ("int", "long"):
        return stream.long()
    if name in ("float", "double"):
        form = "<f" if name == "float" else "<d"
        return struct.unpack(form, stream.take(struct.calcsize(form)))[0]
    if name == "bytes":
        return stream.blob()
    if name == "string":
        return stream.blob().decode("utf-8", "replace")
    raise AvroError(f"an unknown type {name!r}")
