"""Unit tests beside the solution: the *mitigated* class, and what makes forging it hard.

Tests decide in the process that also runs the solution, so a pass cannot be proved. Example: a
solution that patches every assertion to succeed also passes the *mirrors*, copies of the tests in
which an expected value was changed and which a right solution must fail, and so passes nothing.
"""
