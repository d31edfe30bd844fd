stock = ground = working = since_sharp = 0
furled = False
for _ in range(int(input())):
    sacks, wind = map(int, input().split())
    stock += sacks
    if furled:
        pass
    elif since_sharp == 4:
        since_sharp = 0
    elif 2 <= wind <= 7 and stock:
        amount = min(wind, stock)
        stock -= amount
        ground += amount
        working += 1
        since_sharp += 1
    furled = wind > 7
print(ground, stock, working)
