"""The report in a real browser: it works by mouse and keyboard, small and large; nothing in it runs but its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.command_line import EXAMPLES
from maestro.pipeline import Job, Phases, analyze
from maestro.report.page.render import render
from maestro.report.progress import Silent
from report.browser import chromium, opened
from report.hostile import NF as HOSTILE

NODES = "#svg [role=treeitem]"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    (folder / "hostile").mkdir()
    (folder / "hostile" / "<img>.c").write_text(HOSTILE)
    measured = folder / "bench.json"
    row = {"program": "<i>original</i>", "cores": 1, "mpps": 15.2, "low": 14.1, "high": 15.4}
    measured.write_text(json.dumps({"bench": [row]}))
    made = {}
    for name, source in (("firewall", EXAMPLES / "firewall-maestro"), ("nat", EXAMPLES / "nat"),
                         ("large", EXAMPLES / "heavy-hitters"), ("hostile", folder / "hostile")):  # fmt: skip
        names = {0: "</script><script>alert(5)</script>"} if name == "hostile" else {}
        result = analyze(Job((source,), seed=1, port_names=names), Phases(Silent()))
        made[name] = folder / f"{name}.html"
        made[name].write_text(render(result, bench_file=measured))
    return made


@pytest.fixture(scope="module")
def desktop() -> Iterator[Any]:
    with chromium() as driver:
        yield driver


@pytest.fixture(scope="module")
def phone() -> Iterator[Any]:
    with chromium(width=360, height=740, dark=True) as driver:
        yield driver


def js(driver: Any, expression: str) -> Any:
    return driver.execute_script(f"return {expression}")


def key(driver: Any, *keys: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(driver).send_keys(*keys).perform()


def choose(driver: Any, field: str, value: str) -> None:
    driver.execute_script(
        "const e = document.getElementById(arguments[0]); e.value = arguments[1];"
        "e.dispatchEvent(new Event('input', {bubbles: true}))", field, value,
    )  # fmt: skip


def requests(driver: Any) -> list[str]:
    events = [json.loads(e["message"])["message"] for e in driver.get_log("performance")]
    return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]


@pytest.mark.parametrize("name", ["firewall", "nat", "large", "hostile"])
def test_it_loads_without_errors_or_requests(desktop: Any, pages: dict[str, Path], name: str) -> None:
    desktop.get_log("browser"), desktop.get_log("performance")
    opened(desktop, pages[name])
    assert js(desktop, f"document.querySelectorAll('{NODES}').length") > 1
    assert js(desktop, "document.querySelectorAll('#load-chart rect').length") == 2
    assert js(desktop, "document.querySelector('#bench-chart').textContent").startswith("<i>original</i>")
    assert desktop.get_log("browser") == []
    assert [url for url in requests(desktop) if not url.startswith("file:")] == []
    assert "Maestro report" in desktop.title  # no script of the NF's changed it, no dialog is open


def test_filters_narrow_the_list_and_the_tree(desktop: Any, pages: dict[str, Path]) -> None:
    opened(desktop, pages["firewall"])
    shown = "[...document.querySelectorAll('.path:not([hidden])')].map((e) => +e.dataset.path)"
    leaves = "[...document.querySelectorAll('#svg .leaf')].map((e) => +e.dataset.path).sort()"
    for field, value, expected in (
        ("f-verdict", "drop", [0, 5, 6]), ("f-port", "1", [0, 4, 5, 6]), ("f-text", "firewall.c:22", [4, 5]),
        ("f-text", "STORE in", [2]), ("f-object", "flows", [0, 1, 2, 3, 4, 5, 6]), ("f-text", "zebra", []),
    ):  # fmt: skip
        choose(desktop, field, value)
        assert js(desktop, shown) == expected, (field, value)
        assert js(desktop, leaves) == expected, (field, value)
        assert js(desktop, "document.getElementById('count').textContent") == f"{len(expected)} of 7 paths"
        choose(desktop, field, "")
    assert js(desktop, shown) == [0, 1, 2, 3, 4, 5, 6]


def test_the_tree_by_keyboard(desktop: Any, pages: dict[str, Path]) -> None:
    opened(desktop, pages["firewall"])
    driver, label = desktop, "document.activeElement.getAttribute('aria-label')"
    driver.execute_script(f"document.querySelector('{NODES}[tabindex=\"0\"]').focus()")
    assert js(driver, label).startswith("branch: packet length < 42")
    key(driver, "\ue014")  # right
    assert js(driver, label).startswith("yes: path 0: drop")
    key(driver, "\ue015")  # down
    assert js(driver, label).startswith("no: branch: eth.type = IPv4")
    before = js(driver, f"document.querySelectorAll('{NODES}').length")
    key(driver, " ")
    assert js(driver, "document.activeElement.getAttribute('aria-expanded')") == "false"
    assert js(driver, f"document.querySelectorAll('{NODES}').length") < before
    key(driver, " ")
    assert js(driver, f"document.querySelectorAll('{NODES}').length") == before
    assert js(driver, f"document.querySelectorAll('{NODES}[tabindex=\"0\"]').length") == 1
    key(driver, "\ue010", "\ue007")  # end, enter
    assert js(driver, "document.querySelector('#path-6').open") is True
    assert js(driver, "document.activeElement.closest('.path').id") == "path-6"


def test_zoom(desktop: Any, pages: dict[str, Path]) -> None:
    opened(desktop, pages["nat"])
    scale = "d3.zoomTransform(document.getElementById('svg')).k"
    before = js(desktop, scale)
    driver = desktop
    driver.execute_script(f"document.querySelector('{NODES}[tabindex=\"0\"]').focus()")
    key(driver, "+")
    assert js(driver, scale) > before
    driver.execute_script("document.getElementById('z-fit').click()")
    assert js(driver, scale) == pytest.approx(before)


def test_the_skip_link_is_first_and_focus_is_seen(desktop: Any, pages: dict[str, Path]) -> None:
    opened(desktop, pages["firewall"])
    key(desktop, "\ue004")  # tab
    assert js(desktop, "document.activeElement.className") == "skip"
    assert js(desktop, "document.activeElement.getBoundingClientRect().left") >= 0
    assert js(desktop, "getComputedStyle(document.activeElement).outlineStyle") == "solid"
    key(desktop, "\ue007")
    assert js(desktop, "document.activeElement.id") == "main"


def test_lines_lead_to_paths_and_back(desktop: Any, pages: dict[str, Path]) -> None:
    opened(desktop, pages["firewall"])
    desktop.execute_script("document.querySelector('[data-query=\"firewall.c:17\"]').click()")
    assert js(desktop, "document.querySelectorAll('.path:not([hidden])').length") == 3
    desktop.execute_script("document.querySelector('.file').open = false; location.hash = '#L0-17'")
    desktop.implicitly_wait(2)
    assert desktop.find_elements("css selector", ".file[open] #L0-17")


@pytest.mark.parametrize("name", ["firewall", "nat", "large"])
def test_a_phone_never_scrolls_sideways(phone: Any, pages: dict[str, Path], name: str) -> None:
    opened(phone, pages[name])
    phone.execute_script("for (const e of document.querySelectorAll('details')) e.open = true")
    assert js(phone, "innerWidth") == 360
    assert js(phone, "document.documentElement.scrollWidth") <= 360


def test_dark_when_the_system_is_and_when_asked(phone: Any, desktop: Any, pages: dict[str, Path]) -> None:
    colour = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).reduce((a, b) => a + +b, 0)"
    opened(phone, pages["firewall"])
    assert js(phone, colour) < 200
    opened(desktop, pages["firewall"])
    assert js(desktop, colour) > 600
    desktop.execute_script("document.getElementById('theme').click()")
    assert js(desktop, colour) < 200
    desktop.execute_script("document.getElementById('theme').click()")
    assert js(desktop, colour) > 600
