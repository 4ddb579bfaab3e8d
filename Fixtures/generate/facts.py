"""The facts which the fixtures' questions are made from.

Many questions have words of HELM's list of common misspellings (capital, largest, Wednesday, temperature ...), so that
the perturbation has something to misspell.
"""

from dataclasses import dataclass
from typing import Tuple


@dataclass(frozen=True)
class Fact:
    subject: str
    question: str
    answer: str
    wrong: Tuple[str, ...] = ()
    """The other choices; without them, three other answers of the subject are taken."""


_CAPITALS = [
    ("What is the capital of France?", "Paris"),
    ("Which city is the capital of Japan?", "Tokyo"),
    ("What is the capital of Egypt?", "Cairo"),
    ("Which city is the capital of Peru?", "Lima"),
    ("Which city is the official capital of Australia?", "Canberra"),
    ("What is the capital of Belgium?", "Brussels"),
    ("Which city is the capital of Britain and the seat of its government?", "London"),
    ("What is the capital of Guatemala, the country?", "Guatemala City"),
    ("Which capital lies on the coast of Libya?", "Tripoli"),
    ("What is the official capital of Morocco?", "Rabat"),
    ("Which city is the capital of the Philippines?", "Manila"),
    ("Which Mediterranean island country has the capital Valletta?", "Malta"),
    ("Which Spanish-speaking Caribbean country has the capital \"La Habana\"?", "Cuba"),
    ("What is the Portuguese-speaking capital of Brazil, the largest country of South America?", "Brasília"),
    ("What is the northernmost capital of a European republic?", "Reykjavík"),
    ("Which capital has the highest altitude of any seat of government?", "La Paz"),
    ("Which city is the capital of Cameroon, its second largest by population?", "Yaoundé"),
    ("What is the capital of the country with the largest population in Africa?", "Abuja"),
    ("Which city has the parliament of the southern neighbor of the United States?", "Mexico City"),
    ("What is the capital of Canada, where the language is English or French?", "Ottawa"),
    ("Which capital lies between the mountains and the coast of Venezuela?", "Caracas"),
    ("Which capital stands on the peninsula of Cap-Vert, Senegal?", "Dakar"),
    ("Which city was the first capital of the Turkish republic?", "Ankara"),
    ("Which European capital, the largest by population, lies in Russia?", "Moscow"),
]

_MARINE = [
    ("Which animal is the largest fish?", "Whale shark"),
    ("How many arms does an octopus have?", "Eight"),
    ("Which animal builds coral reefs?", "Polyp"),
    ("What do sea urchins eat?", "Kelp"),
    ("Which species is the largest and heaviest mammal of the sea?", "Blue whale"),
    ("Which animal has eight arms and no tentacles? 🐙", "Octopus"),
    ("Which organism forms colonies that build the largest reefs?", "Coral"),
    ("What is the skeleton of a shark made of, cartilage or another material?", "Cartilage"),
    ("Which marine tortoise relative is the heaviest?", "Leatherback"),
    ("Which species changes its camouflage with pigment cells in the surface of its skin?", "Cuttlefish"),
    ("Which venomous fish uses camouflage and looks like a rock?", "Stonefish"),
    ("Which family of fish has mackerel and the largest bluefin species?", "Tuna"),
    ("Which parasitic species replaces the tongue of a fish?", "Tongue-eating louse"),
    ("Which creature has five-fold symmetry and pushes its stomach out to eat mussels?", "Starfish"),
    ("What gas do gills take from water at low temperature, oxygen or nitrogen?", "Oxygen"),
    ("Which chemical makes a jellyfish of the species Aequorea glow green at its surface?", "GFP"),
    ("Which eels give a shock with electric muscles, and are no true eels?", "Electric eels"),
    ("Which colony of tiny animals is a siphonophore with venomous tentacles?", "Man o' war"),
    ("Which mammal known for its intelligence uses sound between clicks to find fish?", "Dolphin"),
    ("Which species has tentacles with the greatest length, over thirty meters?", "Lion's mane jellyfish"),
    ("Which organism on the surface produces about half of the oxygen?", "Phytoplankton"),
    ("Which species of fish has males that carry the eggs before they hatch?", "Seahorse"),
    ("Which mammal uses its tongue and muscles to suck mussels from their shells?", "Walrus"),
    ("Which animal with the heaviest eyes lives at low temperature, deep below the surface?", "Colossal squid"),
]

_CALENDAR = [
    ("How many days are in a week?", "7", ("5", "6")),
    ("Which day follows Monday?", "Tuesday", ("Sunday", "Friday", "Thursday")),
    ("How many months are in a year?", "12", ("10", "13")),
    ("Which month is the sixth?", "June", ("May", "July", "August")),
    ("Which day is immediately before Wednesday?", "Tuesday", ("Monday", "Thursday", "Friday", "Sunday")),
    ("Which day is the last before Sunday, following Friday?", "Saturday", ("Monday", "Thursday")),
    ("Which is the first month of the calendar year?", "January", ("March", "April", "December")),
    ("Which month has its length changed every fourth year?", "February", ("March", "June", "December")),
    ("Which month is the eighth of the calendar?", "August", ("July", "September", "October")),
    ("Which month is the twelfth and last?", "December", ("October", "November")),
    ("Which month is between October and December?", "November", ("September", "January", "August", "July")),
    ("How many years are in a century divided by four?", "25", ("20", "50", "40", "100")),
    ("How many years are in a millennium?", "1000", ("100", "500")),
    ("How many hours are in a day, double the hours of a clock?", "24", ("12", "48", "36")),
    ("What is forty multiplied by two?", "80", ("60", "20", "42")),
    ("What is ninety divided by three?", "30", ("27", "33", "87", "93")),
    ("What is left when you subtract forty from ninety?", "50", ("40", "130")),
    ("Which ruler gave the calendar its July, Caesar or Nero?", "Caesar", ("Nero", "Augustus", "Hadrian")),
    ("What is the third day, following the beginning of the week on Monday?", "Wednesday", ("Tuesday", "Saturday")),
    ("In which century was the year 1850?", "Nineteenth", ("Eighteenth", "Twentieth", "Ninth")),
    ("Which month is immediately following August?", "September", ("July", "October", "November", "June")),
    ("What is the ninth part of ninety?", "10", ("9", "81")),
]

FACTS = [
    *(Fact("capitals", *fact) for fact in _CAPITALS),
    *(Fact("marine_biology", *fact) for fact in _MARINE),
    *(Fact("calendar", *fact) for fact in _CALENDAR),
]

SUBJECTS = tuple(dict.fromkeys(fact.subject for fact in FACTS))
