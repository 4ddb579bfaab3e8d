/// The files of a predictor in Python: one with the standard library alone and one with pandas, which predict the
/// same.
struct PythonTemplate {
  /// The predictor's name: an identifier.
  let name: String
  let isOfInstances: Bool

  var files: [(path: String, text: String)] {
    [
      ("README.md", readme),
      ("\(name).py", isOfInstances ? Self.instances : Self.runs),
      ("\(name)_pandas.py", isOfInstances ? Self.instancesWithPandas : Self.runsWithPandas),
    ]
  }

  private var readme: String {
    let flag = isOfInstances ? " --instance" : ""
    return """
      # \(name)

      A predictor of benchmark results, for magnet: `\(name).py` needs Python 3 alone, `\(name)_pandas.py` does the
      same with pandas. Keep the one you like.

          magnet predict --exec "python3 \(name).py"\(flag) benchmark_output --seed 7 --errors

      magnet starts it once for each prediction, in a folder that holds `task.json` (what is asked), `train.sqlite` and
      `test.sqlite` (what is known, as tables; `train/` and `test/` have the same as CSV), and reads the predictions from
      the file that `task.json` names. magnet's article "Predictors in any language" is the contract. What it prints on
      standard error is shown when something goes wrong.

      """
  }

  private static let runs = #"""
    """Predicts each statistic of a run as its mean over the example runs."""
    import json
    import sqlite3
    import statistics

    with open("task.json") as file:
        task = json.load(file)
    train = sqlite3.connect("train.sqlite")

    with open(task["predictions"], "w") as predictions:
        for stat in task["stats"]:
            perturbation = stat["perturbation"] or {}
            rows = train.execute(
                """SELECT mean FROM scores WHERE mean IS NOT NULL AND metric = ? AND split IS ? AND sub_split IS ?
                   AND perturbation IS ? AND computed_on IS ? AND prob IS ?""",
                (stat["stat"], stat["split"], stat["sub_split"], perturbation.get("name"),
                 perturbation.get("computed_on"), perturbation.get("prob")))
            means = [mean for mean, in rows]
            if not means:
                continue
            mean = statistics.fmean(means)
            # Twice the deviation of the example runs: what the target run will hardly leave.
            margin = 2 * statistics.stdev(means) if len(means) > 1 else None
            for run in task["runs"]:
                prediction = {**stat, "run": run, "mean": mean}
                if margin is not None:
                    prediction.update(lower=mean - margin, upper=mean + margin)
                print(json.dumps(prediction), file=predictions)

    """#

  private static let runsWithPandas = #"""
    """Predicts each statistic of a run as its mean over the example runs, with pandas."""
    import json

    import pandas as pd

    with open("task.json") as file:
        task = json.load(file)
    columns = ["metric", "split", "sub_split", "perturbation", "computed_on", "prob"]
    scores = pd.read_csv("train/scores.csv").dropna(subset=["mean"])
    known = scores.groupby(columns, dropna=False)["mean"].agg(["mean", "std"]).reset_index()

    asked = pd.DataFrame(task["stats"])
    details = asked["perturbation"].map(lambda value: value or {})
    keys = pd.DataFrame({
        "metric": asked["stat"], "split": asked["split"], "sub_split": asked["sub_split"],
        "perturbation": details.map(lambda value: value.get("name")),
        "computed_on": details.map(lambda value: value.get("computed_on")),
        "prob": details.map(lambda value: value.get("prob")),
    })
    # A column without values has no type of its own: take those of the scores.
    keys = keys.astype({column: known[column].dtype for column in columns})
    found = keys.merge(known, on=columns, how="left")

    with open(task["predictions"], "w") as predictions:
        for stat, mean, deviation in zip(task["stats"], found["mean"], found["std"]):
            if pd.isna(mean):
                continue
            for run in task["runs"]:
                prediction = {**stat, "run": run, "mean": mean}
                if not pd.isna(deviation):
                    prediction.update(lower=mean - 2 * deviation, upper=mean + 2 * deviation)
                print(json.dumps(prediction), file=predictions)

    """#

  private static let instances = #"""
    """Predicts whether an instance is answered right: the share of the example runs that did."""
    import json
    import sqlite3

    with open("task.json") as file:
        task = json.load(file)
    train = sqlite3.connect("train.sqlite")
    test = sqlite3.connect("test.sqlite")

    where = "FROM instance_scores WHERE metric = 'exact_match' AND perturbation IS NULL"
    share = dict(train.execute(f"SELECT instance, avg(mean) {where} GROUP BY instance"))
    overall, = train.execute(f"SELECT avg(mean) {where}").fetchone()

    with open(task["predictions"], "w") as predictions:
        if overall is not None:
            for run, number, instance in test.execute("SELECT run, prediction_id, instance FROM instances"):
                # What no example run was asked gets the mean over all instances.
                mean = share.get(instance, overall)
                print(json.dumps({"run": run, "instance": number, "stat": "exact_match", "mean": mean}), file=predictions)

    """#

  private static let instancesWithPandas = #"""
    """Predicts whether an instance is answered right: the share of the example runs that did, with pandas."""
    import json

    import pandas as pd

    with open("task.json") as file:
        task = json.load(file)
    scores = pd.read_csv("train/instance_scores.csv")
    scores = scores[(scores["metric"] == "exact_match") & scores["perturbation"].isna()]
    requests = pd.read_csv("test/instances.csv")
    # What no example run was asked gets the mean over all instances.
    means = requests["instance"].map(scores.groupby("instance")["mean"].mean()).fillna(scores["mean"].mean())

    with open(task["predictions"], "w") as predictions:
        for run, number, mean in zip(requests["run"], requests["prediction_id"], means):
            if not pd.isna(mean):
                print(json.dumps({"run": run, "instance": number, "stat": "exact_match", "mean": mean}), file=predictions)

    """#
}
