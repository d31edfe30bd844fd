def first_chorus(lights: list[list[int]], k: int, night_end: int) -> int:
    lit = [0] * (night_end + 1)
    for period, delay in lights:
        for number, second in enumerate(range(delay, night_end + 1, period), start=1):
            if number % 7:
                lit[second] += 1
    return next((second for second, count in enumerate(lit) if count >= k), -1)
