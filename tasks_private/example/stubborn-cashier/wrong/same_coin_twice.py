from math import isqrt

for _ in range(int(input())):
    amount = int(input())
    paid, last = [], 0
    while amount:
        root = min(isqrt(amount), 100)

        if root == 0:
            paid += ["+", amount]
            break
        paid.append(root * root)
        amount -= root * root
        last = root
    print(*paid)
