"""What a prompt asks for: the kind of scene, the hour, the weather and what moves in it."""

import hashlib
import re
from dataclasses import dataclass

KINDS = {
    "sea": "sea ocean boat ship sail sailing wave water harbour harbor beach coast lake river fish whale "
    "island shore bay pier yacht dolphin surf canal venice fishing",
    "mountains": "mountain peak alp hill valley ridge cliff canyon rock glacier eagle summit himalaya "
    "volcano waterfall landscape climber",
    "street": "city street town neon alley road car tokyo umbrella market taxi train tram shop cafe window "
    "building skyscraper paris london york bridge crowd cyberpunk rain",
    "meadow": "field flower meadow grass garden horse farm wheat spring butterfly barn rabbit rose poppy "
    "lavender sunflower bee picnic cow sheep prairie village countryside",
    "dunes": "desert dune sand camel sahara mars pyramid caravan oasis arid nomad",
    "forest": "forest tree wood aurora cabin deer wolf owl campfire fox northern pine jungle woodland bear "
    "camp star fairy",
    "clouds": "cloud lighthouse sky tower castle heaven plane airship balloon dragon flying floating temple "
    "angel kite",
    "space": "space galaxy planet nebula astronaut rocket cosmos cosmic universe asteroid spaceship orbit "
    "saturn alien comet",
}
HOURS = {
    "dawn": "dawn sunrise morning daybreak",
    "day": "day noon midday sunny bright summer daylight blue",
    "golden": "golden gold afternoon warm autumn honey amber",
    "dusk": "dusk sunset evening twilight purple",
    "night": "night midnight moon moonlight moonlit star starry dark nocturnal neon aurora",
    "grey": "mist fog foggy misty haze storm stormy cloudy winter overcast grey gray",
}
ELEMENTS = {
    "rain": "rain rainy storm stormy wet drizzle downpour umbrella",
    "snow": "snow snowy winter snowing blizzard frost snowfall christmas",
    "birds": "bird gull seagull eagle swan flock crow raven goose geese",
    "boats": "boat ship sail sailing yacht fishing harbour harbor",
    "lanterns": "lantern festival candle fire campfire wish balloon",
    "motes": "firefly fireflies petal blossom butterfly magic fairy dust pollen spark ember bee",
    "aurora": "aurora northern borealis",
}
FEATURES = {"lighthouse": "lighthouse beacon tower", "cabin": "cabin house campfire camp hut fire"}


@dataclass(frozen=True)
class Wish:
    """A prompt, understood. `hour` is None when it names none; `key` tells prompts apart."""

    kind: str
    hour: str | None
    elements: tuple[str, ...]
    features: tuple[str, ...]
    key: int


def understand(prompt: str) -> Wish:
    """Reads the prompt's words; its hash decides whatever they leave open."""
    words = re.findall(r"[^\W\d_]+", prompt.lower())
    words += [word[:-1] for word in words if word.endswith("s")]
    key = int.from_bytes(hashlib.sha256(prompt.encode("utf-8", "replace")).digest()[:6], "big")
    return Wish(
        kind=_favourite(words, KINDS) or list(KINDS)[key % len(KINDS)],
        hour=_favourite(words, HOURS),
        elements=_mentioned(words, ELEMENTS),
        features=_mentioned(words, FEATURES),
        key=key,
    )


def _favourite(words: list[str], vocabulary: dict[str, str]) -> str | None:
    """The entry most words speak of, the first mentioned among equals; None when none is."""
    counts: dict[str, int] = {}
    meanings = {name: set(text.split()) for name, text in vocabulary.items()}
    for word in words:
        for name in (name for name, known in meanings.items() if word in known):
            counts[name] = counts.get(name, 0) + 1
    return max(counts, key=counts.__getitem__) if counts else None


def _mentioned(words: list[str], vocabulary: dict[str, str]) -> tuple[str, ...]:
    return tuple(name for name, text in vocabulary.items() if not set(words).isdisjoint(text.split()))
