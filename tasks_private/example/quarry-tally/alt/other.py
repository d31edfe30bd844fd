def quarry_tally(lucky, stencils):
    # From the back: which (remainder, last digit) can reach a multiple in how many more digits?
    digits = sorted(int(c) for c in stencils)
    layers = [{(0, d) for d in digits}]
    known = set(layers[0])
    place = {(0, d): 0 for d in digits}
    before = {}
    for remainder in range(lucky):
        for d in digits:
            for e in digits:
                if d != e:
                    before.setdefault(((remainder * 10 + e) % lucky, e), []).append((remainder, d))
    while layers[-1]:
        layer = set()
        for state in layers[-1]:
            for previous in before.get(state, ()):
                if previous not in known:
                    known.add(previous)
                    place[previous] = len(layers)
                    layer.add(previous)
        layers.append(layer)
    starts = [(place[d % lucky, d], d) for d in digits if d and (d % lucky, d) in place]
    if not starts:
        return ""
    left, d = min(starts)
    text, remainder = str(d), d % lucky
    while left:
        left -= 1
        for e in digits:
            following = ((remainder * 10 + e) % lucky, e)
            if e != d and place.get(following) == left:
                remainder, d = following
                text += str(e)
                break
    return text
