def tram_fare(start: int, end: int, dog: bool) -> int:
    if start == end:
        fare = 25
    else:
        step = 1 if end > start else -1
        entered = range(start + step, end + step, step)
        fare = sum(20 if zone % 2 else 30 for zone in entered)
    river = min(start, end) <= 4 and max(start, end) >= 5
    if river:
        fare += 50
    if not river:
        fare = min(fare, 200)
    return fare * 2 if dog else fare
