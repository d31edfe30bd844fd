n, left, right, change = map(int, input().split())
melody = list(map(int, input().split()))

# (left, right, hand that struck last, notes in a row by it, at most 2) -> least effort
states = {(left, right, "", 0): 0}
for key in melody:
    following = {}
    for (left, right, last, row), effort in states.items():
        moves = []
        if key < right:
            moves.append(("L", key, right, abs(key - left)))
        if key > left:
            moves.append(("R", left, key, abs(key - right)))
        for hand, new_left, new_right, distance in moves:
            cost = effort + distance
            if hand == last:
                cost += 0
                state = (new_left, new_right, hand, 2)
            else:
                cost += change if last else 0
                state = (new_left, new_right, hand, 1)
            if cost < following.get(state, cost + 1):
                following[state] = cost
    states = following
print(min(states.values()))
