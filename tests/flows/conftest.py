"""What the flows share: keys, a wired process that holds every right, a scripted real endpoint."""

from tests.wired import (  # noqa: F401
    ScriptedEndpoint,
    clear_wiring,
    fail,
    key_folder,
    number_of,
    scripted,
    solve,
    wired,
)
