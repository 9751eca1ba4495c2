"""Throw-away accounts with passwords, for a real sshd and a real sudo: copies of the files that name
accounts, bind-mounted over the real ones in a mount namespace of that sshd's own."""

import subprocess
from pathlib import Path

from conftest import CONFIG, Sshd

PASSWORD = "correct horse: 'battery' $staple\\"
# What sudo remembers about a user is the namespace's own, too; and systemd seems to run there.
MOUNTS = """
set -e
for f in passwd shadow sudoers pam.d/common-auth; do mount --bind {dir}/etc/$f /etc/$f; done
mount -t tmpfs none /run
mkdir -p -m 755 /run/sshd /run/systemd/system
mount -t tmpfs -o mode=700 none /var/lib/sudo
exec "$@"
"""


def hashed(password):
    return subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=password, text=True,
                          stdout=subprocess.PIPE, check=True).stdout.strip()


class Accounts(Sshd):
    """An sshd with the users `ann` and `bob`, who have the password, and a sudoers file of its own."""

    key_types = ("ed25519", "ecdsa")

    def __init__(self, directory, more="", sudoers="", expired=False):
        etc = directory / "etc"
        (etc / "pam.d").mkdir(parents=True)
        self.etc = etc
        uids = {"ann": 60001, "bob": 60002}
        self.copy("passwd", 0o644, "".join(
            f"{name}:x:{uid}:65534::{directory}:/bin/sh\n" for name, uid in uids.items()))
        day = 0 if expired else 19000
        self.copy("shadow", 0o640, "".join(
            f"{name}:{hashed(PASSWORD)}:{day}:0:99999:7:::\n" for name in uids))
        self.copy("pam.d/common-auth", 0o644, "")
        without_delay = etc / "pam.d/common-auth"  # pam_unix waits two seconds after a wrong password
        without_delay.write_text(without_delay.read_text().replace("pam_unix.so", "pam_unix.so nodelay"))
        self.sudoers(sudoers)
        for path in [directory, *directory.parents]:  # ann's home: she has to be let through
            if path.stat().st_mode & 0o011 != 0o011 and str(path).startswith("/tmp/"):
                path.chmod(path.stat().st_mode | 0o011)
        if "UsePAM" in more:
            self.config = CONFIG.replace("UsePAM no\n", "")
        script = MOUNTS.format(dir=directory)
        self.prefix = ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh"]
        super().__init__(directory, host_keys=("ed25519",), more=more)

    def copy(self, name, mode, more):
        path = self.etc / name
        path.write_text(Path(f"/etc/{name}").read_text() + more)
        path.chmod(mode)

    def authorize(self, *keys):
        super().authorize(*keys)
        (self.dir / "authorized_keys").chmod(0o644)  # sshd reads it as the user

    def sudoers(self, text):
        """In place: the file is a mount. Every attempt goes to a log of this sshd's."""
        path = self.etc / "sudoers"
        path.touch(mode=0o440)
        path.write_text(f"Defaults logfile={self.etc}/sudo.log, !syslog, lecture=never\n"
                        f"Defaults secure_path=/usr/sbin:/usr/bin:/sbin:/bin\n{text}\n")
        self.log = self.etc / "sudo.log"
        self.log.write_text("")

    def run(self, *command, **options):
        return super().run(*command, **{"identity": None, "user": "ann", **options})
