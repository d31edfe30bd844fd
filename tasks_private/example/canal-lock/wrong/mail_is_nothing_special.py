n, chamber, loaded, empty = map(int, input().split())
boats = []
for i in range(n):
    t, side, kind = input().split()
    boats.append((True, int(t), i, side))
boats.sort()

left = [0] * n
here, other, now = "L", "H", 0
pending = boats
while pending:
    arrived = [boat for boat in pending if boat[1] <= now]
    mine = [boat for boat in arrived if boat[3] == here]
    theirs = [boat for boat in arrived if boat[3] == other]
    mail_calls = any(not plain for plain, *_ in theirs)
    mail_here = any(not plain for plain, *_ in mine)
    if mine and (mail_here or not mail_calls):
        now += loaded
        for boat in mine[:chamber]:
            left[boat[2]] = now
            pending.remove(boat)
        here, other = other, here
    elif theirs:
        now += empty
        here, other = other, here
    else:
        now = min(t for _, t, _, _ in pending)
print("\n".join(map(str, left)))
