"""Makes ../data/reference/tf1_symbols.txt: the public symbols of TensorFlow 1.15, one on each line.

Needs the wheel of tensorflow-cpu 1.15.0 (`pip download tensorflow-cpu==1.15.0 --no-deps --python-version 37
--platform manylinux2010_x86_64 --only-binary=:all:`), which need not run: `tf1_symbols.py WHEEL`.
"""

import ast
import pathlib
import re
import sys
import zipfile

API = "tensorflow_core/_api/v1/"
MODULES = {
    "tf": API + "v1.py",
    "tf.nn": API + "nn/__init__.py",
    "tf.train": API + "train/__init__.py",
    "tf.layers": API + "layers/__init__.py",
    "tf.losses": API + "losses/__init__.py",
}
# Its names are listed in the docstring.
CONTRIB_RNN = "tensorflow_core/contrib/rnn/__init__.py"


def imported(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)


def symbols(wheel):
    for module, path in MODULES.items():
        names = {name for name in imported(wheel.read(path)) if not name.startswith("_")}
        yield from (f"{module}.{name}" for name in sorted(names))
    names = set(re.findall(r"@@(\w+)", wheel.read(CONTRIB_RNN).decode()))
    yield from (f"tf.contrib.rnn.{name}" for name in sorted(names))


target = pathlib.Path(__file__).parent.parent / "data/reference/tf1_symbols.txt"
with zipfile.ZipFile(sys.argv[1]) as wheel:
    target.write_text("\n".join(symbols(wheel)) + "\n")
