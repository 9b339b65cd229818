import shlex
import shutil
import subprocess

import pytest

from runwatch.domain.errors import UserError
from runwatch.show.text.service import SERVICES, cron, login, systemd

ODD = '/home/me/my runs/50% "new" $x\\\'y'


def test_plain_paths_stay_plain():
    unit = systemd("/home/me/runs")
    assert "watch --quiet /home/me/runs\n" in unit and "OnCalendar=*-*-* 21:55\nPersistent=true" in unit
    assert "brief /home/me/runs" in cron("/home/me/runs")
    assert login("/home/me/runs").endswith("runwatch brief /home/me/runs")


def test_odd_paths_are_quoted_for_each():
    assert '"/home/me/my runs/50%% \\"new\\" $$x\\\\\'y"' in systemd(ODD)
    for line in [line for line in cron(ODD).splitlines() if line.startswith(("@reboot", "45"))]:
        assert shlex.split(line.replace("\\%", "%"))[-1] == ODD and "%" not in line.replace("\\%", "")
    assert shlex.split(login(ODD).splitlines()[-1])[-1] == ODD


@pytest.mark.skipif(not shutil.which("sh"), reason="no sh here")
def test_the_login_line_is_shell(tmp_path):
    line = login(ODD).splitlines()[-1]
    assert subprocess.run(["sh", "-n", "-c", line]).returncode == 0
    assert subprocess.run(
        ["sh", "-c", line], env={"PATH": str(tmp_path)}, executable="/bin/sh"
    ).returncode in (1, 127)


@pytest.mark.parametrize("root", ["/a\nb", "/a\udcff"])
@pytest.mark.parametrize("name", SERVICES)
def test_paths_that_no_line_holds_are_refused(name, root):
    with pytest.raises(UserError, match="rename it"):
        SERVICES[name](root)


@pytest.mark.parametrize("root", ["/home/me/runs", ODD])
def test_systemd_has_nothing_to_say(tmp_path, root):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    name = ""
    units: dict[str, list[str]] = {}
    for line in systemd(root).split("# then:")[0].splitlines():
        if line.startswith("# ~/.config/systemd/user/"):
            name = line.rpartition("/")[2]
        units.setdefault(name, []).append(line)
    for name, lines in units.items():
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    assert sorted(units) == ["runwatch-check.service", "runwatch-check.timer", "runwatch.service"]
    told = subprocess.run(
        ["systemd-analyze", "--user", "verify", "--man=no", *(str(tmp_path / name) for name in units)],
        capture_output=True, text=True, timeout=120,
        env={"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    ours = [line for line in told.stderr.splitlines() if "runwatch" in line]
    assert not ours, ours


def test_cron_gives_the_secrets_and_runs_without_them(tmp_path):
    line = next(line for line in cron("/r").splitlines() if line.startswith("@reboot"))
    shell = line.removeprefix("@reboot ").rpartition(";")[0] + '; echo "<$TOKEN>"'
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "ENVIRONMENT": ".config/runwatch/environment"}

    def ran() -> str:
        return subprocess.run(["/bin/sh", "-c", shell], env=env, capture_output=True, text=True).stdout

    assert ran() == "<>\n"
    secrets = tmp_path / ".config/runwatch/environment"
    secrets.parent.mkdir(parents=True)
    secrets.write_text("TOKEN=s3cret\n")
    assert ran() == "<s3cret>\n"
