"""Faults that a machine makes: no memory, no room, an I/O error, at every place where they can happen.

CLUSTERCTL_BUILD is the build folder. By default a sample that takes about a minute; TORTURE=all tries
every place.
"""
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CLUSTERCTL_BUILD", ROOT / "build"))
CLUSTERCTL = pathlib.Path(os.environ.get("CLUSTERCTL", BUILD / "cli/clusterctl"))
ALL = os.environ.get("TORTURE") == "all"
EXAMPLES = ROOT / "inventory/examples"

ENV = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/nonexistent",
       "CLUSTERCTL_JOURNAL": ""}


def every(k):
    """Every k-th of a sample, each of them all when all are asked for."""
    return 1 if ALL else k


def tree(folder):
    """Each file's bytes, by its path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="session")
def counts():
    """What was tried, printed at the end: the table in CONTRIBUTING comes from here."""
    seen = {}
    yield seen
    for what, text in seen.items():
        print(f"\n{what}: {text}", end="")
