// Finds and orders rows of the board, and keeps the choice in the address so that it can be shared.
// The page is complete without this file; nothing here fetches or computes a number.
"use strict";
(() => {
  const board = document.getElementById("board");
  const tools = document.getElementById("board-tools");
  const none = document.getElementById("none-found");
  if (!board || !tools) return;

  const tiers = [...board.tBodies];
  const rows = tiers.flatMap((tier) => [...tier.rows]);
  const home = new Map(rows.map((row) => [row, row.parentNode]));
  const number = (row, key) => Number(row.dataset[key]);
  const orders = {
    score: (a, b) => number(b, "score") - number(a, "score"),
    cost: (a, b) => price(a) - price(b),
    gap: (a, b) => number(b, "gap") - number(a, "gap"),
    seen: (a, b) => number(b, "seen") - number(a, "seen"),
  };

  function price(row) {
    const cost = number(row, "cost");
    return cost < 0 ? Infinity : cost;
  }

  function compare(order) {
    return (a, b) => {
      const difference = orders[order](a, b);
      return Number.isNaN(difference) ? 0 : difference; // two unknown costs are equal
    };
  }

  function arrange(order) {
    const flat = order in orders;
    board.classList.toggle("flat", flat);
    const sorted = flat ? [...rows].sort(compare(order)) : rows;
    for (const row of sorted) (flat ? tiers[0] : home.get(row)).append(row);
  }

  function sift(words, weights) {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const name = row.dataset.name.toLowerCase();
      const fits = wanted.every((word) => name.includes(word)) && (!weights || row.dataset.open === weights);
      row.hidden = !fits;
      shown += fits;
    }
    for (const tier of tiers) tier.hidden = ![...tier.rows].some((row) => !row.hidden);
    none.hidden = shown > 0;
  }

  function apply() {
    arrange(tools.elements.sort.value);
    sift(tools.elements.q.value, tools.elements.weights.value);
  }

  function remember() {
    const address = new URL(location.href);
    for (const field of ["q", "weights", "sort"]) {
      const value = tools.elements[field].value;
      if (value) address.searchParams.set(field, value);
      else address.searchParams.delete(field);
    }
    history.replaceState(null, "", address);
  }

  function recall() {
    const asked = new URL(location.href).searchParams;
    for (const field of ["q", "weights", "sort"]) tools.elements[field].value = asked.get(field) || "";
    for (const field of ["weights", "sort"]) if (tools.elements[field].selectedIndex < 0) tools.elements[field].value = "";
  }

  tools.addEventListener("input", () => { apply(); remember(); });
  tools.addEventListener("submit", (event) => event.preventDefault());
  recall();
  tools.hidden = false;
  apply();
})();
