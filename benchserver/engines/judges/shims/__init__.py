"""Functions in languages other than Python: one shim a language, our source and its rules.

A shim is built together with the solution, takes the types of its arguments and answer from the
solution's own function, and speaks the frames of ``candidate.py``: values in, values out, so that
no expected value ever enters its box. Example: ``sources/cpp/`` deduces
``std::vector<long> f(std::string)`` by a template. It is untrusted like the solution itself; how
values map to each language is told in docs/adr/0012-typed-shims.md.
"""
