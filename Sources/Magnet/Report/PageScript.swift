/// What pages do: sort, filter and page through tables, keep sort and filter in the address, and save a table as CSV.
/// Without it every table's first rows are there all the same. It makes elements from text alone.
enum PageScript {
  static let text = #"""
    "use strict";
    (() => {
      const perPage = 100;
      const state = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
      const keep = (key, value) => {
        if (value === "") state.delete(key); else state.set(key, value);
        history.replaceState(null, "", "#" + state.toString());
      };
      const element = (name, className, text) => {
        const made = document.createElement(name);
        if (className) made.className = className;
        if (text !== undefined) made.textContent = text;
        return made;
      };
      // A row from what stands for it: [text or null, number or null, note or null, style] for each cell.
      const rowOf = (cells) => {
        const row = element("tr");
        cells.forEach(([text, value, note, style], place) => {
          const cell = element(place === 0 ? "th" : "td", (style + (value === null ? "" : " n")).trim());
          if (place === 0) cell.scope = "row";
          if (value !== null) cell.dataset.v = value;
          if (note !== null) cell.title = note;
          if (text === null) {
            const dash = element("span", "", "—");
            dash.setAttribute("aria-hidden", "true");
            cell.append(dash, element("span", "hide", note ?? "no value"));
          } else cell.append(value === null ? element("bdi", "", text) : text);
          row.append(cell);
        });
        return row;
      };
      const itemOfRow = (row, place) => ({
        place, row, text: row.textContent.toLowerCase(),
        cells: [...row.cells].map((cell) => ({
          text: cell.textContent, value: cell.dataset.v === undefined ? NaN : Number(cell.dataset.v), raw: cell.dataset.v,
        })),
      });
      const itemOfData = (cells, place) => ({
        place, data: cells, text: cells.map((cell) => cell[0] ?? "").join(" ").toLowerCase(),
        cells: cells.map(([text, value]) => ({
          text: text ?? "", value: value === null ? NaN : value, raw: value === null ? undefined : value,
        })),
      });
      const sorted = (items, column, isUp) => {
        const isNumeric = items.some((item) => !Number.isNaN(item.cells[column].value));
        const sign = isUp ? 1 : -1;
        return [...items].sort((a, b) => {
          const x = a.cells[column], y = b.cells[column];
          if (isNumeric) {
            const p = Number.isNaN(x.value), q = Number.isNaN(y.value);
            if (p || q) return p === q ? a.place - b.place : p ? 1 : -1;
            return x.value === y.value ? a.place - b.place : sign * (x.value - y.value);
          }
          const order = x.text < y.text ? -1 : x.text > y.text ? 1 : 0;
          return order === 0 ? a.place - b.place : sign * order;
        });
      };
      const csv = (heads, items) => [heads, ...items.map((item) => item.cells.map((cell) => String(cell.raw ?? cell.text)))]
        .map((line) => line.map((text) => /[",\n\r]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text)
          .join(",")).join("\n") + "\n";
      for (const table of document.querySelectorAll("table[data-tools]")) {
        const name = table.id;
        const body = table.tBodies[0];
        const heads = [...table.tHead.rows[0].cells];
        const titles = heads.map((cell) => cell.textContent);
        const block = document.getElementById(name + "-data");
        let items = block === null ? [...body.rows].map(itemOfRow) : JSON.parse(block.textContent).map(itemOfData);
        let shown = items;
        let page = 0;
        const tools = element("div", "tools");
        const label = element("label", "", "Filter ");
        const input = element("input");
        input.type = "search";
        label.append(input);
        const button = (text) => {
          const made = element("button", "own", text);
          made.type = "button";
          return made;
        };
        const save = button("Save as CSV");
        const back = button("Previous"), forth = button("Next");
        const count = element("span", "soft");
        count.setAttribute("role", "status");
        tools.append(label, save, ...(block === null ? [] : [back, forth]), count);
        table.closest(".scroll").before(tools);
        const draw = () => {
          if (block === null) {
            const isShown = new Set(shown);
            for (const item of items) item.row.hidden = !isShown.has(item);
            body.append(...items.map((item) => item.row));
          } else {
            page = Math.max(0, Math.min(page, Math.ceil(shown.length / perPage) - 1));
            body.replaceChildren(...shown.slice(page * perPage, (page + 1) * perPage).map((item) => rowOf(item.data)));
            back.disabled = page === 0;
            forth.disabled = (page + 1) * perPage >= shown.length;
          }
          const part = block === null || shown.length === 0 ? ""
            : page * perPage + 1 + " to " + Math.min((page + 1) * perPage, shown.length) + " of ";
          count.textContent = part + (shown.length === items.length ? items.length + " rows"
            : shown.length + " of " + items.length + " rows");
        };
        const filter = () => {
          const words = input.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
          shown = words.length === 0 ? items : items.filter((item) => words.every((word) => item.text.includes(word)));
          page = 0;
          draw();
        };
        const sort = (column, isUp) => {
          items = sorted(items, column, isUp);
          heads.forEach((cell, place) => {
            if (place === column) cell.setAttribute("aria-sort", isUp ? "ascending" : "descending");
            else cell.removeAttribute("aria-sort");
          });
        };
        heads.forEach((cell, column) => {
          const made = element("button");
          made.type = "button";
          made.append(...cell.childNodes);
          cell.append(made);
          made.addEventListener("click", () => {
            const now = cell.getAttribute("aria-sort");
            const isText = items.every((item) => Number.isNaN(item.cells[column].value));
            const isUp = now === null ? cell.dataset.low === "true" || isText : now !== "ascending";
            sort(column, isUp);
            filter();
            keep(name + ".sort", column + (isUp ? "a" : "d"));
          });
        });
        input.addEventListener("input", () => { filter(); keep(name + ".filter", input.value); });
        back.addEventListener("click", () => { page -= 1; draw(); });
        forth.addEventListener("click", () => { page += 1; draw(); });
        save.addEventListener("click", () => {
          const link = element("a");
          link.href = URL.createObjectURL(new Blob([csv(titles, shown)], {type: "text/csv"}));
          link.download = name + ".csv";
          link.click();
          setTimeout(() => URL.revokeObjectURL(link.href), 1000);
        });
        const order = /^(\d+)([ad])$/.exec(state.get(name + ".sort") ?? "");
        if (order !== null && Number(order[1]) < heads.length) sort(Number(order[1]), order[2] === "a");
        input.value = state.get(name + ".filter") ?? "";
        filter();
      }
    })();
    """#
}
