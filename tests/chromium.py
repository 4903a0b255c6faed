"""A real browser for tests: Debian's chromium without a window, driven over its own driver.

Pages are opened from the file system, as people do. No name of a host is resolved, so that a page
that asks the network for anything shows it as a failed request.
"""

from __future__ import annotations

import base64
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from workflow.browser import axe

WIDTHS = (390, 768, 1280)
THEMES = ("light", "dark")
HEIGHT = 800
OF_COLOURS = ("color-contrast", "link-in-text-block")  # rules that a theme can break
LOCAL = ("file:", "data:", "blob:", "about:")
# what a person can reach with the key Tab; of a group of radio buttons that is the chosen one
REACHABLE = """
const css = 'a[href], button, input, select, textarea, summary, iframe, [tabindex]';
return [...document.querySelectorAll(css)].filter((element) =>
  element.tabIndex >= 0 && !element.disabled
  && element.checkVisibility({visibilityProperty: true})
  && !(element.type === 'radio' && element.name && !element.checked));
"""
WATCH_FOCUS = """
window.reached = new Set(); window.unmarked = new Set();
document.addEventListener('focusin', (event) => {
  const style = getComputedStyle(event.target);
  const marked = style.outlineStyle !== 'none' || style.boxShadow !== 'none';
  window.reached.add(event.target);
  if (!marked && event.target !== document.body) window.unmarked.add(event.target);
}, true);
"""
OUTLINED = "return arguments[0].map((element) => element.outerHTML.slice(0, 160));"
AXE_RUN = """
const done = arguments[arguments.length - 1];
const only = arguments[0].length ? {runOnly: {type: 'rule', values: arguments[0]}} : {};
axe.run(document, {resultTypes: ['violations'], ...only}).then((found) => done(found.violations),
  (error) => done([{id: String(error), impact: 'critical', help: '', nodes: []}]));
"""


