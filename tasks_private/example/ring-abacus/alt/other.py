def ring_abacus(sizes, times):
    # Rod after rod: what is added to a rod leaves carries for the next; carries out of the
    # last rod go round and are added to rod 0 again.
    beads, extra = [0] * len(sizes), times
    while extra:
        for i, size in enumerate(sizes):
            extra, beads[i] = divmod(beads[i] + extra, size)
    return beads
