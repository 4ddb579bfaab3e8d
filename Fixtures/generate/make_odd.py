#!/usr/bin/env python3
"""Makes Fixtures/odd: one very small run for each odd thing that HELM's files may hold, cut down from a run of
plain-v1. Nothing in them is a fault: all of it is read.

    make_odd.py

Needs nothing but Python. What it removes and writes is Fixtures/odd alone.
"""
import copy
import json
import shutil
from pathlib import Path

fixtures = Path(__file__).resolve().parent.parent
source = fixtures / "benchmark_output/runs/plain-v1/trivia:subject=capitals,model=acme_base"
target = fixtures / "odd"
lone = "\ud83d"  # the first half of a surrogate pair: Python writes it as \ud83d


def load(name):
    return json.loads((source / name).read_text())


def picked(value, *keys):
    return {key: value[key] for key in keys}


def stat(name, mean, **more):
    return {
        "name": {"name": name, "split": "valid"},
        "count": 1,
        "sum": mean,
        "sum_squared": mean * mean,
        "min": mean,
        "max": mean,
        "mean": mean,
        "variance": 0.0,
        "stddev": 0.0,
        **more,
    }


def small_run(case):
    """Two requests, two statistics, two bundles of two statistics."""
    spec, state = load("run_spec.json"), load("scenario_state.json")
    adapter = picked(spec["adapter_spec"], "method", "model", "model_deployment", "stop_sequences")
    requests = []
    for full in state["request_states"][:2]:
        instance = copy.deepcopy(full["instance"])
        instance["references"] = instance["references"][:2]
        requests.append(
            {
                "instance": instance,
                "train_trial_index": 0,
                "output_mapping": picked(full["output_mapping"], "A", "B"),
                "request": {**picked(full["request"], "model", "temperature"), "prompt": "Answer:"},
                "result": {
                    "success": True,
                    "completions": [{"text": " A", "logprob": -0.5}],
                    "request_time": 0.25,
                },
            }
        )
    bundles = [
        {
            "instance_id": request["instance"]["id"],
            "train_trial_index": 0,
            "stats": [stat("exact_match", number), stat("logprob", -0.5)],
        }
        for number, request in enumerate(requests)
    ]
    return {
        "run_spec.json": {
            "name": f"odd:case={case},model=acme_base",
            "scenario_spec": spec["scenario_spec"],
            "adapter_spec": adapter,
            "metric_specs": [],
            "groups": ["trivia"],
        },
        "scenario_state.json": {"adapter_spec": adapter, "request_states": requests},
        "stats.json": [stat("exact_match", 0.5), stat("logprob", -0.5)],
        "per_instance_stats.json": bundles,
    }


def odd(case, folder=None):
    """Writes a run whose files, a dictionary from names to JSON values or texts, the function below alters."""

    def write(change):
        files = small_run(case)
        change(files, files["scenario_state.json"]["request_states"], files["per_instance_stats.json"])
        path = target / (folder or case)
        for name, value in files.items():
            is_text = isinstance(value, (str, bytes))
            data = value if is_text else json.dumps(value).replace(", {", ",\n{") + "\n"
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data.encode() if isinstance(data, str) else data)

    return write


def nested(depth, innermost):
    value = innermost
    for level in range(depth, 0, -1):
        value = {"k": value} if level > 1 else {"k": value, "last": 1}
    return value


shutil.rmtree(target, ignore_errors=True)


@odd("non-finite")
def _(files, requests, bundles):
    nan, infinity = float("nan"), float("inf")
    files["stats.json"][0].update(sum=infinity, min=-infinity, mean=nan, variance=nan)
    bundles[1]["stats"][0].update(sum=nan, mean=nan)
    requests[0]["result"]["request_time"] = infinity
    requests[1]["result"]["completions"][0]["logprob"] = -infinity
    files["scenario_state.json"]["adapter_spec"]["temperature"] = nan


@odd("lone-surrogates")
def _(files, requests, bundles):
    requests[0]["request"]["prompt"] = f"a{lone}b\ude00 \U0001f600"
    requests[1]["result"]["completions"][0]["text"] = lone
    requests[1]["output_mapping"]["A"] = lone + "\U0001f600"
    files["stats.json"][1]["name"]["sub_split"] = "\udfff"


@odd("integer-ids")
def _(files, requests, bundles):
    requests[0]["instance"]["id"] = bundles[0]["instance_id"] = 17
    files["per_instance_stats.json"].append({**bundles[1], "instance_id": 12345678901234567890})
    requests.append(copy.deepcopy(requests[1]))
    requests[2]["instance"]["id"] = 12345678901234567890


