def troll_braid(left, middle, right):
    # The strands stay where they are; only the plan of places moves. Each strand is read
    # between two marks, from the front or from the back.
    strands = [left, middle, right]
    low, high = [0, 0, 0], [len(s) for s in strands]
    forward = [True] * 3
    places = [0, 1, 2]
    result = []
    half = 0
    while any(low[s] < high[s] for s in range(3)):
        side = 0 if half % 2 == 0 else 2
        s = places[side]
        if low[s] < high[s]:
            if forward[s]:
                bead = strands[s][low[s]]
                low[s] += 1
            else:
                high[s] -= 1
                bead = strands[s][high[s]]
            result.append(bead)
            if bead == 0:
                forward[s] = not forward[s]
        places[side], places[1] = places[1], places[side]
        half += 1
    return result
