/// The program that runs the Python blocks of a card in a child process.
enum PythonDriver {
  /// How Python is started: it reads the driver from its arguments, so that no file is written. The current folder, which
  /// `-c` puts first among those that modules are looked for in, is left out before anything else is imported: a `json.py`
  /// in it would run.
  static let arguments = [
    "-c",
    "import sys; sys.path[:1] = [p for p in sys.path[:1] if p]; exec(compile(sys.argv[1], '<magnet>', 'exec'))",
    source,
  ]

  static let source = [
    about, PythonStandIns.source, PythonTheory.source, PythonRowViews.source, main, "main()",
  ].joined(separator: "\n\n")

  private static let about = #"""
    """The child process of magnet's evaluation cards: runs the Python blocks of a card, one setting per request.

    Contract 1. A request is a line of JSON on standard input. An answer is a line of JSON on what was standard output at the
    start; before it, a line `>NUMBER` for each block that begins. What the card prints goes to standard error. Only the
    standard library; Python 3.8 or later.

    Values travel with their types: ["n"] None, ["b", true], ["i", "12"], ["f", "0.1"], ["s", "text"], ["l", [..]],
    ["u", [..]] a tuple, ["d", [[key, value], ..]], ["t", "2024-05-06"] a date or time, ["o", "type", "repr"] anything else.
    """
    """#

  private static let main = #"""
    def main():
        import json
        import os
        import re
        import sys
        from typing import Any, Dict, List, Tuple, get_args, get_origin

        answers = os.fdopen(os.dup(1), 'w', encoding='utf-8')
        os.dup2(2, 1)
        requests = os.fdopen(os.dup(0), 'r', encoding='utf-8')
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        sys.stdout.reconfigure(line_buffering=True)
        sys.argv = ['']
        # What the shell and bubblewrap add, and nobody named.
        for name in ('PWD', 'OLDPWD', 'SHLVL', '_'): os.environ.pop(name, None)
        # As they are now, whatever the card makes of the module.
        dumps, loads = json.dumps, json.loads
        DEPTH, ITEMS, NODES, TEXT, REPR = 20, 10_000, 200_000, 1 << 20, 100_000

        def decode(v):
            kind = v[0]
            if kind == 'n': return None
            if kind == 'b' or kind == 's': return v[1]
            if kind == 'i': return int(v[1])
            if kind == 'f': return float(v[1])
            if kind == 'l': return [decode(e) for e in v[1]]
            if kind == 'u': return tuple(decode(e) for e in v[1])
            if kind == 'd': return {decode(a): decode(b) for a, b in v[1]}
            if kind == 't':
                import datetime
                text = v[1]
                return (datetime.date if len(text) == 10 else datetime.datetime).fromisoformat(text)
            raise ValueError(kind)

        class TooLarge(Exception):
            pass

        def clean(text, limit):
            return text[:limit].encode('utf-8', 'replace').decode()

        def said(x):
            """The text of an exception."""
            try: return clean(str(x), REPR)
            except BaseException as e: return f'<no text: {type(e).__name__}>'

        def opaque(x):
            kind = type(x)
            name = kind.__qualname__ if kind.__module__ == 'builtins' else f'{kind.__module__}.{kind.__qualname__}'
            try:
                size = len(x) if isinstance(x, (str, bytes, bytearray, list, tuple, dict, set, frozenset)) else 0
                if size > ITEMS: return ['o', name, f'<{name} of {size}>']
                return ['o', name, clean(re.sub(r' at 0x[0-9a-fA-F]+', '', repr(x)[:REPR]), REPR)]
            except BaseException as e:
                return ['o', name, f'<no repr: {type(e).__name__}>']

