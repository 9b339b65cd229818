#!/usr/bin/env bash
# Guessed: a file that fsspec opens over SFTP is a Python file object, so that whoever measures a file by
#   seek(0, 2), as for Parquet footers, gets its length.
# True: paramiko's SFTPFile.seek returns None, against io.IOBase ("return the new absolute position"), and fsspec
#   hands that object on. tell() is right afterwards.
# Versions: paramiko 5.1.0, fsspec 2026.9.0. Date: 2026-11-30.
set -eu
where=$(mktemp -d)
trap 'rm -rf "$where"' EXIT
python3 -m venv "$where/venv"
"$where/venv/bin/pip" install -q paramiko==5.1.0 fsspec==2026.9.0
cat > "$where/ask.py" <<'PY'
import io, os, socket, threading, time
import fsspec, paramiko
from fsspec.implementations.sftp import SFTPFileSystem

print("paramiko", paramiko.__version__, "fsspec", fsspec.__version__)
folder = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(folder, "ten"), "wb") as file:
    file.write(b"0123456789")


class Files(paramiko.SFTPServerInterface):
    def stat(self, path):
        return paramiko.SFTPAttributes.from_stat(os.stat(path))

    lstat = stat

    def open(self, path, flags, attr):
        handle = paramiko.SFTPHandle(flags)
        handle.readfile = open(path, "rb")
        handle.stat = lambda: paramiko.SFTPAttributes.from_stat(os.stat(path))
        return handle


class Door(paramiko.ServerInterface):
    def check_auth_password(self, user, password):
        return paramiko.AUTH_SUCCESSFUL

    def check_channel_request(self, kind, number):
        return paramiko.OPEN_SUCCEEDED


listener = socket.create_server(("127.0.0.1", 0))


def serve():
    transport = paramiko.Transport(listener.accept()[0])
    transport.add_server_key(paramiko.ECDSAKey.generate())
    transport.set_subsystem_handler("sftp", paramiko.SFTPServer, Files)
    transport.start_server(server=Door())
    while transport.is_active():
        time.sleep(0.1)


threading.Thread(target=serve, daemon=True).start()
system = SFTPFileSystem(
    "127.0.0.1", port=listener.getsockname()[1], username="a", password="b", look_for_keys=False, allow_agent=False
)
with system.open(os.path.join(folder, "ten"), "rb") as file:
    print(type(file).__name__, "seek(0, 2) returns", file.seek(0, 2), "tell() says", file.tell())
    assert isinstance(file, paramiko.SFTPFile)
    file.seek(0)
    assert file.seek(0, 2) is None and file.tell() == 10
os._exit(0)
PY
"$where/venv/bin/python" "$where/ask.py"
echo "as described"
