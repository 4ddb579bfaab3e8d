/// The part of the driver that shows a row of a pipeline's results to a claim.
enum PythonRowViews {
  static let source = #"""
    def row_views(row):
        """The names through which a claim reads a row of results, as in MAGNET: the beginnings of the columns' names, and the
        pipeline's nodes, whose fields need no namespace. Returns both, and the set of the columns that were read."""
        namespaces = ('metrics', 'params', 'resolved_params')
        read = set()

        class View:
            """Some columns, by attribute."""

            def __init__(self, leaves, clashes, label, prefix=''):
                self._leaves, self._clashes, self._label, self._prefix = leaves, clashes, label, prefix

            def _find(self, name):
                key = self._prefix + name
                if key in self._leaves:
                    column, value = self._leaves[key]
                    read.add(column)
                    return value
                if any(k.startswith(key + '.') for k in self._leaves):
                    return View(self._leaves, self._clashes, self._label, key + '.')
                if key in self._clashes:
                    raise KeyError(f'{name!r} is reported by more than one namespace, and they disagree: '
                                   f'{self._clashes[key]}. Name the column outright to say which one is meant.')
                raise KeyError(f'no {name!r} under {self._where()!r}; available: {self._children()}')

            def _where(self):
                return '.'.join(p for p in (self._label, self._prefix.rstrip('.')) if p) or '/'

            def _children(self):
                return sorted({key.split('.')[0] for key in self.keys()})

            def keys(self):
                start = len(self._prefix)
                return sorted(k[start:] for k in (*self._leaves, *self._clashes) if k.startswith(self._prefix))

            def items(self): return [(key, self[key]) for key in self.keys()]
            def values(self): return [self[key] for key in self.keys()]
            def __getitem__(self, name): return self._find(name)
            def __iter__(self): return iter(self.keys())
            def __len__(self): return len(self.keys())
            def __dir__(self): return sorted({*self._children(), *object.__dir__(self)})
            def __repr__(self): return f'<{self._where()}: {", ".join(self._children()[:8])}>'

            def __contains__(self, name):
                key = self._prefix + name
                return key in self._leaves or key in self._clashes or any(k.startswith(key + '.') for k in self._leaves)

            def __getattr__(self, name):
                if name.startswith('_'): raise AttributeError(name)
                try: return self._find(name)
                except KeyError as e: raise AttributeError(e.args[0]) from None

        every = {column: (column, value) for column, value in row.items()}
        roots = {}
        for column in row:
            root = column.split('.')[0]
            roots[root] = row[root] if root in row else View(every, {}, '', root + '.')
        named = [c for c in row if c.split('.')[0] in namespaces]
        inner = {part for c in named for part in c.split('.')[1:-1]} - set(namespaces)
        nodes = {}
        for node in sorted(n for n in inner if not n.startswith('_')):
            found = {}
            for column in named:
                place = column.find(f'.{node}.')
                if place >= 0: found.setdefault(column[place + len(node) + 2:], []).append(column)
            leaves, clashes = {}, {}
            for field, columns in found.items():
                columns.sort()
                if len({repr(row[c]) for c in columns}) > 1: clashes[field] = columns
                else: leaves[field] = (columns[0], row[columns[0]])
            nodes[node] = View(leaves, clashes, node)
        return roots, nodes, read
    """#
}
