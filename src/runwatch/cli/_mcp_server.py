"""The tools of ``runwatch mcp``: each is a command with ``--json``, run as a process of its own, and its
answer the structured result, in the published JSON Schema."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

import anyio
import anyio.to_thread
import msgspec
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from runwatch import __version__
from runwatch.domain.borders import JsonMapping
from runwatch.domain.errors import UserError
from runwatch.domain.tree import is_below
from runwatch.show.schemas import schema_of

_PATIENCE_S = 300.0
_MOST_ERROR = 2000

Given = JsonMapping


class AgentTool(msgspec.Struct, frozen=True):
    """A command that an agent may call."""

    about: str
    answer: str
    """Whose JSON Schema its result has."""
    fields: Mapping[str, tuple[Mapping[str, object], bool]]
    """Name → (JSON Schema, whether it must be given)."""
    words: Callable[[Given], list[str]]
    """The command line for what was given."""
    paths: tuple[str, ...] = ()
    """Fields that name files or folders."""
    changes: bool = False


_TEXT: dict[str, object] = {"type": "string"}
_TEXTS: dict[str, object] = {"type": "array", "items": _TEXT}
_ROOTS = {"roots": ({**_TEXTS, "description": "folders with runs; default: all that are served"}, False)}
_ROOT = {"root": ({**_TEXT, "description": "the folder with the runs or the list"}, False)}


def _option(given: Given, name: str, flag: str) -> list[str]:
    return [f"{flag}={given[name]}"] if given.get(name) else []


TOOLS: Mapping[str, AgentTool] = {
    "ls": AgentTool(
        "List runs: status, progress, metrics.",
        answer="ls",
        fields=_ROOTS,
        words=lambda g: ["ls", "--", *g["roots"]],
        paths=("roots",),
    ),
    "show": AgentTool(
        "One run: status and why, metrics, hyperparameters, health, files.",
        answer="show",
        fields={"run": ({**_TEXT, "description": "id, unique ending or name"}, True), **_ROOT},
        words=lambda g: ["show", *_option(g, "root", "--root"), "--", g["run"]],
        paths=("root",),
    ),
    "check": AgentTool(
        "Everything that is wrong now, worst first, with advice.",
        answer="check",
        fields=_ROOTS,
        words=lambda g: ["check", "--", *g["roots"]],
        paths=("roots",),
    ),
    "drift": AgentTool(
        "Compare data files with a reference: which columns moved, how far, how sure.",
        answer="drift",
        fields={"reference": (_TEXT, True), "current": (_TEXTS, True), "by": (_TEXT, False)},
        words=lambda g: ["drift", *_option(g, "by", "--by"), "--", g["reference"], *g["current"]],
        paths=("reference", "current"),
    ),
    "compare": AgentTool(
        "A run against the baseline or another run: metrics with intervals and a verdict.",
        answer="compare",
        fields={"run": (_TEXT, True), "baseline": (_TEXT, False), **_ROOT},
        words=lambda g: [
            "compare", *_option(g, "baseline", "--baseline"), *_option(g, "root", "--root"), "--", g["run"],
        ],
        paths=("root",),
    ),
    "brief": AgentTool(
        "What happened since a given time: runs, findings, tasks.",
        answer="brief",
        fields={"since": ({**_TEXT, "description": "7d, yesterday, 2026-11-25"}, False), **_ROOTS},
        words=lambda g: ["brief", "--wait=60", *_option(g, "since", "--since"), "--", *g["roots"]],
        paths=("roots",),
    ),
    "tasks": AgentTool(
        "The to-do list.",
        answer="tasks",
        fields=_ROOT,
        words=lambda g: ["tasks", "list", *_option(g, "root", "--root")],
        paths=("root",),
    ),
    "tasks_add": AgentTool(
        "Add a task, as a line of todo.txt.",
        answer="tasks",
        fields={"text": (_TEXT, True), **_ROOT},
        words=lambda g: ["tasks", *_option(g, "root", "--root"), "--", "add", g["text"]],
        paths=("root",),
        changes=True,
    ),
    "tasks_done": AgentTool(
        "Finish a task.",
        answer="tasks",
        fields={"id": (_TEXT, True), **_ROOT},
        words=lambda g: ["tasks", *_option(g, "root", "--root"), "--", "done", g["id"]],
        paths=("root",),
        changes=True,
    ),
}  # fmt: skip


def serve(roots: Sequence[str], config: str | None, allow_tasks: bool) -> None:
    """Answer on stdin and stdout until they close."""
    offered = {name: tool for name, tool in TOOLS.items() if allow_tasks or not tool.changes}

    async def listed(context: object, params: object) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_described(name, tool) for name, tool in offered.items()])

    async def called(context: object, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool = offered.get(params.name)
        if tool is None:
            return _refused(f"no tool {params.name!r}")
        try:
            words = tool.words(_checked(tool, params.arguments or {}, roots))
        except UserError as error:
            return _refused(str(error))
        return await anyio.to_thread.run_sync(_answer, words, roots[0], config)

    server: Server[object] = Server(
        "runwatch", version=__version__, on_list_tools=listed, on_call_tool=called
    )

    async def run() -> None:
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())

    anyio.run(run)


def _described(name: str, tool: AgentTool) -> types.Tool:
    required = [field for field, (_, must) in tool.fields.items() if must]
    properties = {field: dict(schema) for field, (schema, _) in tool.fields.items()}
    return types.Tool(
        name=name,
        description=tool.about,
        input_schema={
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        },
        output_schema=schema_of(tool.answer),
        annotations=types.ToolAnnotations(read_only_hint=not tool.changes, open_world_hint=False),
    )


def _checked(tool: AgentTool, given: Given, roots: Sequence[str]) -> dict[str, object]:
    """What was given, with the served roots where none is named. Raises UserError for a field that there is
    not, one that is missing or of another type, and for a path outside of the served roots."""
    wrong = [name for name in given if name not in tool.fields]
    missing = [name for name, (_, must) in tool.fields.items() if must and not given.get(name)]
    if wrong or missing:
        raise UserError(f"unknown: {', '.join(wrong) or 'none'}; missing: {', '.join(missing) or 'none'}")
    for name, value in given.items():
        parts = value if tool.fields[name][0]["type"] == "array" else [value]
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise UserError(f"{name}: must be text, or a list of strings where the schema says so")
        if name in tool.paths:
            for part in parts:
                _inside(part, roots)
    result = dict(given)
    if "roots" in tool.fields:
        result["roots"] = list(given.get("roots") or roots)
    elif "root" in tool.fields and not given.get("root"):
        result["root"] = roots[0]
    return result


def _inside(path: str, roots: Sequence[str]) -> None:
    if "://" not in path:
        real = os.path.realpath(os.path.join(roots[0], path))
        if any(is_below(real, root) for root in roots):
            return
    raise UserError(f"{path}: outside the served folders ({', '.join(roots)})")


def _answer(words: Sequence[str], folder: str, config: str | None) -> types.CallToolResult:
    name, *rest = words
    command = [
        sys.executable,
        "-m",
        "runwatch",
        name,
        "--json",
        *([f"--config={config}"] if config else []),
        *rest,
    ]
    try:
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PATIENCE_S
        )
    except subprocess.TimeoutExpired:
        return _refused(f"no answer within {_PATIENCE_S:.0f} s")
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        return _refused(done.stderr[-_MOST_ERROR:].strip() or f"exit code {done.returncode}")
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=done.stdout)], structured_content=answer
    )


def _refused(words: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=words)], is_error=True)
