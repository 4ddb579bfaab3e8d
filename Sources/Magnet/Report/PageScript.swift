/// What pages do: sort and filter tables, keep both in the address, and save a table as CSV. Without it every table is
/// there all the same. It makes elements from text alone.
enum PageScript {
  static let text = """
    "use strict";
    (() => {
      const state = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
      const keep = (key, value) => {
        if (value === "") state.delete(key); else state.set(key, value);
        history.replaceState(null, "", "#" + state.toString());
      };
      const number = (cell) => cell.dataset.v === undefined ? NaN : Number(cell.dataset.v);
      const bodyRows = (table) => [...table.tBodies[0].rows];
      const sort = (table, column, isUp) => {
        const rows = bodyRows(table);
        const isNumeric = rows.some((row) => row.cells[column].dataset.v !== undefined);
        const sign = isUp ? 1 : -1;
        const place = new Map(rows.map((row, i) => [row, i]));
        rows.sort((a, b) => {
          const x = a.cells[column], y = b.cells[column];
          if (isNumeric) {
            const p = number(x), q = number(y);
            if (Number.isNaN(p) || Number.isNaN(q)) {
              return Number.isNaN(p) === Number.isNaN(q) ? place.get(a) - place.get(b) : Number.isNaN(p) ? 1 : -1;
            }
            return p === q ? place.get(a) - place.get(b) : sign * (p - q);
          }
          const order = x.textContent < y.textContent ? -1 : x.textContent > y.textContent ? 1 : 0;
          return order === 0 ? place.get(a) - place.get(b) : sign * order;
        });
        table.tBodies[0].append(...rows);
        [...table.tHead.rows[0].cells].forEach((cell, i) => {
          if (i === column) cell.setAttribute("aria-sort", isUp ? "ascending" : "descending");
          else cell.removeAttribute("aria-sort");
        });
      };
      const csv = (table) => [...table.rows].filter((row) => !row.hidden).map((row) => [...row.cells].map((cell) => {
        const text = cell.dataset.v === undefined ? cell.textContent : cell.dataset.v;
        return /[",\\n\\r]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
      }).join(",")).join("\\n") + "\\n";
      for (const table of document.querySelectorAll("table[data-tools]")) {
        const name = table.id;
        for (const [column, cell] of [...table.tHead.rows[0].cells].entries()) {
          const button = document.createElement("button");
          button.type = "button";
          button.append(...cell.childNodes);
          cell.append(button);
          button.addEventListener("click", () => {
            const now = cell.getAttribute("aria-sort");
            const first = cell.dataset.low === "true" || bodyRows(table).every((r) => r.cells[column].dataset.v === undefined);
            const isUp = now === null ? first : now !== "ascending";
            sort(table, column, isUp);
            keep(name + ".sort", column + (isUp ? "a" : "d"));
          });
        }
        const tools = document.createElement("div");
        tools.className = "tools";
        const label = document.createElement("label");
        label.textContent = "Filter ";
        const input = document.createElement("input");
        input.type = "search";
        label.append(input);
        const count = document.createElement("span");
        count.setAttribute("role", "status");
        count.className = "soft";
        const save = document.createElement("button");
        save.type = "button";
        save.className = "own";
        save.textContent = "Save as CSV";
        tools.append(label, save, count);
        table.closest(".scroll").before(tools);
        const filter = () => {
          const words = input.value.toLowerCase().split(/\\s+/).filter((word) => word !== "");
          const rows = bodyRows(table);
          let shown = 0;
          for (const row of rows) {
            const text = row.textContent.toLowerCase();
            row.hidden = !words.every((word) => text.includes(word));
            if (!row.hidden) shown += 1;
          }
          count.textContent = words.length === 0 ? rows.length + " rows" : shown + " of " + rows.length + " rows";
        };
        input.addEventListener("input", () => { filter(); keep(name + ".filter", input.value); });
        save.addEventListener("click", () => {
          const link = document.createElement("a");
          link.href = URL.createObjectURL(new Blob([csv(table)], {type: "text/csv"}));
          link.download = name + ".csv";
          link.click();
          setTimeout(() => URL.revokeObjectURL(link.href), 1000);
        });
        const order = /^(\\d+)([ad])$/.exec(state.get(name + ".sort") ?? "");
        if (order !== null && Number(order[1]) < table.tHead.rows[0].cells.length) {
          sort(table, Number(order[1]), order[2] === "a");
        }
        input.value = state.get(name + ".filter") ?? "";
        filter();
      }
    })();
    """
}
