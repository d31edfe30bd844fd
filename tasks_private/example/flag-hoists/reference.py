def hoists(word):
    done, current = [], ""
    for letter in word:
        flag = letter
        if letter in current:
            flag = str(current.index(letter) + 1)
            if flag not in ("1", "2", "3") or flag in current:
                done.append(current)
                current, flag = "", letter
        current += flag
    return "/".join(done + [current])


for _ in range(int(input())):
    print(hoists(input().strip()))
