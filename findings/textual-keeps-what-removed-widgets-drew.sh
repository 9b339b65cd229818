#!/usr/bin/env bash
# What stays in memory of Textual widgets that were removed, after a full garbage collection.
# Guessed: a widget that was mounted and removed leaves nothing behind but garbage.
# True: the method that gives a line's two background colours is memoised with lru_cache(1024) on the styles cache
#   itself (its first argument is named cls, but it is called on an instance), so that the caches of the last
#   widgets drawn stay, each with all lines that it drew. And an Input subscribes to its screen's text selection
#   in a weak-keyed dictionary whose values hold the key: it stays until text is next selected on that screen.
# textual 8.2.8, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install "textual==8.2.8" 2>/dev/null
cat > app.py <<'P'
import asyncio, gc, importlib.metadata as meta
from textual._styles_cache import StylesCache
from textual.app import App
from textual.widgets import Input, Static

def alive(kind):
    gc.collect()
    return sum(isinstance(it, kind) for it in gc.get_objects())

async def main():
    app = App()
    async with app.run_test(size=(80, 40)) as pilot:
        async def once(kind):
            widget = kind()
            widget.styles.height = 30
            await app.mount(widget)
            await pilot.pause()
            await widget.remove()
            await pilot.pause()
        for kind in (Static, Input):
            await once(kind)
            before = alive(kind), alive(StylesCache)
            for _ in range(40):
                await once(kind)
            print(f"{kind.__name__}: 40 mounted and removed, more widgets in memory: {alive(kind) - before[0]}, "
                  f"more styles caches: {alive(StylesCache) - before[1]}")
            kept[kind] = alive(kind) - before[0], alive(StylesCache) - before[1]
        lines = sum(len(it._cache) for it in gc.get_objects() if isinstance(it, StylesCache))
        print("lines kept by all styles caches, of a screen of 40:", lines)
        StylesCache.get_inner_outer.cache_clear()
        app.screen.text_selection_started_signal.publish(app.screen)
        print("after clearing the one and publishing the other: styles caches", alive(StylesCache), "inputs", alive(Input))
        assert kept[Static][0] <= 2 and kept[Static][1] >= 35, kept
        assert kept[Input][0] >= 35, kept
        assert lines > 1000, lines
        assert alive(StylesCache) < 15 and alive(Input) <= 2

kept = {}
print("textual", meta.version("textual"))
asyncio.run(main())
P
v/bin/python app.py
