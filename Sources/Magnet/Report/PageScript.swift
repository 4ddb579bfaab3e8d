/// What pages do: choose a board, sort, filter and page through tables, keep all of it in the address, go from cell to cell
/// by the keyboard, save tables as CSV and JSON, and compute win rates again when models are hidden (as
/// `BoardAggregate.winRates` does, bit for bit).
/// Without it every table's first rows are there all the same. It makes elements from text alone.
enum PageScript {
  static let text: String = {
    let body = [elements, numbers, tables, cells, rest].joined()
    // Without the indentation, which is for people.
    let lines = body.split(separator: "\n").map { $0.drop { $0 == " " } }
    return "\"use strict\";\n(() => {\n" + lines.joined(separator: "\n") + "\n})();"
  }()

  private static let elements = #"""
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
      const button = (text) => {
        const made = element("button", "own", text);
        made.type = "button";
        return made;
      };
      // A row from what stands for it: text, number, note, style, address and texts that open, for each cell.
      const rowOf = (cells) => {
        const row = element("tr");
        cells.forEach(([text, value = null, note = null, style = null, href = null, parts = null], place) => {
          const cell = element(place === 0 ? "th" : "td", ((style ?? "") + (value === null ? "" : " n")).trim());
          if (place === 0) cell.scope = "row";
          if (value !== null) cell.dataset.v = value;
          if (note !== null) cell.title = note;
          if (text === null) {
            const dash = element("span", "", "—");
            dash.setAttribute("aria-hidden", "true");
            cell.append(dash, element("span", "hide", note ?? "no value"));
          } else {
            let shown = value === null ? element("bdi", "", text) : document.createTextNode(text);
            if (href !== null) {
              const link = element("a");
              link.setAttribute("href", href);
              link.append(shown);
              shown = link;
            }
            if (parts !== null) {
              const open = element("details", "own");
              const summary = element("summary");
              summary.append(shown);
              open.append(summary);
              open.addEventListener("toggle", () => {
                if (open.childElementCount > 1) return;
                for (const [title, whole] of parts) {
                  const block = element("pre");
                  block.tabIndex = 0;
                  block.append(element("bdi", "", whole));
                  open.append(element("p", "soft", title), block);
                }
              });
              shown = open;
            }
            cell.append(shown);
          }
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
        cells: cells.map(([text, value = null]) => ({
          text: text ?? "", value: value === null ? NaN : value, raw: value === null ? undefined : value,
        })),
      });

    """#

  private static let tables = #"""
      const csv = (heads, items) => [heads, ...items.map((item) => item.cells.map((cell) => String(cell.raw ?? cell.text)))]
        .map((line) => line.map((text) => /[",\n\r]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text)
          .join(",")).join("\n") + "\n";
      const save = (text, name, type) => {
        const link = element("a");
        link.href = URL.createObjectURL(new Blob([text], {type}));
        link.download = name;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 1000);
      };
      // Boards: one is shown, and the address has its view under plain names.
      const boards = [...document.querySelectorAll("[data-board]")];
      const isOf = (board, name) => [board.dataset.board, ...board.dataset.board.split("/")].includes(name);
      const asked = state.get("board");
      let chosen = boards.find((board) => board.dataset.board === asked) ?? boards.find((board) => isOf(board, asked))
        ?? boards[0];
      const made = [];
      for (const table of document.querySelectorAll("table[data-tools]")) {
        const name = table.id;
        const board = table.closest("[data-board]");
        const body = table.tBodies[0];
        const heads = [...table.tHead.rows[0].cells];
        const titles = heads.map((cell) => cell.textContent);
        const block = document.getElementById(name + "-data");
        let items = block === null ? [...body.rows].map(itemOfRow) : JSON.parse(block.textContent).map(itemOfData);
        const all = [...items];
        let shown = items;
        let page = 0;
        // The view: what the address has of it.
        const view = {};
        const known = (what) => (board === chosen && board !== null ? state.get(what) : null) ?? state.get(name + "." + what) ?? "";
        const note = (what, value) => {
          view[what] = value;
          keep(board === null ? name + "." + what : what, value);
          if (board !== null) keep("board", board.dataset.board);
        };
        const tools = element("div", "tools");
        const label = element("label", "", "Filter ");
        const input = element("input");
        input.type = "search";
        label.append(input);
        const saves = button("Save as CSV");
        const back = button("Previous"), forth = button("Next");
        const count = element("span", "soft");
        count.setAttribute("role", "status");
        tools.append(label, saves, ...(block === null ? [] : [back, forth]), count);
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
        const firstIsUp = (column) => heads[column].dataset.low === "true"
          || items.every((item) => Number.isNaN(item.cells[column].value));
        const hide = () => {
          compare(heads, items.filter((item) => !gone.has(item.place)), gone.size === 0);
          const sortedBy = heads.findIndex((cell) => cell.hasAttribute("aria-sort"));
          const rate = heads.findIndex((cell) => cell.dataset.part === "rate");
          if (sortedBy >= 0) sort(sortedBy, heads[sortedBy].getAttribute("aria-sort") === "ascending");
          else if (rate >= 0) items = sorted(items, rate, false);
          filter();
        };
        // Boxes to tick, with the numbers of those that are not.
        const boxes = (what, title, texts, off, changed) => {
          const choice = element("details", "own");
          const summary = element("summary");
          const list = element("div", "boxes");
          const count = () => summary.textContent = title + ": " + (texts.length - off.size) + " of " + texts.length;
          known(what).split(".").filter((text) => /^\d+$/.test(text)).map(Number)
            .forEach((number) => { if (number < texts.length) off.add(number); });
          texts.forEach((text, number) => {
            const one = element("label");
            const box = element("input");
            box.type = "checkbox";
            box.checked = !off.has(number);
            box.addEventListener("change", () => {
              if (box.checked) off.delete(number); else off.add(number);
              count();
              changed();
              note(what, [...off].sort((a, b) => a - b).join("."));
            });
            one.append(box, element("bdi", "", text));
            list.append(one);
          });
          count();
          choice.append(summary, list);
          tools.append(choice);
        };
        const columns = new Set();
        const hideColumns = () => {
          for (const row of table.rows) {
            [...row.cells].forEach((cell, place) => { cell.hidden = columns.has(place - 1); });
          }
        };
        if (table.dataset.hidable !== undefined) {
          boxes("hide", table.dataset.hidable, items.map((item) => item.cells[0].text), gone, hide);
          boxes("columns", "Columns", titles.slice(1), columns, hideColumns);
        }
        heads.forEach((cell, column) => {
          const made = element("button");
          made.type = "button";
          made.append(...cell.childNodes);
          cell.append(made);
          made.addEventListener("click", () => {
            const now = cell.getAttribute("aria-sort");
            const isUp = now === null ? firstIsUp(column) : now !== "ascending";
            sort(column, isUp);
            filter();
            note("sort", column + (isUp ? "a" : "d"));
          });
        });
        input.addEventListener("input", () => { filter(); note("filter", input.value); });
        back.addEventListener("click", () => { page -= 1; draw(); });
        forth.addEventListener("click", () => { page += 1; draw(); });
        saves.addEventListener("click", () => save(csv(titles, shown), name + ".csv", "text/csv"));
        const order = /^(\d+)([ad]?)$/.exec(known("sort"));
        if (order !== null && Number(order[1]) < heads.length) {
          const column = Number(order[1]);
          sort(column, order[2] === "" ? firstIsUp(column) : order[2] === "a");
        }
        input.value = known("filter");
        for (const what of ["sort", "filter", "hide", "columns"]) view[what] = known(what);
        if (gone.size > 0) hide(); else filter();
        if (columns.size > 0) hideColumns();
        if (block !== null) {
          // On paper all rows are there.
          addEventListener("beforeprint", () => body.replaceChildren(...shown.map((item) => rowOf(item.data))));
          addEventListener("afterprint", draw);
        }
        const value = (cell) => cell.raw === undefined ? (cell.text === "" ? null : cell.text) : Number(cell.raw);
        made.push({
          name, board, view,
          json: () => ({
            caption: table.caption.textContent, columns: titles,
            rows: all.map((item) => item.data === undefined
              ? item.cells.map((cell) => cell.text.startsWith("—") ? null : value(cell)) : item.cells.map(value)),
          }),
        });
      }

    """#
}
