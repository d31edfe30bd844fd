def goat_staircase(heights: list[int], rise: int, drop: int, leave: int) -> int:
    ends_up: list[int] = []  # most steps of a walk ending here by a jump up; 1 if none
    ends_down: list[int] = []
    for i, height in enumerate(heights):
        up = down = 1
        for j in range(max(0, i - leave - 1), i):
            if height - heights[j] >= rise:
                up = max(up, max(ends_down[j], ends_up[j]) + 1)
            elif 1 <= heights[j] - height <= drop:
                down = max(down, ends_up[j] + 1)
        ends_up.append(up)
        ends_down.append(down)
    return max(ends_up + ends_down)
