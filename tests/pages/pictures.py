"""`make pictures`: every screen of the officer's page in four themes at two widths, the console's in two; to be looked at, nothing of it is committed."""

import itertools
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.pages.browser import phone
from tests.pages.console import WIDE, sign_on
from tests.pages.console_screens import OF_ROLES, settle
from tests.pages.demo import demo
from tests.pages.journeys import INSPECTOR
from tests.pages.screens import THEMES, go, preferences_of, screens, task_of

WIDTHS = (360, 768)
DESKS = ((1280, 900), (1920, 1080))
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
        for name, paths in OF_ROLES.items():
            with phone(player, Path(text) / name, **WIDE) as desk:
                sign_on(desk, demo_, name)
                for (width, height), theme in itertools.product(DESKS, ("light", "dark")):
                    desk.page.set_viewport_size({"width": width, "height": height})
                    desk.prefer(theme=theme)
                    for path in paths:
                        settle(desk, demo_, path)
                        bare = f"desk{path.partition('?')[0].replace('/', '-').replace('{', '').replace('}', '')}"
                        taken = FOLDER / f"{bare}-{name}-{theme}-{width}.png"
                        desk.page.screenshot(path=str(taken), full_page=True)
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
