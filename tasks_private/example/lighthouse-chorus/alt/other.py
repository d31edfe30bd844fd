import heapq


def first_chorus(lights, k, night_end):
    heap = [(delay, 1, i) for i, (_, delay) in enumerate(lights)]
    heapq.heapify(heap)
    now, together = -1, 0
    while heap and heap[0][0] <= night_end:
        second, number, i = heapq.heappop(heap)
        if second != now:
            now, together = second, 0
        if number % 7 != 0:
            together += 1
            if together == k:
                return now
        heapq.heappush(heap, (second + lights[i][0], number + 1, i))
    return -1
