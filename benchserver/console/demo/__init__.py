"""The demo: the main job for real, with made-up models of known skill."""
