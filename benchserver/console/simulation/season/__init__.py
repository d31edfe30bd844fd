"""A season in numbers: providers, honest and not, over some rotations, under the rules to be tried.

No task, model or database is needed: replies are drawn from known abilities, and everything that
decides (the rotation plan, the disclosure audit, ranks, ladder, equating, salts) is the code the
server runs. So it can be said afterwards what was true and what the board said. Example:
``seeds.run(Rules(), seeds=range(8))``.
"""