@odd("helm-0.1")
def _(files, requests, bundles):
    instances = []
    for request in requests:
        instance = request["instance"]
        instance["input"] = instance["input"]["text"]
        for reference in instance["references"]:
            reference["output"] = reference["output"]["text"]
        instances.append(instance)
    del files["scenario_state.json"]["adapter_spec"]["model_deployment"]
    files["scenario_state_slim.json"] = {"adapter_spec": {}, "request_states": []}
    files["per_instance_stats_slim.json"] = []
    files["scenario.json"] = {"name": "trivia", "description": "", "tags": [], "instances": instances}


@odd("mixed-numbers")
def _(files, requests, bundles):
    files["stats.json"][0].update(count=1, sum=1, mean=2, min=0)
    files["stats.json"][1].update(count=3, sum=2.5, mean=2.0, min=0)
    bundles[0]["stats"][1].update(sum=1, mean=9007199254740993, count=1)
    bundles[1]["stats"][0].update(sum=2, mean=1, count=2.0)


@odd("count-zero")
def _(files, requests, bundles):
    empty = {"name": {"name": "bleu_4", "split": "test"}, "count": 0, "sum": 0, "sum_squared": 0}
    files["stats.json"].insert(1, empty)
    bundles[0]["stats"].append(empty)


@odd("duplicate-stats")
def _(files, requests, bundles):
    files["stats.json"].append(files["stats.json"][0])
    files["stats.json"].append(stat("exact_match", 0.75))


@odd("duplicate-keys")
def _(files, requests, bundles):
    name = '"name": {"name": "exact_match", "split": "valid"}'
    files["stats.json"] = """[
      {"name": 7, "name": {"name": "exact_match", "split": "test", "split": "valid"}, "mean": 1, "mean": 0.5},
      {"name": {"name": "a", "perturbation": {"name": "x", "prob": 1}, "perturbation": {"name": "y"}},
       "mean": null, "mean": 3, "sum": 2, "sum": null,
       "extra": {"k": 1}, "extra": 5, "more": 6, "more": {"k": 2}}
    ]"""
    files["per_instance_stats.json"] = f"""[
      {{"instance_id": "id1", "train_trial_index": 2, "stats": [{{{name}}}], "instance_id": "id2",
        "stats": [{{{name}, "mean": 0.25}}, {{{name}, "mean": 0.75}}]}},
      {{"train_trial_index": null, "train_trial_index": 3,
        "note": 1, "note": "text", "gone": "x", "gone": null,
        "stats": [{{{name}, "mean": 1.5}}, {{{name}, "mean": 2.5}}, {{{name}}}]}}
    ]"""
    state = files["scenario_state.json"]
    text = json.dumps(state)
    text = text.replace('"prompt": "Answer:"', '"prompt": "Question:", "prompt": "Answer:"')
    text = text.replace('"success": true', '"completions": {"A": 1}, "success": false, "success": true')
    files["scenario_state.json"] = '{"adapter_spec": {"method": "x", "old": 1},\n' + text[1:]


@odd("several-bundles")
def _(files, requests, bundles):
    again = {**bundles[0], "stats": [stat("exact_match", 1), stat("exact_match", 0), stat("bleu_4", 0.125)]}
    trial = {**bundles[0], "train_trial_index": 1}
    nothing = {**bundles[0], "stats": []}
    files["per_instance_stats.json"] = [bundles[0], nothing, again, bundles[1], trial]


@odd("references-and-modes")
def _(files, requests, bundles):
    state = files["scenario_state.json"]
    state["adapter_spec"]["method"] = "multiple_choice_separate_calibrated"
    state["request_states"] = []
    for request in requests:
        del request["output_mapping"]
        for index in range(2):
            for mode in ["original", "calibration"]:
                state["request_states"].append({**request, "reference_index": index, "request_mode": mode})
    result = {"success": False, "error": "timeout", "error_flags": {"is_retriable": None, "is_fatal": False}}
    state["request_states"][3] = {**state["request_states"][3], "result": result}


