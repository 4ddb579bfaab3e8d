"""Writes what Python says of YAML texts, orders of symbols and hashes, for the tests of cards:
expected/card_yaml.json, expected/card_orders.json and expected/card_values.json.

Needs PyYAML 6.0.3 and ubelt 1.4.3. usage: write_cards.py
"""
import datetime
import graphlib
import json
import math
import pathlib
import random

import ubelt
import yaml

expected = pathlib.Path(__file__).resolve().parent.parent / "expected"


def encode(x):
    """A value with its type, as the child process of cards sends it."""
    if x is None:
        return ["n"]
    if isinstance(x, bool):
        return ["b", x]
    if isinstance(x, int):
        return ["i", str(x)]
    if isinstance(x, float):
        return ["f", repr(x)]
    if isinstance(x, str):
        return ["s", x]
    if isinstance(x, list):
        return ["l", [encode(e) for e in x]]
    if isinstance(x, tuple):
        return ["u", [encode(e) for e in x]]
    if isinstance(x, dict):
        return ["d", [[encode(a), encode(b)] for a, b in x.items()]]
    if isinstance(x, (datetime.date, datetime.datetime)):
        return ["t", x.isoformat()]
    raise TypeError(type(x))


SCALARS = """1e-3|1.0e-3|1.e3|1e5|1.0e5|1.0e+5|1E5|1.5E+10|1.5e-400|1.0e+400|.5|-.5|+.5|5.|.5e+2|.|..|-|+|+1|-0|-0.0|0|00|010
0o10|08|019|0_7|0x1F|0x|0xfg|-0x1f|0b101|0b|-0b11|1_000|1_000.5|_1|1_|12:30|12:30:45|1:2.5|190:20:30.15|-1:30|1:60|1:5:
yes|Yes|YES|yEs|y|Y|on|On|off|OFF|NO|no|true|TRUE|True|tRUE|~|null|NULL|Null|nULL|.inf|-.inf|+.inf|.Inf|.INF|.iNf|inf|.nan|.NaN
.NAN|-.nan|nan|NaN|2024-05-06|2024-02-29|2023-02-29|2024-13-01|2024-05-06T07:08:09|2024-05-06 07:08:09|2024-05-06t7:08:09Z
2024-05-06 07:08:09.5 +2|2024-05-06 07:08:09.1234567 -03:30|2024-05-06 7:08|2024-5-6|2024-5-6 7:08:09|2024-05-06  07:08:09|=
<<|"1"|'yes'|!!str 1|!!int "1"|!!int "x"|!!float 1|!!float "1e5"|!!bool "yes"|!!bool "maybe"|!!null x|!custom x|! 1|1.|1..2|1-2
0.1|1.10|123456789012345678901234567890|-9223372036854775809|9223372036854775808|0xFFFFFFFFFFFFFFFFFF|1.7976931348623157e+400
{}|[]|[1, a, null]|{a: 1, a: 2}|{1: x, 1.5: y, true: z, null: w}|{1: x, 1.0: y, true: z}|? [1, 2]|? {a: 1}|&a [1, *a]|*x
{<<: {a: 1}, b: 2}|{a: 3, <<: {a: 1}, b: 2}|{<<: [{a: 1, b: 2}, {a: 3, c: 4}], c: 5}|{<<: 3}|{<<: [3]}|{=: 1}|a: b: c|a: |- |--- 1
a: !!binary aGVsbG8=|a: !!set {x, y}|a: !!omap [x: 1]|a: !!python/object:os.system x|@x|`x|"\\u00e9\\x41\\n"|'it''s'|# only a comment
a # not|a#b|http://x:80/y|foo: bar #c|{a: [1, {b: ~}], 'c': "d"}|!!map {a: 1}|!!seq [1]|!!seq {a: 1}|{2024-05-06: x}|[a, b|{a: 1|%YAML
"a|a: 'b|%TAG ! x|[&x 1, *x, *x]|{a: &x {b: 1}, c: *x, d: {<<: *x, e: 2}}""".replace("\n", "|").split("|")
TEXTS = [
    "", "\n", "a: 1\nb: 2\n", "a:\n- 1\n- 2\n", "\ta", "a: |\n  x\n  y\n", "a: >\n  x\n  y\n\n  z\n", "a: |-\n  x\n", "a: |+\n  x\n\n",
    "a: \"x\n  y\"", "a: 'x\n\n  y'", "a: x\n  y", "---\na\n---\nb\n", "---\na\n...\n", "a: 1\n b: 2\n", "a: [1,\n 2]", "a:\n  - b: 1\n    c: 2\n",
    "a: &x\n  k: 1\nb:\n  <<: *x\n  k: 2\n", "\ufeffa: 1", "a: \u2028x", "é: ü", "a: \x07", "k: v\r\nl: w\r\n", "- - - 1\n", "a: |2\n   x\n",
]


def yaml_cases():
    cases = []
    for text in SCALARS + TEXTS:
        try:
            value = encode(yaml.safe_load(text))
        except (yaml.YAMLError, ValueError, TypeError, KeyError, IndexError, RecursionError):
            value = None
        cases.append([text, value])
    return cases


def order_cases():
    rng = random.Random(7)
    cases = []
    for _ in range(500):
        names = [f"s{i}" for i in range(rng.randint(1, 9))]
        rng.shuffle(names)
        graph = {}
        for i, name in enumerate(names):
            pool = names[:i] if rng.random() < 0.9 else names
            graph[name] = [rng.choice(pool) for _ in range(rng.randint(0, min(3, len(pool))))]
        keys = list(graph)
        rng.shuffle(keys)
        graph = {k: graph[k] for k in keys}
        try:
            order = list(graphlib.TopologicalSorter(graph).static_order())
        except graphlib.CycleError:
            order = None
        cases.append([[[k, v] for k, v in graph.items()], order])
    return cases


VALUES = [
    None, True, False, 0, 1, -1, 127, 128, 255, 256, -128, -129, 2**31, 2**63, -(2**63), 2**64 - 1, 2**70, -(2**70) + 1, 10**300,
    0.0, -0.0, 1.0, 0.1, -1.5, 1e-7, 1e-5, 0.0001, 1e15, 1e16, 123456789.123, 5e-324, 1.7976931348623157e308, math.inf, -math.inf,
    math.nan, "", "ü", "it's", 'say "x"', "both ' and \"", "a\nb\tc\\d\re\x7f\u200b\u2028\U0001f600\x00", [], {}, [[]], [[], []], [1],
    [1, [2], [3], 4], (1,), (), (1, 2), {"a": []}, {"b": {"a": [1.5, "x", None]}, "a": 1}, [{"a": 1}, [2], 3], ((1,), 2), {2: "b", 1: "a"},
    {"Z": 1, "a": 2, "ä": 3}, {1.5: True}, [True, None, 0.5, "x"], 9007199254740993, 2.5e-10, 100000.0, 1e22, 1.5e300,
    datetime.date(2024, 5, 6), datetime.date(2023, 12, 31), {"d": datetime.date(2000, 2, 29)}, {"t": datetime.datetime(2024, 3, 1, 7, 8, 9)},
]

if __name__ == "__main__":
    def write(name, value):
        (expected / name).write_text("[\n" + ",\n".join(json.dumps(item) for item in value) + "\n]\n")

    write("card_yaml.json", yaml_cases())
    write("card_orders.json", order_cases())
    write("card_values.json", [[encode(v), repr(v), ubelt.hash_data(v)] for v in VALUES])
