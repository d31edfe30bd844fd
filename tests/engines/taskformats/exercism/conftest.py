"""The sandbox of the judges' tests: converted tests have to be run to be believed."""

from tests.engines.judges.conftest import sandbox

__all__ = ["sandbox"]
