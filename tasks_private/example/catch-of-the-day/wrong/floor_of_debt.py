SHELLS = {"b": 385, "n": 35, "c": 7, "s": 1}

total = 0
for _ in range(int(input())):
    sign, *parts = input().split()
    amount = sum(int(part[:-1]) * SHELLS[part[-1]] for part in parts)
    total += amount if sign == "+" else -amount

rest, text = total, []
for unit, worth in SHELLS.items():
    count, rest = divmod(rest, worth)
    if count:
        text.append(f"{count}{unit}")
if total < 0:
    text.insert(0, "owes")
print(" ".join(text) or "even")
