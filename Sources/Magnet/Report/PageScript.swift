/// What pages do: sort, filter and page through tables, keep sort and filter in the address, save a table as CSV, and
/// compute win rates again when models are hidden (as `BoardAggregate.winRates` does, bit for bit).
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
      // Three decimals as Python rounds, more where a number would seem to be 0.
      const shown3 = (value) => {
        if (value !== 0 && Math.abs(value) < 0.0005) return String(value);
        const low = Math.floor(value * 1000);
        const isTie = Number.isInteger(value * 16) && (value * 16) % 2 !== 0;
        const rounded = isTie ? (low % 2 === 0 ? low : low + 1) / 1000 : Number(value.toFixed(3));
        return Number.isInteger(rounded) ? rounded + ".0" : String(rounded);
      };
      // The mean rounded once: sums that do not overlap.
      const exactMean = (values) => {
        let parts = [];
        for (const value of values) {
          let x = value;
          const kept = [];
          for (const part of parts) {
            const [large, small] = Math.abs(x) < Math.abs(part) ? [part, x] : [x, part];
            const sum = large + small, rest = small - (sum - large);
            if (rest !== 0) kept.push(rest);
            x = sum;
          }
          parts = [...kept, x];
        }
        return values.length === 0 ? NaN : parts.reverse().reduce((a, b) => a + b, 0) / values.length;
      };
      const setNumber = (cell, node, value) => {
        cell.value = value;
        cell.raw = Number.isNaN(value) ? undefined : String(value);
        cell.text = Number.isNaN(value) ? "—" : shown3(value);
        if (Number.isNaN(value)) delete node.dataset.v; else node.dataset.v = cell.raw;
        node.textContent = cell.text;
      };
      // Win rates, the best of each column and shades among the rows that are there.
      const compare = (heads, items, isWhole) => {
        const rates = new Map(items.map((item) => [item, []]));
        const rank = (column, isLow, isCounted) => {
          const known = items.filter((item) => !Number.isNaN(item.cells[column].value));
          const values = known.map((item) => item.cells[column].value);
          for (const item of known) {
            const own = item.cells[column].value;
            const worse = values.filter((value) => isLow ? value > own : value < own).length;
            const equal = values.filter((value) => value === own).length;
            if (isCounted && known.length > 1) rates.get(item).push((worse + (equal - 1) / 2) / (known.length - 1));
            const classes = item.row.cells[column].classList;
            classes.remove("b", "s1", "s2", "s3", "s4", "s5");
            if (worse + equal === known.length) classes.add("b");
            if (known.length > 1) classes.add("s" + (1 + Math.min(4, Math.floor(5 * worse / known.length))));
          }
        };
        heads.forEach((head, column) => {
          const part = head.dataset.part;
          if (part === "higher" || part === "lower") rank(column, part === "lower", true);
        });
        heads.forEach((head, column) => {
          if (head.dataset.part === "rate") {
            for (const item of items) setNumber(item.cells[column], item.row.cells[column], exactMean(rates.get(item)));
            rank(column, false, false);
          } else if (head.dataset.part === "group") {
            for (const item of items) {
              const cell = item.row.cells[column], known = item.cells[column];
              known.first ??= [known.raw, cell.title];
              setNumber(known, cell, isWhole && known.first[0] !== undefined ? Number(known.first[0]) : NaN);
              if (known.raw !== undefined) known.text = cell.textContent = String(known.value);
              cell.title = isWhole ? known.first[1] : "tie groups are of all models; leaderboard --models computes others";
            }
          }
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
        // The places of hidden rows, which count in nothing.
        const gone = new Set();
        const filter = () => {
          const words = input.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
          shown = items.filter((item) => !gone.has(item.place) && words.every((word) => item.text.includes(word)));
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
        const hide = () => {
          compare(heads, items.filter((item) => !gone.has(item.place)), gone.size === 0);
          const sortedBy = heads.findIndex((cell) => cell.hasAttribute("aria-sort"));
          const rate = heads.findIndex((cell) => cell.dataset.part === "rate");
          if (sortedBy >= 0) sort(sortedBy, heads[sortedBy].getAttribute("aria-sort") === "ascending");
          else if (rate >= 0) items = sorted(items, rate, false);
          filter();
        };
        if (table.dataset.hidable !== undefined) {
          const choice = element("details", "own");
          const title = () => table.dataset.hidable + ": " + (items.length - gone.size) + " of " + items.length;
          const summary = element("summary", "", title());
          const boxes = element("div", "boxes");
          (state.get(name + ".hide") ?? "").split(".").filter((text) => /^\d+$/.test(text))
            .forEach((text) => { if (Number(text) < items.length) gone.add(Number(text)); });
          for (const item of items) {
            const one = element("label");
            const box = element("input");
            box.type = "checkbox";
            box.checked = !gone.has(item.place);
            box.addEventListener("change", () => {
              if (box.checked) gone.delete(item.place); else gone.add(item.place);
              summary.textContent = title();
              hide();
              keep(name + ".hide", [...gone].sort((a, b) => a - b).join("."));
            });
            one.append(box, element("bdi", "", item.cells[0].text));
            boxes.append(one);
          }
          summary.textContent = title();
          choice.append(summary, boxes);
          tools.append(choice);
        }
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
        if (gone.size > 0) hide(); else filter();
        if (block !== null) {
          // On paper all rows are there.
          addEventListener("beforeprint", () => body.replaceChildren(...shown.map((item) => rowOf(item.data))));
          addEventListener("afterprint", draw);
        }
      }
      // On paper everything is open.
      let opened = [];
      addEventListener("beforeprint", () => {
        opened = [...document.querySelectorAll("details:not([open])")];
        for (const part of opened) part.open = true;
      });
      addEventListener("afterprint", () => { for (const part of opened) part.open = false; });
      addEventListener("hashchange", () => { if (location.hash.includes("=")) location.reload(); });
    })();
    """#
}
