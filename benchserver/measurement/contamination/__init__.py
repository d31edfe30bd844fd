"""Does a model remember instead of solve? Tests that hint, and the rule for what may be said.

No single test convicts: each gives a p-value and an effect, ``evidence`` grades them together.
Example: a public score far above the private one (``gaps``) alone is watched, never published.
"""
