extension PageScript {
  /// What the script computes: the order of rows, three decimals, and win rates again when models are hidden.
  static let numbers = #"""
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
        const count = values.length;
        if (count === 0) return NaN;
        let high = 0, low = 0;
        for (const part of parts.reverse()) {
          const sum = high + part;
          low += part - (sum - high);
          high = sum;
        }
        // What dividing leaves is divided, too; a product by a small whole number is exact in two halves.
        const mean = high / count, product = mean * count;
        const split = 134217729 * mean, upper = split - (split - mean), lower = mean - upper;
        const error = upper * count - product + lower * count;
        return mean + (high - product - error + low) / count;
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
    """#
}
