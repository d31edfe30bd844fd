def sticky_peas(tray, tilts):
    # Every tilt is brought to "left" by turning the tray; then each row is settled by text.
    def settle(row):
        cells = list(row)
        stop = 0  # the next resting cell; honey between it and the pea catches the pea first
        for i in range(len(cells)):
            if cells[i] in "#O":
                stop = i + 1
            elif cells[i] == "o":
                cells[i] = "."
                honey = [j for j in range(stop, i) if cells[j] == "h"]
                if honey:
                    cells[honey[-1]] = "O"
                    stop = honey[-1] + 1
                else:
                    cells[stop] = "o"
                    stop += 1
        return "".join(cells)

    def transposed(rows):
        return ["".join(column) for column in zip(*rows)]

    rows = list(tray)
    for tilt in tilts:
        if tilt in "UD":
            rows = transposed(rows)
        if tilt in "RD":
            rows = [row[::-1] for row in rows]
        rows = [settle(row) for row in rows]
        if tilt in "RD":
            rows = [row[::-1] for row in rows]
        if tilt in "UD":
            rows = transposed(rows)
    return rows
