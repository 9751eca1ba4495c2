"""Who says whether a keepalived.conf is good: our grammar, and the keepalived of this machine."""
import os
import re
import shutil
import subprocess

TOOL = os.environ.get("EL_TOOL", "")


def lint(version, text):
    done = subprocess.run([TOOL, "lint", version], input=text, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout.strip()


def real_keepalived(conf):
    """What the keepalived of this machine says to it, in a network that has the interfaces it names."""
    program = shutil.which("keepalived", path="/usr/sbin:/sbin")
    assert program, "keepalived is not installed; tests/run installs it"
    names = {w for w in re.findall(r"(?:interface|dev) (\S+)$", conf.read_text(), re.M)}
    links = "".join(f"ip link add {n} type veth peer name p{i} && ip link set {n} up && "
                    for i, n in enumerate(sorted(names)))
    done = subprocess.run(["unshare", "-n", "sh", "-c", f"{links} exec {program} -t -f {conf}"],
                          capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()
