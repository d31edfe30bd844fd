def tasting_order(dishes, pairs):
    # Counts of open requirements; every region keeps its available dishes in a sorted list.
    from bisect import insort

    unique = {(a, b) for a, b in pairs}
    open_needs = [0] * len(dishes)
    after = [[] for _ in dishes]
    for a, b in unique:
        open_needs[b] += 1
        after[a].append(b)
    shelves = {}

    def offer(i):
        insort(shelves.setdefault(dishes[i][0], []), (dishes[i][1], i))

    for i in range(len(dishes)):
        if open_needs[i] == 0:
            offer(i)
    order, region, spice = [], None, 5
    while True:
        names = [name for name, shelf in shelves.items() if shelf and name != region]
        names = names or [name for name, shelf in shelves.items() if shelf]
        if not names:
            return order
        entries = [entry for name in names for entry in shelves[name]]
        if spice == 0:
            top = max(s for s, _ in entries)
            entry = min(e for e in entries if e[0] == top)
        else:
            entry = min(entries)
        spice, i = entry
        region = dishes[i][0]
        shelves[region].remove(entry)
        order.append(i)
        for j in after[i]:
            open_needs[j] -= 1
            if open_needs[j] == 0:
                offer(j)
