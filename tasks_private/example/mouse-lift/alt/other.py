def mouse_lift(top, room, mice):
    # Floors keep their own queues; stretches without any change are jumped over.
    arrivals = sorted((t, i) for i, (t, _, _) in enumerate(mice))
    queues = [[] for _ in range(top + 1)]
    wants = [[] for _ in range(top + 1)]
    load, done = 0, {}
    here, up, now, next_arrival = 0, True, 0, 0
    while len(done) < len(mice):
        while next_arrival < len(arrivals) and arrivals[next_arrival][0] <= now:
            i = arrivals[next_arrival][1]
            queues[mice[i][1]].append(i)
            next_arrival += 1
        if wants[here] or (queues[here] and load < room):
            for i in wants[here]:
                done[i] = now
            load -= len(wants[here])
            wants[here] = []
            queues[here].sort()
            while queues[here] and load < room:
                i = queues[here].pop(0)
                wants[mice[i][2]].append(i)
                load += 1
            now += 1
            continue
        goals = [f for f in range(top + 1) if wants[f] or (load < room and queues[f])]
        above = [f for f in goals if f > here]
        below = [f for f in goals if f < here]
        if not above and not below:
            now = arrivals[next_arrival][0]
            continue
        if up and not above:
            up = False
        elif not up and not below:
            up = True
        here += 1 if up else -1
        now += 1
    return [done[i] for i in range(len(mice))]
