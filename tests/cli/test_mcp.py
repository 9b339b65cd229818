"""``runwatch mcp``, asked by the official SDK's own client."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from runwatch.show.schemas import schema_of

mcp = pytest.importorskip("mcp", reason="the extra runwatch[mcp] is not installed")
from mcp.client.stdio import StdioServerParameters, stdio_client  # noqa: E402

SRC = Path(__file__).parents[2] / "src"


@asynccontextmanager
async def session(root: Path, *words: str) -> AsyncIterator[Any]:
    env = {**os.environ, "PYTHONPATH": str(SRC)}
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "runwatch", "mcp", str(root), *words], env=env
    )
    async with stdio_client(command) as (read, write), mcp.ClientSession(read, write) as client:
        await client.initialize()
        yield client


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / "exp-1"
    folder.mkdir(parents=True)
    (folder / "metrics.csv").write_text("step,loss\n1,0.5\n2,0.4\n")
    (folder / "train.log").write_text('Traceback (most recent call last):\n  File "a"\nValueError: boom\n')
    (tmp_path / "runs" / "todo.txt").write_text("call Ana\n")
    (tmp_path / "runs" / "ref.csv").write_text("a\n" + "".join(f"{n % 7}\n" for n in range(300)))
    (tmp_path / "secret.csv").write_text("a\n1\n")
    return tmp_path / "runs"


def structured(result: Any) -> Any:
    made = result.model_dump(by_alias=True)
    assert not made["isError"], made["content"]
    return made["structuredContent"]


async def test_every_tool_answers_in_its_schema(root: Path) -> None:
    async with session(root) as client:
        tools = {tool.name: tool.model_dump(by_alias=True) for tool in (await client.list_tools()).tools}
        assert set(tools) == {"ls", "show", "check", "drift", "compare", "brief", "tasks"}
        assert all(tool["annotations"]["readOnlyHint"] for tool in tools.values())
        asked: dict[str, dict[str, Any]] = {
            "ls": {},
            "show": {"run": "exp-1"},
            "check": {"roots": [str(root)]},
            "drift": {"reference": "ref.csv", "current": ["ref.csv"]},
            "brief": {"since": "7d"},
            "tasks": {},
        }
        for name, given in asked.items():
            answer = structured(await client.call_tool(name, given))
            assert tools[name]["outputSchema"] == schema_of(name)
            jsonschema.validate(answer, schema_of(name))
        check = structured(await client.call_tool("check", {}))
        assert check["worst"] == "critical" and check["findings"][0]["run"] == "exp-1"


async def test_what_is_refused(root: Path) -> None:
    async with session(root) as client:
        for name, given, words in (
            ("drift", {"reference": "../secret.csv", "current": ["ref.csv"]}, "outside the served folders"),
            (
                "drift",
                {"reference": "https://example.org/x.csv", "current": ["ref.csv"]},
                "outside the served",
            ),
            ("ls", {"roots": ["/etc"]}, "outside the served"),
            ("show", {"run": "--help"}, "no such run"),
            ("show", {}, "missing: run"),
            ("ls", {"config": "x"}, "unknown: config"),
            ("tasks_add", {"text": "x"}, "no tool"),
        ):
            made = (await client.call_tool(name, given)).model_dump(by_alias=True)
            assert made["isError"] and words in made["content"][0]["text"], (name, given, made)
    assert (root / "todo.txt").read_text() == "call Ana\n"


async def test_tasks_change_only_when_that_is_allowed(root: Path) -> None:
    async with session(root, "--allow-tasks") as client:
        added = structured(await client.call_tool("tasks_add", {"text": "--json is no option here"}))
        jsonschema.validate(added, schema_of("tasks"))
        structured(await client.call_tool("tasks_done", {"id": added["tasks"][0]["id"]}))
    lines = (root / "todo.txt").read_text().splitlines()
    assert lines[0] == "call Ana" and lines[1].startswith("x ") and "--json is no option here" in lines[1]
