"""The officer's page in the other engine (WebKitGTK by Debian's driver): a check, reading without a network, a record that is sent later.

Wants `apt-get install webkit2gtk-driver xvfb`; ends with 2 where they are missing.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

from tests.campaigns import stage
from tests.pages.demo import BUSINESS, Demo, demo
from tests.pages.deploy import Front, front
from tests.pages.journeys import INSPECTOR, NAME

_SECONDS = 20
_DISPLAYS = range(90, 190)


@contextmanager
def screen() -> Iterator[str]:
    """A display of this run's own, that nobody sees."""
    for number in _DISPLAYS:
        if Path(f"/tmp/.X{number}-lock").exists():
            continue
        process = subprocess.Popen(
            ["Xvfb", f":{number}", "-screen", "0", "420x900x24", "-nolisten", "tcp"],
            stderr=subprocess.DEVNULL,
        )
        try:
            until = time.monotonic() + 10
            while not Path(f"/tmp/.X11-unix/X{number}").exists():
                if time.monotonic() > until or process.poll() is not None:
                    raise RuntimeError("no display")
                time.sleep(0.05)
            yield f":{number}"
        finally:
            process.terminate()
            process.wait(timeout=10)
        return
    raise RuntimeError("no display is free")


@contextmanager
def browser(display: str, home: Path) -> Iterator[webdriver.WebKitGTK]:
    """MiniBrowser, whose stores lie in a folder of this run's own."""
    options = Options()
    options.binary_location = str(max(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser")))
    options.add_argument("--automation")
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "HOME"):
        os.environ[name] = str(home)
    os.environ |= {
        "DISPLAY": display,
        "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
        "GDK_BACKEND": "x11",
        "LIBGL_ALWAYS_SOFTWARE": "1",
    }
    driver = webdriver.WebKitGTK(options=options, service=Service("/usr/bin/WebKitWebDriver"))
    try:
        yield driver
    finally:
        driver.quit()


class Page:
    """What an officer sees and touches, by its words."""

    def __init__(self, driver: webdriver.WebKitGTK) -> None:
        self.driver = driver

    def find(self, xpath: str) -> WebElement:
        """The first one that is seen. Raises after twenty seconds."""

        def seen(driver: webdriver.WebKitGTK) -> WebElement | None:
            try:
                found = driver.find_elements(By.XPATH, xpath)
                return next((each for each in found if each.is_displayed()), None)
            except WebDriverException:  # drawn anew in the middle of it
                return None

        told: WebElement = WebDriverWait(self.driver, _SECONDS).until(seen, xpath)
        return told

    def text(self, words: str) -> WebElement:
        """An element whose own text holds these words."""
        return self.find(f"//*[text()[contains(., '{words}')]]")

    def press(self, name: str) -> None:
        """A button or link by the words on it."""
        xpath = f"//button[contains(normalize-space(.), '{name}')] | //a[contains(normalize-space(.), '{name}')]"
        self.driver.execute_script("arguments[0].click()", self.find(xpath))

    def open(self, address: str) -> None:
        """A screen, anew."""
        self.driver.get("about:blank")
        self.driver.get(address)

    def shows(self, xpath: str, what: str) -> None:
        """Fails with what was wanted, and the text of the screen."""
        try:
            self.find(xpath)
        except WebDriverException as error:
            told = self.driver.find_element(By.TAG_NAME, "body").text
            raise AssertionError(f"{what}; the screen says: {told[:600]}") from error


def checks(page: Page, server: Front, found: Demo) -> None:
    """Signs on by a link, asks for a business, sees three answers."""
    page.open(f"{server.address}/m/")
    page.find("//dialog")  # what is set before the page has begun is written over by it
    told = json.dumps(
        {"language": "zh", "size": 100, "theme": "light", "elder": False, "still": True}
    )
    page.driver.execute_script("localStorage.setItem('onevisit.preferences', arguments[0])", told)
    page.open(found.link(INSPECTOR).replace(found.address, server.address))
    page.find("//dialog//button[normalize-space(.)='登录']")
    page.driver.execute_script(
        "[...document.querySelectorAll('dialog button')].find((b) => b.textContent.trim() === '登录').click()"
    )
    page.text("我的检查任务")
    page.find("//input[@id='code']").send_keys(BUSINESS)
    page.press("查询")
    page.shows("//*[@data-question='registered'][@data-answer='yes']", "the first answer")
    page.shows("//h1//*[contains(., '" + NAME + "')]", "the name")
    page.shows("//*[contains(@class, 'progress')][contains(., '返回')]", "all departments")


def reads_offline(page: Page, server: Front) -> None:
    """The server is gone: the page opens, the copy is there with its age."""
    page.open(f"{server.address}/m/#/settings")
    page.shows("//*[contains(., '已就绪，无网络时可打开本页')]", "ready for offline")
    server.silent = True
    page.open(f"{server.address}/m/#/")
    page.press(NAME)
    page.shows("//*[contains(., '系统没有返回新的结果')]", "that it is a copy")
    page.shows("//*[@data-question='registered'][@data-answer='yes']", "the kept answer")


def records_and_sends(page: Page, server: Front) -> None:
    """A record made without a network is kept, and sent once there is one."""
    page.press("登记检查")
    page.find("//input[contains(@placeholder, '') and ancestor::form]")
    number = page.find(
        "//label[contains(., '姓名或执法证件号')]//input | //input[@aria-label='姓名或执法证件号']"
    )
    number.send_keys("ZJ-0002")
    page.press("添加此证件号")
    page.driver.execute_script("document.querySelector('form.visit input[type=radio]').click()")
    note = page.find("//label[contains(., '整体说明')]//textarea")
    note.send_keys("WebKit")
    page.press("完成并发送")
    page.shows("//*[@data-state='kept']", "that it is kept")
    server.silent = False
    page.press("立即发送")
    page.shows("//*[@data-state='received']", "the receipt")


def main() -> int:
    """Run and say how it ended."""
    if not (shutil.which("Xvfb") and shutil.which("WebKitWebDriver")):
        sys.stderr.write("Install them first: apt-get install webkit2gtk-driver xvfb\n")
        return 2
    done = []
    with (
        tempfile.TemporaryDirectory(prefix="ovwebkit") as text,
        demo(Path(text)) as found,
        front(found.address) as server,
        screen() as display,
        browser(display, Path(text) / "home") as driver,
    ):
        page = Page(driver)
        for name, act in (
            ("a check", lambda: checks(page, server, found)),
            ("reading without a network", lambda: reads_offline(page, server)),
            ("a record sent later", lambda: records_and_sends(page, server)),
        ):
            begun = time.monotonic()
            try:
                act()
            except (AssertionError, WebDriverException) as error:
                print(f"  ✘ {name}: {str(error)[:900]}", flush=True)
                break
            done.append(name)
            print(f"  ✔ {name} ({time.monotonic() - begun:.1f} s)", flush=True)
        version = driver.capabilities.get("browserVersion", "")
    return stage.verdict("webkit", len(done) == 3, journeys=len(done), version=version)


if __name__ == "__main__":
    sys.exit(main())
