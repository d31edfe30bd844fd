import sys

data = sys.stdin.read().split()
n, c, T, E = map(int, data[:4])
times = list(map(int, data[4::3]))
sides, kinds = data[5::3], data[6::3]
# Minute by minute, with four queues of boat numbers.
queues = {(s, m): [] for s in "LH" for m in ("mail", "plain")}
left, coming = {}, 0
side, busy_until, minute = "L", 0, 0
while len(left) < n:
    while coming < n and times[coming] <= minute:
        queues[sides[coming], kinds[coming]].append(coming)
        coming += 1
    if minute >= busy_until:
        far = "H" if side == "L" else "L"
        near_mail, near_plain = queues[side, "mail"], queues[side, "plain"]
        far_mail, far_plain = queues[far, "mail"], queues[far, "plain"]
        fetch_mail = bool(far_mail) and not near_mail
        if not fetch_mail and (near_mail or near_plain):
            for _ in range(c):
                queue = near_mail or near_plain
                if queue:
                    left[queue.pop(0)] = minute + T
            side, busy_until = far, minute + T
        elif far_mail or far_plain:
            side, busy_until = far, minute + E
    minute += 1
for boat in range(n):
    print(left[boat])
