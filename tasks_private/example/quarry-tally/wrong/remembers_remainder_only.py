from collections import deque


def quarry_tally(lucky: int, stencils: str) -> str:
    digits = sorted(stencils)
    seen = set()
    queue = deque([(0, "", None)])  # remainder, last digit, what was painted before
    while queue:
        state = queue.popleft()
        remainder, last, _ = state
        if last and remainder == 0:
            text = ""
            while state[2] is not None:
                text += state[1]
                state = state[2]
            return text[::-1]
        for digit in digits:
            if digit == last or (not last and digit == "0"):
                continue
            following = (remainder * 10 + int(digit)) % lucky
            if following not in seen:
                seen.add(following)
                queue.append((following, digit, state))
    return ""
