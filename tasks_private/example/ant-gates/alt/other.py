def ant_gates(n, tunnels, queen):
    # Minute by minute: the set of chambers reached so far, and who is under way.
    reached = {0}
    arriving = {}
    ways = {}
    for u, v, length, colour in tunnels:
        ways.setdefault(u, []).append((v, length, colour))
        ways.setdefault(v, []).append((u, length, colour))
    for minute in range(250 * 120):
        if not (minute % 5 == 0 and queen in arriving.get(minute, ())):
            reached |= arriving.pop(minute, set())
        else:
            reached |= arriving.pop(minute) - {queen}
        if n - 1 in reached:
            return minute
        for chamber in reached:
            for other, length, colour in ways.get(chamber, ()):
                if minute % 3 == colour and other not in reached:
                    arriving.setdefault(minute + length, set()).add(other)
        if not arriving and minute > 20:
            return -1
    return -1
