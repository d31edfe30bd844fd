n, m = map(int, input().split())
row = list(map(int, input().split()))
for _ in range(m):
    command, *numbers = input().split()
    k = int(numbers[0]) if numbers else 0
    if command == "add":
        row.append(k)
    elif not row:
        break
    elif command == "roll":
        k %= len(row)
        row = row[k:] + row[:k]
    elif command == "flip":
        row = row[:k][::-1] + row[k:]
    elif command == "split":
        row = row[::2] + row[1::2]
    elif command == "drink":
        row = [barrel for barrel in row if barrel != row[0]]
print(*row or ["empty"])