@odd("maps")
def _(files, requests, bundles):
    letters = [chr(ord("A") + number) for number in range(20)]
    requests[0]["output_mapping"] = {letter: f"answer {letter}" for letter in letters}
    letters = letters[10:] + ["no.ne", "ü", ""]
    requests[1]["output_mapping"] = {letter: f"other {letter}" for letter in letters}
    requests[0]["annotations"] = {"judge": [{"score": 1, "why": "right"}], "empty": {}}
    requests[1]["annotations"] = {"judge": {"score": 0.5}, "empty": []}
    args = {"subject": "capitals", "n": 3, "share": 0.5, "flag": True, "list": [1, 2.0, "3"], "none": None}
    files["run_spec.json"]["scenario_spec"]["args"] = args


@odd("deep")
def _(files, requests, bundles):
    lists = "end"
    for _ in range(400):
        lists = [lists]
    requests[0]["instance"]["extra_data"] = nested(400, "end")
    requests[1]["instance"]["extra_data"] = {"lists": lists}


@odd("names", folder="odd case:method=a b,at=x@1+y,umlaut=ü,model=東京_gpt@2,stop=none")
def _(files, requests, bundles):
    files["run_spec.json"]["name"] = "odd case:method=a b,at=x@1+y,umlaut=ü,model=東京_gpt@2,stop=none"
    files["run_spec.json"]["adapter_spec"]["model"] = "東京/gpt@2"


@odd("other-files")
def _(files, requests, bundles):
    files["stats.json.bak"] = "[{]"
    files["notes.txt"] = "none of HELM's"
    files["instances.json"] = "[{]"
    files["annotator_output/cache.json"] = "[{]"
    files[".hidden"] = "\0"


@odd("unknown-keys")
def _(files, requests, bundles):
    news = {"new_text": "t", "new_number": 1, "new_list": [], "new_object": {}, "new_null": None}
    news["new_tree"] = {"a": {"b": [1, {"c": None}]}}
    files["run_spec.json"].update(news)
    files["scenario_state.json"].update(news)
    requests[1].update(news)
    files["stats.json"][1].update(news)
    files["stats.json"][1]["name"]["perturbation"] = {"name": "mild", "source_class": "a", "seed": 3}
    bundles[1].update(news)
    bundles[0]["stats"][1].update(news)


@odd("mixed-kinds")
def _(files, requests, bundles):
    values = [1, "1", True, None, [1], {"a": 1}, 0.5, "", "null", "[2]", -3]
    files["stats.json"] = [stat(f"metric {n}", 0.5, odd=value) for n, value in enumerate(values)]
    bundles[0]["odd"] = "a"
    bundles[1]["odd"] = {"b": 1}
    requests[0]["instance"]["input"] = "text"


@odd("empty-lists")
def _(files, requests, bundles):
    files["scenario_state.json"]["request_states"] = []
    files["stats.json"] = []
    files["per_instance_stats.json"] = "[ ]\n"


@odd("byte-order-mark")
def _(files, requests, bundles):
    for name, value in files.items():
        files[name] = b"\xef\xbb\xbf" + json.dumps(value).replace(", ", ",\r\n").encode()


@odd("numbers")
def _(files, requests, bundles):
    texts = "0 -0 -0.0 1e-320 5e-324 1.7976931348623157e308 0.30000000000000004 1E2 9007199254740993".split()
    texts += "9223372036854775807 9223372036854775808 18446744073709551615".split()
    texts += ["123456789012345678901234567890"]
    rows = [f'{{"name": {{"name": "n{n}"}}, "mean": {text}, "list": [{text}]}}' for n, text in enumerate(texts)]
    stats = files["stats.json"] = "[" + ",\n".join(rows) + "]"
    # The same beside a NaN, which another parser reads.
    again = ", ".join(texts + ["NaN", "1e400"])
    files["per_instance_stats.json"] = f'[{{"instance_id": "a", "list": [{again}], "stats": {stats}}}]'


@odd("texts")
def _(files, requests, bundles):
    odd_text = "quote \" backslash \\ slash / bell \b feed \f lines \n\r\n tab \t nul \0 brackets ]},[{: "
    odd_text += "\u00e9 e\u0301 \U0001f600 \u2028"
    requests[0]["request"]["prompt"] = odd_text
    requests[0]["result"]["completions"][0]["text"] = odd_text
    requests[1]["instance"]["extra_data"] = {odd_text: 1, "": 2, "a.b": 3, "a": {"c": 4, "": {"": 5}}}
    files["stats.json"][0]["name"]["name"] = odd_text
    bundles[1]["instance_id"] = odd_text
    files["scenario_state.json"] = json.dumps(files["scenario_state.json"], ensure_ascii=False)
