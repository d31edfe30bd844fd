def mouse_lift(top: int, room: int, mice: list[list[int]]) -> list[int]:
    got_off = [-1] * len(mice)
    inside: list[int] = []
    pending = list(range(len(mice)))
    floor, way, second = 0, 1, 0
    while inside or pending:
        waiting = [i for i in pending if mice[i][0] <= second]
        leaving = [i for i in inside if mice[i][2] == floor]
        here = [i for i in waiting if mice[i][1] == floor]
        if leaving or (here and len(inside) < room):
            for i in leaving:
                got_off[i] = second
                inside.remove(i)
            for i in here[: room - len(inside)]:
                inside.append(i)
                pending.remove(i)
        else:
            goals = [mice[i][2] for i in inside]
            if len(inside) < room:
                goals += [mice[i][1] for i in waiting]
            if any((goal - floor) * way > 0 for goal in goals):
                floor += way
            elif goals:
                way = -way
        second += 1
    return got_off
