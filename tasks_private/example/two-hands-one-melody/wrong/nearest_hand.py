n, left, right, change = map(int, input().split())
effort, last, row = 0, "", 0
for key in map(int, input().split()):
    hand = "L" if key <= left or (key < right and key - left <= right - key) else "R"
    effort += abs(key - (left if hand == "L" else right))
    row = row + 1 if hand == last else 1
    effort += (change if last and hand != last else 0) + (1 if row > 2 else 0)
    last = hand
    if hand == "L":
        left = key
    else:
        right = key
print(effort)
