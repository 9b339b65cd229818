"""Debian's Chromium, driven over two pipes by the DevTools protocol: no port, no package."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
from pathlib import Path
from typing import Any

from patience import PATIENCE_S

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    """One page of a headless Chromium."""

    def __init__(self, folder: Path, page: str) -> None:
        assert PROGRAM
        file = folder / "page.html"
        file.write_text(page, encoding="utf-8")
        down, self._down = os.pipe()
        self._up, up = os.pipe()
        # the browser reads descriptor 3 and writes 4; the shell moves ours there
        command = (
            f'exec {PROGRAM} --headless=new --no-sandbox --disable-gpu --remote-debugging-pipe "$0" "$1"'
        )
        self._process = subprocess.Popen(
            ["bash", "-c", f"{command} 3<&{down} 4>&{up}", f"--user-data-dir={folder}/own", file.as_uri()],
            pass_fds=(down, up),
            env={"HOME": str(folder), "PATH": os.environ["PATH"]},
            stderr=subprocess.DEVNULL,
        )
        os.close(down)
        os.close(up)
        self._buffer, self._number, self._session = b"", 0, ""
        (target,) = (t for t in self._pages() if t["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)[
            "sessionId"
        ]
        while self.value("document.readyState") != "complete" or not self.value("document.title"):
            continue

    def _pages(self) -> list[dict[str, Any]]:
        while not (found := self.call("Target.getTargets")["targetInfos"]):
            continue
        return list(found)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        asked = {"id": self._number, "method": method, "params": params}
        if self._session:
            asked["sessionId"] = self._session
        os.write(self._down, json.dumps(asked).encode() + b"\0")
        while True:
            while b"\0" not in self._buffer:
                assert select.select([self._up], [], [], PATIENCE_S)[0], "the browser does not answer"
                data = os.read(self._up, 1 << 20)
                assert data, "the browser ended"
                self._buffer += data
            told, _, self._buffer = self._buffer.partition(b"\0")
            answer = json.loads(told)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                return dict(answer["result"])

    def value(self, script: str) -> Any:
        """What an expression is on the page."""
        return self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def wide(self, width: int) -> None:
        """A screen of that many CSS pixels, as a phone has it."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=True
        )

    def scheme(self, name: str, media: str = "screen") -> None:
        """light or dark; screen or print."""
        features = [{"name": "prefers-color-scheme", "value": name}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)

    def pdf(self) -> bytes:
        return base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True)["data"])

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._down)
        os.close(self._up)
