def heron_visits(minutes: list[int], gap: int) -> list[list[int]]:
    groups: list[list[int]] = []
    for minute in sorted(minutes):
        if groups and minute - groups[-1][1] < gap:
            groups[-1][1] = minute
            groups[-1][2] += 1
        else:
            groups.append([minute, minute, 1])
    visits: list[list[int]] = []
    for first, last, count in groups:
        if count == 1:
            continue
        near = visits and first - visits[-1][1] <= 2 * gap
        if near and count % 2 and visits[-1][2] % 2:
            visits[-1][1] = last
            visits[-1][2] += count
        else:
            visits.append([first, last, count])
    return visits
