def sail(lanes, tolerated):
    """Balance the lanes and print the trip."""
    while True:
        port, starboard = map(sum, lanes)
        if abs(port - starboard) <= tolerated:
            break
        longer, other = lanes if port > starboard else lanes[::-1]
        vehicle = longer[-1]
        moved = abs(sum(longer) - sum(other) - 2 * vehicle)
        if sum(other) + vehicle > length or moved > abs(port - starboard):
            break
        other.append(longer.pop())
    print(len(lanes[0]) + len(lanes[1]), sum(lanes[0]), sum(lanes[1]))


n, length, tolerated = map(int, input().split())
queue = list(map(int, input().split()))
lanes, trips = [[], []], 0
for vehicle in queue:
    fitting = [lane for lane in lanes if sum(lane) + vehicle <= length]
    if not fitting:
        sail(lanes, tolerated)
        trips += 1
        lanes = [[], []]
        fitting = lanes
    fitting[0].append(vehicle)
if lanes[0]:
    sail(lanes, tolerated)
    trips += 1
print(trips)
