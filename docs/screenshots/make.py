"""Makes the pictures of the report in this folder: python docs/screenshots/make.py (needs chromium, selenium)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "report"))

from browser import chromium, opened  # noqa: E402


def picture(driver: Any, page: Path, name: str, anchor: str = "") -> None:
    opened(driver, page)
    driver.execute_script("document.documentElement.style.scrollBehavior = 'auto'")
    if anchor:
        driver.execute_script("document.getElementById(arguments[0]).scrollIntoView()", anchor)
    driver.save_screenshot(str(HERE / f"{name}.png"))


def main() -> None:
    with TemporaryDirectory() as folder:
        page = Path(folder, "report.html")
        command = [sys.executable, "-m", "maestro", "report", ROOT / "examples" / "firewall-maestro", "--seed", "1"]
        subprocess.run([*map(str, command), "-q", "-o", str(page)], check=True)
        with chromium(width=1280, height=860) as light:
            picture(light, page, "report-light")
            picture(light, page, "report-nic", "rss")
        with chromium(width=1280, height=860, dark=True) as dark:
            picture(dark, page, "report-dark", "tree")
        with chromium(width=390, height=844) as phone:
            picture(phone, page, "report-phone")


if __name__ == "__main__":
    main()
