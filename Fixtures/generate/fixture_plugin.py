"""A HELM plugin: a trivia scenario and four small models, all of them deterministic.

The scenario asks multiple-choice questions about the facts in `facts.py`. The models answer by recall: a model knows
a fixed share of the facts, and recognises a fact by the words of the question. A misspelled word is a word it does
not recognise, so accuracy falls as misspellings get more frequent: no answer is scripted.
"""

import hashlib
import re
from typing import Dict, FrozenSet, List, Optional

from helm.benchmark.adaptation.common_adapter_specs import get_multiple_choice_joint_adapter_spec
from helm.benchmark.metrics.common_metric_specs import get_basic_metric_specs
from helm.benchmark.run_spec import RunSpec, run_spec_function
from helm.benchmark.scenarios.scenario import (
    CORRECT_TAG,
    TEST_SPLIT,
    TRAIN_SPLIT,
    VALID_SPLIT,
    Input,
    Instance,
    Output,
    Reference,
    Scenario,
    ScenarioSpec,
)
from helm.clients.client import Client
from helm.common.request import GeneratedOutput, Request, RequestResult, Token

from facts import FACTS, SUBJECTS, Fact

TRAIN_FACTS = 4
"""The first facts of a subject are examples in the prompt; the others are asked."""

STOP_WORDS = frozenset("a an and are as at by for from has have how in is it its of on or than that the to what "
                       "which who with".split())


def fraction(*key: object) -> float:
    """A number in [0, 1) which depends on nothing but `key`."""
    digest = hashlib.sha256("\x1f".join(map(str, key)).encode("utf-8")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def cues(text: str) -> FrozenSet[str]:
    """The words by which a model recognises a question."""
    return frozenset(word for word in re.findall(r"\w+", text.lower()) if word not in STOP_WORDS)


class TriviaScenario(Scenario):
    """Multiple-choice questions about small, well-known facts."""

    name = "trivia"
    description = "Multiple-choice questions about small, well-known facts."
    tags = ["knowledge", "multiple_choice"]

    def __init__(self, subject: str):
        super().__init__()
        if subject not in SUBJECTS:
            raise ValueError(f"no such subject: {subject}")
        self.subject = subject

    def __post_init__(self) -> None:
        # HELM would write the path of this file on the machine that ran it.
        self.definition_path = "Fixtures/generate/fixture_plugin.py"

    def get_instances(self, output_path: str) -> List[Instance]:
        facts = [fact for fact in FACTS if fact.subject == self.subject]
        return [self._instance(fact, facts, number) for number, fact in enumerate(facts)]

    def _instance(self, fact: Fact, facts: List[Fact], number: int) -> Instance:
        choices = [fact.answer, *self._wrong_answers(fact, facts)]
        choices.sort(key=lambda choice: fraction("order", fact.question, choice))
        references = [
            Reference(Output(text=choice), tags=[CORRECT_TAG] if choice == fact.answer else []) for choice in choices
        ]
        return Instance(Input(text=fact.question), references=references, split=self._split(number))

    def _wrong_answers(self, fact: Fact, facts: List[Fact]) -> List[str]:
        if fact.wrong:
            return list(fact.wrong)
        others = sorted(
            {other.answer for other in facts} - {fact.answer}, key=lambda choice: fraction(fact.question, choice)
        )
        return others[:3]

    def _split(self, number: int) -> str:
        if number < TRAIN_FACTS:
            return TRAIN_SPLIT
        # The calendar is evaluated on two splits, the other subjects on one.
        if self.subject == "calendar" and number % 3 == 0:
            return TEST_SPLIT
        return VALID_SPLIT


@run_spec_function("trivia")
def get_trivia_spec(subject: str) -> RunSpec:
    return RunSpec(
        name=f"trivia:subject={subject}",
        scenario_spec=ScenarioSpec(class_name="fixture_plugin.TriviaScenario", args={"subject": subject}),
        adapter_spec=get_multiple_choice_joint_adapter_spec(
            instructions=f"Questions about {subject.replace('_', ' ')}.",
            input_noun="Question",
            output_noun="Answer",
            num_outputs=1,
            max_tokens=5,
            max_train_instances=2,
        ),
        metric_specs=get_basic_metric_specs(["exact_match", "quasi_exact_match"]),
        groups=["trivia", f"trivia_{subject}"],
    )


class RecallClient(Client):
    """A model that answers what it knows, if it recognises the question.

    `knows` is the share of all facts which the model knows. `needs` is the share of a fact's words which it has to
    read to recognise it. Otherwise it guesses; a `shy` model sometimes says nothing instead.
    """

    def __init__(self, knows: float, needs: float, shy: bool = False):
        self.knows = knows
        self.needs = needs
        self.shy = shy
        self.answers: Dict[FrozenSet[str], str] = {cues(fact.question): fact.answer for fact in FACTS}

    def make_request(self, request: Request) -> RequestResult:
        question, choices = self._read(request.prompt)
        key = (request.model, question, *choices.values())
        letter = self._recalled(request.model, question, choices) or self._guessed(key, choices)
        text = f" {letter}" if letter else ""
        logprob = -fraction("logprob", *key)
        completion = GeneratedOutput(
            text=text,
            logprob=logprob,
            tokens=[Token(text=text, logprob=logprob)] if text else [],
            finish_reason={"reason": "stop"},
        )
        return RequestResult(
            success=True,
            cached=False,
            embedding=[],
            completions=[completion],
            # Not measured, so that what HELM writes is the same on every machine.
            request_time=0.05 * fraction("time", request.model, request.prompt),
            request_datetime=1735689600,
        )

    def _read(self, prompt: str) -> "tuple[str, Dict[str, str]]":
        question, *lines = prompt.rsplit("Question: ", 1)[1].splitlines()
        return question, {line[0]: line[3:] for line in lines if re.match(r"[A-Z]\. ", line)}

    def _recalled(self, model: str, question: str, choices: Dict[str, str]) -> Optional[str]:
        words = cues(question)
        fact = max(self.answers, key=lambda fact: (len(fact & words) / len(fact), sorted(fact)))
        recognised = len(fact & words) >= self.needs * len(fact)
        answer = self.answers[fact]
        if not recognised or fraction("knows", model, *sorted(fact)) >= self.knows:
            return None
        return next((letter for letter, choice in choices.items() if choice == answer), None)

    def _guessed(self, key: tuple, choices: Dict[str, str]) -> Optional[str]:
        if self.shy and fraction("shy", *key) < 0.2:
            return None
        return sorted(choices)[int(fraction("guess", *key) * len(choices))]
