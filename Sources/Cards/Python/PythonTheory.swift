/// The part of the driver that finds annotations of theory in programs.
enum PythonTheory {
  static let source = #"""
    STATEMENTS = ('tests', 'approximates', 'motivates')
    PREMISES = ('satisfies', 'approximates', 'substitutes', 'assumes', 'ignores', 'violates', 'checks')


    def theory(files, said):
        """The annotations of theory in programs, which are parsed and not run."""
        import ast
        links, faults, notes = [], [], []

        def literal(node):
            return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None

        def read(path, shown):
            with open(path, encoding='utf-8') as file: tree = ast.parse(file.read(), filename=path)
            aliases, bare = set(), set()
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    for name in node.names:
                        if name.name in ('magnet.theory', 'magnet_theory'):
                            aliases.add(name.asname or name.name.split('.')[0])
                elif isinstance(node, ast.ImportFrom):
                    for name in node.names:
                        if name.name == 'magnet_theory' or node.module == 'magnet' and name.name == 'theory':
                            aliases.add(name.asname or name.name)
                        elif node.module in ('magnet.theory', 'magnet_theory') and name.name in STATEMENTS + PREMISES:
                            bare.add(name.asname or name.name)

            def relation(call):
                f = call.func
                if not isinstance(f, ast.Attribute) or f.attr not in STATEMENTS + PREMISES: return None
                v = f.value
                if isinstance(v, ast.Name) and v.id in aliases: return f.attr
                if isinstance(v, ast.Attribute) and v.attr == 'theory' and isinstance(v.value, ast.Name) and v.value.id == 'magnet':
                    return f.attr if aliases else None
                return None

            def record(call, where):
                if isinstance(call.func, ast.Name) and call.func.id in bare:
                    notes.append(f'{shown}:{call.lineno}: {call.func.id}(...) is not read as an annotation; '
                                 f'write theory.{call.func.id}(...) after from magnet import theory')
                    return
                name = relation(call)
                if name is None: return
                def fault(text): faults.append([shown, call.lineno, text])
                if len(call.args) != 1: return fault(f'theory.{name} takes one literal reference')
                ref = literal(call.args[0])
                if ref is None: return fault(f'theory.{name} reference must be a literal string')
                note = ''
                for keyword in call.keywords:
                    if keyword.arg != 'note': return fault(f'theory.{name} has an unknown argument {keyword.arg or "**"}')
                    note = literal(keyword.value)
                    if note is None: return fault(f'theory.{name} note must be a literal string')
                entry, mark, premise = ref.partition('::')
                if not entry or mark and not premise or '::' in premise:
                    return fault(f'{ref!r} is not a reference: Entry or Entry::premise')
                if mark and name not in PREMISES: return fault(f'theory.{name} takes an entry; remove ::{premise}')
                if not mark and name not in STATEMENTS: return fault(f'theory.{name} takes a premise, Entry::premise')
                links.append({'relation': name, 'ref': ref, 'note': note, 'file': shown, 'line': call.lineno, 'qualname': where})

            def walk(node, prefix):
                for child in ast.iter_child_nodes(node):
                    inner = prefix
                    if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                        inner = f'{prefix}.{child.name}' if prefix else child.name
                        for decorator in child.decorator_list:
                            if isinstance(decorator, ast.Call): record(decorator, inner)
                    elif isinstance(child, (ast.With, ast.AsyncWith)):
                        for item in child.items:
                            if isinstance(item.context_expr, ast.Call): record(item.context_expr, prefix)
                    walk(child, inner)

            if aliases or bare: walk(tree, '')

        for path, shown in files:
            try: read(path, shown)
            except SyntaxError as e: faults.append([shown, e.lineno or 1, e.msg])
            except (OSError, ValueError, RecursionError) as e: faults.append([shown, 1, said(e)])
        return {'links': links, 'faults': faults, 'notes': notes}
    """#
}
