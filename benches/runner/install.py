"""Where the sides are, and how they come there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import cases

BENCHES = Path(__file__).resolve().parent.parent
ROOT = BENCHES.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PEERS = TARGET / "peers"
OURS = TARGET / "release" / "aqueduct-benches"
RUST = PEERS / "rust" / "release" / "aqueduct-rust-peers"

# TensorFlow 2.15 is the version whose numbers the tests have; it asks for Python 3.9 to 3.11.
PACKAGES = {
    "tensorflow": ["tensorflow-cpu==2.15.1", "numpy<2"],
    "torch": ["torch", "numpy"],
    "jax": ["jax", "numpy"],
}
SCRIPTS = {"tensorflow": "tensorflow_v1.py", "torch": "pytorch.py", "jax": "jax_scan.py"}


def our_side():
    build = ["cargo", "build", "--release", "--package", "aqueduct-benches"]
    subprocess.run(build, cwd=ROOT, check=True)


def all_sides():
    """Installs every side that can be; gives the number of those that cannot."""
    failed = 0
    for name, packages in PACKAGES.items():
        failed += not attempt(name, lambda: install_python(name, packages))
    failed += not attempt("candle and burn", install_rust)
    return failed


def attempt(name, work):
    print(f"== {name}", flush=True)
    try:
        work()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"{name} could not be installed: {error}", file=sys.stderr)
        return False
    return True


def install_python(name, packages):
    environment = PEERS / name
    if not python(name).exists():
        version = "python3.11" if name == "tensorflow" else sys.executable
        subprocess.run([version, "-m", "venv", environment], check=True)
    pip = [python(name), "-m", "pip", "install", "--quiet", "--no-cache-dir"]
    subprocess.run([*pip, *packages], check=True)


def install_rust():
    build = ["cargo", "build", "--release", "--target-dir", PEERS / "rust"]
    subprocess.run(build, cwd=BENCHES / "peers", check=True)


def python(name):
    return PEERS / name / "bin" / "python"


def command(side):
    """The command of a side, to which its case is added; None where it is not installed."""
    if side == cases.OURS:
        return [OURS]
    if side in cases.RUST:
        return [RUST, side] if RUST.exists() else None
    name, *flags = (side.split(".")[0], "--compile") if side == "torch.compile" else (side,)
    if not python(name).exists():
        return None
    return [python(name), BENCHES / "sides" / SCRIPTS[name], *flags]


def installed():
    """The sides beside ours that can be measured; says which are skipped."""
    found = []
    for side in (*cases.PYTHON, *cases.RUST):
        if command(side) is None:
            print(f"SKIPPED: {side} is not installed (benches/run --install)", flush=True)
        elif side == "torch.compile" and shutil.which("g++") is None:
            print("SKIPPED: torch.compile needs a C++ compiler", flush=True)
        else:
            found.append(side)
    return found
