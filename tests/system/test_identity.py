"""Which roots are one in the state, and which are two."""

import pytest

from runwatch.system.identity import lasting_name, root_identity

DISK = "25 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
HOME = DISK + "40 25 0:35 / /home rw - nfs4 filer:/export/home rw,vers=4.2\n"


def test_two_machines_with_equal_paths_are_two_roots():
    one, two = (root_identity("/data/runs", host=host, mounts=DISK) for host in ("alpha", "beta"))
    assert one != two and one == root_identity("/data/runs", host="alpha", mounts=DISK)


@pytest.mark.parametrize(
    "line",
    [
        "40 25 0:35 / /home rw - nfs4 filer:/export/home rw",
        "40 25 0:35 / /home rw shared:7 - nfs filer:/export/home rw",
        "40 25 0:35 / /home rw - cifs //filer/home rw",
        "40 25 0:35 / /home rw - lustre 10.0.0.1@tcp:/scratch rw",
        "40 25 0:35 / /home rw - fuse.sshfs me@filer:/home rw",
    ],
)
def test_a_root_on_a_file_server_is_one_for_all_machines(line):
    one, two = (root_identity("/home/me/runs", host=host, mounts=DISK + line) for host in ("alpha", "beta"))
    assert one == two


def test_another_mount_point_of_the_same_export_is_the_same_root():
    there = DISK + "40 25 0:35 /me /mnt/my\\040files rw - nfs4 filer:/export/home rw\n"
    assert root_identity("/home/me/runs", host="a", mounts=HOME) == root_identity(
        "/mnt/my files/runs", host="b", mounts=there
    )
    assert root_identity("/home/you/runs", host="a", mounts=HOME) != root_identity(
        "/mnt/my files/runs", host="b", mounts=there
    )


def test_a_disk_below_a_served_home_is_the_machines_own():
    mounts = HOME + "50 40 8:2 / /home/me/scratch rw - xfs /dev/sdb1 rw\n"
    one, two = (root_identity("/home/me/scratch/runs", host=h, mounts=mounts) for h in ("alpha", "beta"))
    assert one != two


def test_a_stated_id_is_one_wherever_it_is():
    assert root_identity("/a", "mine", host="alpha") == root_identity("/b", "mine", host="beta")


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("gpu1", "gpu1"),
        ("node-12.cluster", "node-12.cluster"),
        ("3f9a2c71d0ab", "container"),
        ("train-6d4f5c7b9f-x2k8p", "train"),
    ],
)
def test_a_name_that_changes_at_each_start_is_left_out(host, name):
    assert lasting_name(host) == name
