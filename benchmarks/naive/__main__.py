"""`python -m benchmarks.naive`: the naive app as a process, by the settings of the environment."""

import faust

from benchmarks.naive.app import make_app
from streams.settings import Settings, resolve

if __name__ == "__main__":
    app = make_app(resolve(Settings()))
    worker = faust.Worker(app, loglevel="WARNING", quiet=True, redirect_stdouts=False, override_logging=False)
    worker.execute_from_commandline()