class Browser:
    """One window of the browser, with what tests ask of a page that it shows."""

    def __init__(self, downloads: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = str(shutil.which("chromium"))
        # without its sandbox, since CI is root; /dev/shm is small in containers
        for word in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
            options.add_argument(f"--{word}")
        options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND")
        options.add_argument("--force-color-profile=srgb")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.downloads = downloads
        downloads.mkdir(parents=True, exist_ok=True)
        several = {"profile.default_content_setting_values.automatic_downloads": 1}
        prefs = {"download.default_directory": str(downloads), **several}
        options.add_experimental_option("prefs", prefs)
        service = Service(executable_path=str(shutil.which("chromedriver")))
        self.driver = webdriver.Chrome(options=options, service=service)
        self.driver.set_script_timeout(120)
        self.axe = axe()
        self.look(1280, "light")

    def look(self, width: int, theme: str = "light", media: str = "", height: int = HEIGHT) -> None:
        """Set the width of the window, the theme that the system asks for, and the medium."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        features = [{"name": "prefers-color-scheme", "value": theme}]
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"media": media, "features": features}
        )

    def open(self, page: Path, fragment: str = "") -> None:
        """Open a page of the file system anew; what was logged before is dropped."""
        self.driver.get("about:blank")
        self.logged()
        self.driver.get(page.resolve().as_uri() + (f"#{fragment}" if fragment else ""))

    def logged(self) -> list[str]:
        """Give what the page did wrong since it was asked last: errors, requests that failed.

        A request to anywhere but the file system is one, whatever became of it.
        """
        driver = self.driver
        wrong = [f"console: {e['message']}" for e in driver.get_log("browser") if is_fault(e)]
        for entry in driver.get_log("performance"):
            event = json.loads(entry["message"])["message"]
            told = event["params"]
            if event["method"] == "Network.requestWillBeSent":
                url = told["request"]["url"]
                wrong += [] if url.startswith(LOCAL) else [f"remote request: {url}"]
            elif event["method"] == "Network.loadingFailed" and not told.get("canceled"):
                wrong.append(f"failed request: {told.get('errorText')} ({told.get('type')})")
        return wrong

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page and give what it returns."""
        return self.driver.execute_script(script, *arguments)

    def find(self, css: str) -> WebElement:
        """Give the first element of a selector."""
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css: str) -> list[WebElement]:
        """Give all elements of a selector."""
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def shown(self, css: str) -> list[WebElement]:
        """Give the elements of a selector that a person sees."""
        return [element for element in self.all(css) if element.is_displayed()]

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key once, wherever the focus is, such as `Tab`, `Enter`, `ArrowLeft` or `s`."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "End": 35, "Home": 36}
        codes |= {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        code = codes.get(key, ord(key.upper()) if len(key) == 1 else 0)
        told = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        told["code"] = f"Key{key.upper()}" if len(key) == 1 and key.isalpha() else key
        down = told | ({"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"})
        self.driver.execute_cdp_cmd("Input.dispatchKeyEvent", down)
        self.driver.execute_cdp_cmd("Input.dispatchKeyEvent", told | {"type": "keyUp"})

    def until(self, condition: Callable[[], Any], seconds: float = 10) -> Any:
        """Wait until a condition holds and give its value."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, "it did not come about"
            time.sleep(0.02)
        return found

    def overflow(self) -> int:
        """Give by how many pixels the page is wider than its window."""
        return int(
            self.run(
                "const e = document.documentElement;"
                "scrollTo(1e6, scrollY); const moved = scrollX; scrollTo(0, scrollY);"
                "return Math.max(e.scrollWidth - e.clientWidth, moved)"
            )
        )

    def barriers(self, rules: tuple[str, ...] = ()) -> list[str]:
        """Give the serious and critical faults that axe-core finds in the page as it stands.

        Args:
            rules: ask these alone, such as `OF_COLOURS`; none: all that axe-core asks by itself.
        """
        if not self.run("return 'axe' in window"):
            self.run(self.axe)
        found = self.driver.execute_async_script(AXE_RUN, rules)
        return [told(rule) for rule in found if rule["impact"] in ("serious", "critical")]

    def unreached(self) -> tuple[list[str], list[str]]:
        """Press Tab through the page; give what it never reached, and what shows no focus there."""
        self.run("document.activeElement.blur(); scrollTo(0, 0);" + WATCH_FOCUS)
        missed = f"const all = (() => {{{REACHABLE}}})();"
        missed += "return all.filter((element) => !window.reached.has(element));"
        # the browser itself lets Tab stop at what scrolls, so that there may be more stops
        most = 2 * len(self.run(REACHABLE)) + 20
        for number in range(most):
            self.press("Tab")
            if number % 20 == 19 and not self.run(missed):
                break
        unmarked = self.run("return [...window.unmarked];")
        return self.run(OUTLINED, self.run(missed)), self.run(OUTLINED, unmarked)

    def downloaded(self, click: WebElement) -> Path:
        """Click a link and give the file that came of it."""
        before = set(self.downloads.iterdir())
        self.run("arguments[0].click()", click)

        def came() -> list[Path]:
            new = set(self.downloads.iterdir()) - before
            unfinished = (".crdownload", ".tmp")
            return [p for p in new if p.suffix not in unfinished and p.name[0] != "."]

        return Path(self.until(came)[0])

    def printed(self, path: Path) -> Path:
        """Print the page to a PDF file."""
        made = self.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
        path.write_bytes(base64.b64decode(made["data"]))
        return path

    def picture(self, path: Path, whole: bool = False) -> Path:
        """Take a screenshot: of the window, or of the whole page."""
        told = {"format": "png", "captureBeyondViewport": whole}
        if whole:
            size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
            told["clip"] = {**size, "scale": 1}
        made = self.driver.execute_cdp_cmd("Page.captureScreenshot", told)
        path.write_bytes(base64.b64decode(made["data"]))
        return path

    def close(self) -> None:
        """End the browser."""
        self.driver.quit()


def is_fault(entry: dict[str, Any]) -> bool:
    """Tell whether a line of the console is an error or a warning, not a remark."""
    return entry["level"] in ("SEVERE", "WARNING")


def told(rule: dict[str, Any]) -> str:
    """Give a fault of axe-core in one line, with the first elements that have it."""
    nodes = [f"{' '.join(map(str, n['target']))}: {n['html'][:120]}" for n in rule["nodes"][:3]]
    count = len(rule["nodes"])
    return f"{rule['id']} ({rule['impact']}), {count} nodes, {rule['help']}: {' | '.join(nodes)}"
