"""`make pictures`: every screen in four themes at two widths, to be looked at; nothing of it is committed."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.pages.browser import phone
from tests.pages.demo import demo
from tests.pages.journeys import INSPECTOR
from tests.pages.screens import THEMES, go, preferences_of, screens, task_of

WIDTHS = (360, 768)
FOLDER = Path(".pictures")


def main() -> int:
    """Takes them all."""
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="ovpictures") as text,
        demo(Path(text)) as demo_,
        sync_playwright() as player,
        phone(player, Path(text) / "phone") as one,
    ):
        one.sign_on(demo_.link(INSPECTOR))
        task = task_of(one)
        for width in WIDTHS:
            one.page.set_viewport_size(
                {"width": width, "height": 740 if width == min(WIDTHS) else 1024}
            )
            for theme in THEMES:
                for name, (path, act) in screens(task).items():
                    one.prefer(**preferences_of(theme, 100))
                    go(one, demo_.address, path)
                    act(one.page)  # type: ignore[operator]  # one of the functions there
                    one.page.wait_for_timeout(250)
                    one.page.screenshot(path=str(FOLDER / f"{name}-{theme}-{width}.png"))
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