        def encode(x, depth, left):
            left[0] -= 1
            if left[0] < 0: raise TooLarge
            if x is None: return ['n']
            if isinstance(x, bool): return ['b', bool(x)]
            if isinstance(x, int):
                try: return ['i', str(int(x))]
                except ValueError: return ['o', 'int', '<int of more than 4300 digits>']
            if isinstance(x, float): return ['f', repr(float(x))]
            if isinstance(x, str):
                if len(x) > TEXT: return opaque(x)
                left[1] -= len(x)
                if left[1] < 0: raise TooLarge
                return ['s', clean(str(x), TEXT)]
            if depth < DEPTH:
                if isinstance(x, (list, tuple)):
                    return ['l' if isinstance(x, list) else 'u', [encode(e, depth + 1, left) for e in x]]
                if isinstance(x, dict):
                    return ['d', [[encode(a, depth + 1, left), encode(b, depth + 1, left)] for a, b in x.items()]]
            kind = type(x)
            if kind.__module__ == 'datetime' and kind.__name__ in ('date', 'datetime'): return ['t', x.isoformat()]
            return opaque(x)

        def told(x):
            try: return encode(x, 0, [NODES, 4 * TEXT])
            except TooLarge: return ['o', type(x).__qualname__, f'<{type(x).__qualname__} of {len(x)}>']
            except BaseException: return opaque(x)

        def is_simple(x):
            """Whether MAGNET 0.1.0 records the value."""
            return type(x) in (int, float, str, dict) or (type(x) is list and len(x) > 0 and type(x[0]) is int)

        def conforms(target, value):
            """MAGNET's check of a value against the type of its symbol."""
            origin, members = get_origin(target), get_args(target)
            if origin is list:
                return isinstance(value, list) and all(conforms(members[0], e) for e in value)
            if origin is dict:
                return isinstance(value, dict) and all(conforms(members[0], k) and conforms(members[1], v) for k, v in value.items())
            if origin is tuple:
                return isinstance(value, tuple) and len(value) == len(members) and all(map(conforms, members, value))
            if origin is None:
                return target is Any or isinstance(value, target)
            return False

        def shown(x):
            text = said(x)
            return text if len(text) <= 200 else text[:200] + '...'

        class Mismatch(Exception):
            pass

        def check_type(text, value):
            try: target = eval(text, {'List': List, 'Dict': Dict, 'Tuple': Tuple, 'Any': Any})
            except Exception as e: raise Mismatch(f'its type {text} cannot be read: {said(e)}')
            try: fits = conforms(target, value)
            except IndexError: raise Mismatch(f'its type {text} does not say of what; write {text}[...] or {text.lower()}')
            except TypeError as e: raise Mismatch(f'its type {text} cannot be checked: {said(e)}')
            if not fits:
                kind = type(value)
                hint = ''
                if target is float and kind is int: hint = f'; write {shown(value)}.0'
                elif kind.__module__ != 'builtins': hint = f'; it is {kind.__module__}.{kind.__name__}'
                raise Mismatch(f'{shown(value)} is not {text}{hint}')

        compiled = {}

        def code(text):
            if text not in compiled:
                # Assertions are kept whatever PYTHONOPTIMIZE says; MAGNET's messages name '<string>', too.
                compiled[text] = compile(text, '<string>', 'exec', dont_inherit=True, optimize=0)
            return compiled[text]

        def nothing_checked(text):
            """Why a claim checks nothing, and in which line; None where it does."""
            try: tree = compile(text, '<string>', 'exec', flags=0x400, dont_inherit=True)   # the syntax tree only
            except Exception: return None
            if all(type(s).__name__ == 'Expr' and type(s.value).__name__ == 'Constant' for s in tree.body):
                return 'the claim is empty, so nothing was checked', 1
            waiting = list(tree.body)
            while waiting:
                node = waiting.pop()
                if type(node).__name__ == 'Assert' and type(node.test).__name__ == 'Tuple' and node.test.elts:
                    return f'line {node.lineno} asserts a tuple, which is always true; remove the parentheses', node.lineno
                for field in node._fields:
                    part = getattr(node, field, None)
                    for item in part if isinstance(part, list) else [part]:
                        if hasattr(item, '_fields'): waiting.append(item)
            return None

        def failure(e):
            line = None
            if isinstance(e, SyntaxError): line = e.lineno
            step = e.__traceback__
            while step is not None and line is None:
                if step.tb_frame.f_code.co_filename == '<string>': line = step.tb_lineno
                step = step.tb_next
            return {'type': type(e).__name__, 'message': said(e), 'line': line}

