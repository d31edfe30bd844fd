def scribe_share(line, a, b):
    ada = bo = run = 0
    last = ""
    for letter in line:
        if a[ada % len(a)] == letter and not (last == "A" and run == 3):
            run = run + 1 if last == "A" else 1
            ada, last = ada + 1, "A"
        elif b[bo % len(b)] == letter and not (last == "B" and run == 3):
            run = run + 1 if last == "B" else 1
            bo, last = bo + 1, "B"
        else:
            return -1
    return ada
