/// What `magnet new examinee --python` writes: an examinee that works as it is.
struct PythonExamineeTemplate {
  let name: String

  /// The files by their paths in the new folder.
  var files: [(path: String, text: String)] { [("\(name).py", script), ("README.md", readme)] }

  private var script: String {
    #"""
    #!/usr/bin/env python3
    """\#(name): an examinee for `magnet judge run --exec`.

    At each timestep it asks the judge's humans what they prefer now, and lets magnet tune its model on the answers.
    Change `learn` to make it your own. Standard output is the channel to magnet: print for yourself to standard error.
    """

    import json
    import random
    import sys

    PROMPT = (
        "Below are a query and two responses to it. Decide which of the two you prefer, and answer with exactly "
        '"Response 1" or "Response 2".'
    )


    def ask(message):
        """Sends a line to magnet and returns the line it answers with."""
        print(json.dumps(message), flush=True)
        return json.loads(sys.stdin.readline() or '{"call": "close"}')


    def preferences(questions):
        """What humans prefer now: a list of {instruction, input, output: [liked, other]}.

        The questions and the order of their options are those of magnet's own examinees, the same at every timestep.
        """
        random.seed(42)
        asked = [questions[i] for i in random.sample(range(len(questions)), min(5000, len(questions)))]
        shown = [q["options"][:: 1 if random.randint(-1, 0) == 0 else -1] for q in asked]
        requests = [
            {
                "id": number,
                "instruction": PROMPT,
                "input": f'Query:\n"""{(q["instruction"] + chr(10) + q["input"]).strip()}"""\n\n'
                f'Response 1:\n"""{options[0]}"""\n\nResponse 2:\n"""{options[1]}"""',
                "options": options,
            }
            for number, (q, options) in enumerate(zip(asked, shown))
        ]
        found = []
        for answer in ask({"query": requests})["answers"]:
            question, options = asked[answer["id"]], shown[answer["id"]]
            said = answer.get("predict", "")
            if said in options:
                liked = options.index(said)
            elif ("1" in said) != ("2" in said):
                liked = 0 if "1" in said else 1
            else:
                continue  # cannot be read
            found.append(
                {
                    "instruction": question["instruction"],
                    "input": question["input"],
                    "output": [options[liked], options[1 - liked]],
                }
            )
        return found


    def learn(model, questions):
        """Returns the model after this timestep."""
        return ask({"tune": model, "stage": "dpo", "data": preferences(questions)})["model"]


    def main():
        message = json.loads(sys.stdin.readline())
        model, questions = message["model"], message["questions"]
        message = ask({"ready": "1"})
        while message["call"] == "step":
            model = learn(model, questions)
            message = ask({"yield": model})


    main()

    """#
  }

  private var readme: String {
    """
    # \(name)

    An examinee for `magnet judge`. Run it from the folder above:

        magnet judge run --exec "python3 \(name)/\(name).py" --challenges Follow --world linear

    `\(name).py` needs Python 3.8 or later, and nothing else. The article "Examinees in any language" in magnet's
    documentation describes the messages.

    """
  }
}
