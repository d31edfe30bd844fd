def goat_staircase(heights, rise, drop, leave):
    # Layer by layer: which (step, kind of the last jump) can end a walk of m steps?
    n = len(heights)
    layer = {(i, kind) for i in range(n) for kind in "UD"}
    m = 1
    while True:
        following = set()
        for i, kind in layer:
            for j in range(i + 1, min(n, i + leave + 2)):
                change = heights[j] - heights[i]
                if kind == "D" and change >= rise:
                    following.add((j, "U"))
                if kind == "U" and -drop <= change <= -1:
                    following.add((j, "D"))
        if not following:
            return m
        layer, m = following, m + 1
