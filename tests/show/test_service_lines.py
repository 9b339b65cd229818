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
    line = cron(ODD).splitlines()[1]
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