        card = {}
        sys.meta_path.append(stand_ins(card))

        resolved = {}
        row = {}
        progress = [0, {}]

        def begin_block(number):
            answers.write(f'>{number}\n')
            answers.flush()

        def symbols():
            return [[n, told(resolved[n]), is_simple(resolved[n])] for n in card['names'] if n in resolved]

        def go_on():
            order = card['order']
            given = progress[1]
            while progress[0] < len(order):
                number = progress[0]
                name = order[number]
                symbol = card['symbols'][name]
                if name in given:
                    resolved[name] = decode(given[name])
                elif 'value' in symbol:
                    resolved[name] = decode(symbol['value'])
                elif 'python' in symbol:
                    begin_block(number)
                    context = dict(resolved)
                    try:
                        exec(code(symbol['python']), context)
                        if name not in context: raise Mismatch(f'the code does not assign {name}')
                        if symbol.get('type') is not None: check_type(symbol['type'], context[name])
                    except BaseException as e:
                        return {'failed': name, 'error': failure(e), 'symbols': symbols()}
                    resolved[name] = context[name]
                else:
                    return {'need': name, 'symbols': symbols()}
                progress[0] += 1
            if 'claim' not in card: return {'symbols': symbols()}
            begin_block(len(order))
            context = {n: resolved[n] for n in card['names']}
            read = set()
            if row:
                roots, nodes, read = row_views(row)
                context = {**nodes, **context, **roots}
            error = None
            try:
                if card['vacuous']:
                    raise Mismatch(card['vacuous'][0])
                exec(code(card['claim']), context)
                status, output = 'VERIFIED', 'Assertion holds'
            except AssertionError as e:
                status, output = 'FALSIFIED', f'Assertion does not hold: {said(e)}'
            except NameError as e:
                status, output, error = 'INCONCLUSIVE', f'SymbolNotResolved: {said(e)}', failure(e)
            except Mismatch as e:
                status, output = 'INCONCLUSIVE', f'ERROR evaluating claim: {said(e)}'
                error = {'type': 'Vacuous', 'message': said(e), 'line': card['vacuous'][1]}
            except Exception as e:
                status, output, error = 'INCONCLUSIVE', f'ERROR evaluating claim: {said(e)}', failure(e)
            except BaseException as e:
                status, output, error = 'INCONCLUSIVE', f'ERROR evaluating claim: {type(e).__name__}: {said(e)}', failure(e)
            return {'status': status, 'output': output, 'error': error, 'symbols': symbols(), 'consumed': sorted(read)}

        def answer(q):
            op = q['op']
            if op == 'card':
                card.clear()
                card.update(q['card'])
                card['vacuous'] = nothing_checked(card['claim']) if 'claim' in card else None
                return {'contract': '1', 'python': sys.version.split()[0]}
            if op == 'setting':
                resolved.clear()
                progress[:] = [0, dict(q['values'])]
                row.clear()
                row.update((name, decode(value)) for name, value in q.get('row', ()))
                return go_on()
            if op == 'resume':
                progress[1].update(q['values'])
                return go_on()
            if op == 'theory': return theory(q['files'], said)
            if op == 'check':
                import warnings
                faults = []
                for number, (text, is_claim) in enumerate(q['blocks']):
                    with warnings.catch_warnings():
                        warnings.simplefilter('ignore')
                        try: compile(text, '<string>', 'exec', dont_inherit=True, optimize=0)
                        except Exception as e:
                            faults.append([number, failure(e)['line'], getattr(e, 'msg', None) or said(e)])
                            continue
                        vacuous = nothing_checked(text) if is_claim else None
                        if vacuous: faults.append([number, vacuous[1], vacuous[0]])
                return {'faults': faults}
            raise ValueError(op)

        for line in requests:
            q = loads(line)
            try: a = answer(q)
            except Exception as e: a = {'fault': f'{type(e).__name__}: {said(e)}'}
            try: sys.stdout.flush()
            except BaseException: pass
            try: sys.stderr.flush()
            except BaseException: pass
            answers.write(dumps(a) + '\n')
            answers.flush()
        os._exit(0)     # neither threads nor exit handlers of the card keep it alive
    """#
}
