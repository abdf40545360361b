"""The command line and the launcher: the only room that knows every house. Imports are late, so that `nsis --help` is quick."""

import sys

if sys.flags.optimize > 1:
    # Here and not in a command: a rule is made when its module is imported. Without asserts alone (-O) all is as ever.
    sys.stderr.write(
        "nsis does not run under python -OO or PYTHONOPTIMIZE=2: rules and steps take their sentences from docstrings, which it drops.\n"
    )
    raise SystemExit(2)
