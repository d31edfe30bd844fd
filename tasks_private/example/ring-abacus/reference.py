from math import prod


def ring_abacus(sizes: list[int], times: int) -> list[int]:
    cycle = prod(sizes) - 1
    value = (times - 1) % cycle + 1 if times else 0
    beads = []
    for size in sizes:
        value, here = divmod(value, size)
        beads.append(here)
    return beads
