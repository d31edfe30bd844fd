from math import prod


def ring_abacus(sizes: list[int], times: int) -> list[int]:
    value = times % prod(sizes)
    beads = []
    for size in sizes:
        value, here = divmod(value, size)
        beads.append(here)
    return beads
