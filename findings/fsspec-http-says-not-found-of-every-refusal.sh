#!/usr/bin/env bash
# Guessed: info() of fsspec's HTTP file system raises FileNotFoundError for a file that is not there, and
#   something else where the server refuses (403), fails (500) or is not there at all.
# True: it raises FileNotFoundError for each of them, the word "cannot be reached" nowhere; the reason is only in
#   __cause__. A program that takes FileNotFoundError at its word says "does not exist" of an expired signature.
# Versions: fsspec 2026.9.0, aiohttp 3.14.5. Date: 2026-11-30.
set -eu
where=$(mktemp -d)
trap 'rm -rf "$where"' EXIT
python3 -m venv "$where/venv"
"$where/venv/bin/pip" install -q fsspec==2026.9.0 aiohttp==3.14.5
cat > "$where/ask.py" <<'PY'
import http.server, threading
import fsspec

print("fsspec", fsspec.__version__)


class Refusing(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(int(self.path.strip("/")))

    do_HEAD = do_GET

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}"
system = fsspec.filesystem("http")
for status in (404, 403, 500, None):
    if status is None:
        server.shutdown()
        server.server_close()
    try:
        system.info(f"{address}/{status or 200}")
        found = None
    except Exception as error:
        found = error
    print(status or "server is down", type(found).__name__, "because of", type(found.__cause__).__name__)
    assert type(found) is FileNotFoundError, found
PY
"$where/venv/bin/python" "$where/ask.py"
echo "as described"
