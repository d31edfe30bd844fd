for _ in range(int(input())):
    goats, bridges = map(int, input().split())
    for _ in range(bridges):
        digits = str(goats)
        top = max(digits)
        if digits.count(top) == len(digits):
            break
        goats -= int(top) - (1 if digits.count(top) > 1 else 0)
    print(goats)
