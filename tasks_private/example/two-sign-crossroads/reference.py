n, place, k = map(int, input().split())
signs = [None]
for _ in range(n):
    a, b, inn = map(int, input().split())
    signs.append((a, b, inn))

second = set()  # crossroads where sign B is due
inns = 0
for move in range(k):
    here = place in second
    place_before = place
    place = signs[place][1 if here else 0]
    second ^= {place_before}
    if signs[place][2]:
        inns += 1
        second &= {place}
print(place, inns)
