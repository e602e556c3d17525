"""matplotlib as it comes: neither the working folder nor the user has a say in what a report shows.

It reads ``./matplotlibrc`` when it is imported (``matplotlib_fname``, which no variable overrides), and that may be a
stranger's, or a pipe that nobody writes to.
"""

import os

_here = os.open(".", os.O_PATH | os.O_CLOEXEC)
os.chdir("/")
try:
    import matplotlib as mpl
finally:
    os.fchdir(_here)
    os.close(_here)
mpl.rcParams.update({name: value for name, value in mpl.rcParamsDefault.items() if not name.startswith("backend")})

__all__ = ["mpl"]
