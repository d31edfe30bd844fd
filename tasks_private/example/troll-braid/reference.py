from collections import deque


def troll_braid(left: list[int], middle: list[int], right: list[int]) -> list[int]:
    a, b, c = deque(left), deque(middle), deque(right)
    result: list[int] = []

    def take(strand):
        if strand:
            bead = strand.popleft()
            result.append(bead)
            if bead == 0:
                strand.reverse()

    while a or b or c:
        take(a)
        a, b = b, a
        take(c)
        c, b = b, c
    return result
