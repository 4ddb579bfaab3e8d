extension PageScript {
  // MARK: - Cells by the keyboard, the choice of a board, and what concerns the whole page

  static let cells = #"""
      // Cells one by one: Enter on a table goes into it, arrows from cell to cell, Escape out; what a cell has to say is
      // shown, and read out.
      const tip = element("div", "tip");
      tip.id = "tip";
      tip.setAttribute("role", "tooltip");
      tip.hidden = true;
      document.body.append(tip);
      const move = (cell) => {
        if (cell === undefined || cell === null) return;
        cell.tabIndex = -1;
        cell.focus();
      };
      const near = (cell, key) => {
        const row = cell.parentElement;
        const rows = [...row.parentElement.rows].filter((one) => !one.hidden);
        const cells = [...row.cells].filter((one) => !one.hidden);
        switch (key) {
          case "ArrowRight": return cells[cells.indexOf(cell) + 1];
          case "ArrowLeft": return cells[cells.indexOf(cell) - 1];
          case "ArrowDown": return rows[rows.indexOf(row) + 1]?.cells[cell.cellIndex];
          case "ArrowUp": return rows[rows.indexOf(row) - 1]?.cells[cell.cellIndex];
        }
      };
      addEventListener("keydown", (event) => {
        const target = event.target;
        if (!(target instanceof Element)) return;
        if (target.matches(".scroll") && event.key === "Enter") {
          move([...target.querySelectorAll("tbody tr:not([hidden]) > *")][0]);
        } else if (target.matches("tbody td, tbody th") && event.key === "Escape") {
          target.closest(".scroll")?.focus();
        } else if (target.matches("tbody td, tbody th") && event.key.startsWith("Arrow")) {
          event.preventDefault();
          move(near(target, event.key));
        }
      });
      addEventListener("focusin", (event) => {
        const cell = event.target;
        document.querySelector("[aria-describedby=tip]")?.removeAttribute("aria-describedby");
        tip.hidden = !(cell instanceof Element && cell.matches("tbody td[title], tbody th[title]"));
        if (tip.hidden) return;
        tip.textContent = cell.title;
        cell.setAttribute("aria-describedby", "tip");
        const place = cell.getBoundingClientRect();
        tip.style.left = Math.max(4, Math.min(place.left, innerWidth - tip.offsetWidth - 4)) + "px";
        tip.style.top = Math.min(place.bottom + 2, innerHeight - tip.offsetHeight - 4) + "px";
      });
      addEventListener("focusout", () => { tip.hidden = true; });

    """#

  static let rest = #"""
      if (boards.length > 1) {
        const tools = element("div", "tools");
        const label = element("label", "", "Board ");
        const select = element("select");
        for (const board of boards) {
          const option = element("option", "", board.dataset.title);
          option.value = board.dataset.board;
          select.append(option);
        }
        const show = () => { for (const board of boards) board.hidden = board !== chosen; };
        select.value = chosen.dataset.board;
        select.addEventListener("change", () => {
          chosen = boards.find((board) => board.dataset.board === select.value);
          show();
          const view = made.find((table) => table.board === chosen)?.view ?? {};
          for (const what of ["sort", "filter", "hide", "columns"]) keep(what, view[what] ?? "");
          keep("board", select.value);
        });
        label.append(select);
        tools.append(label);
        boards[0].before(tools);
        show();
      }
      const place = document.getElementById("all-tables");
      if (place !== null) {
        const all = button("Save all tables as JSON");
        all.addEventListener("click", () => save(
          JSON.stringify(Object.fromEntries(made.map((table) => [table.name, table.json()]))), "tables.json",
          "application/json"));
        place.append(all);
      }
      // A link to what is closed opens it.
      const open = () => {
        const target = location.hash.includes("=") ? null : document.getElementById(location.hash.slice(1));
        if (target instanceof HTMLDetailsElement) target.open = true;
      };
      open();
      // On paper everything is open.
      let opened = [];
      addEventListener("beforeprint", () => {
        opened = [...document.querySelectorAll("details:not([open])")];
        for (const part of opened) part.open = true;
      });
      addEventListener("afterprint", () => { for (const part of opened) part.open = false; });
      addEventListener("hashchange", () => { if (location.hash.includes("=")) location.reload(); else open(); });

    """#
}
