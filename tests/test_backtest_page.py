"""The page of `policy backtest`: safe whatever stands in policies and histories, and well behaved in a real browser."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from backtest_policies import policy, rows
from browser import CHROMIUM, browser
from test_backtest import run

from evenhand import Policy
from evenhand.cli.backtest_html import page
from evenhand.cli.html import Html, tag

HOSTILE = "</title></table><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
NEEDS_BROWSER = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: chromium)")


class Markup(HTMLParser):
    """The elements of a page, and every attribute that could run or fetch something."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.dangerous: list[tuple[str, str | None]] = []
        self.open: list[str] = []

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.add(name)
        if name != "meta":
            self.open.append(name)
        self.dangerous += [
            (key, value)
            for key, value in attributes
            if key.startswith("on")
            or key in ("src", "style", "action")
            or (key == "href" and not (value or "").startswith("#"))
        ]

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name


@pytest.fixture(scope="module")
def hostile() -> str:
    """A page whose rules, decisions, columns and values are all out to break it."""
    history = rows(150, seed=30)
    for row in history:
        row["shop"] = HOSTILE if row["shop"] == "North" else row["shop"]
        row["till"] = "\u202egnp.exe" if row["till"] == "1" else row["till"]
        row["recorded"] = HOSTILE if row["recorded"] == "full" else row["recorded"]
        row["case"] = f"{HOSTILE}{row['case']}"
    new, old = policy(name="new", small="40 USD", cake="15"), policy(name="old")
    report = run(history, titled(new), old, name_column="case")
    assert report.examples
    return page(report, f"{HOSTILE}.csv")


def titled(new: Policy) -> Policy:
    """Return a policy in whose titles stands what should not."""
    import attrs

    from evenhand.rules.load import Loaded

    tree = attrs.evolve(
        new.tree,
        title=HOSTILE,
        rules=tuple(attrs.evolve(rule, title=f"{rule.id} {HOSTILE}") for rule in new.tree.rules),
        guards=tuple(attrs.evolve(guard, title=HOSTILE) for guard in new.tree.guards),
        obligations={name: attrs.evolve(duty, title=HOSTILE) for name, duty in new.tree.obligations.items()},
    )
    return Policy(Loaded(tree, new.warnings, new.documents))


def test_nothing_that_a_user_wrote_becomes_markup(hostile: str) -> None:
    found = Markup()
    found.feed(hostile)
    assert not found.open
    assert not found.elements & {"script", "img", "iframe", "object", "link", "form"}
    assert not found.dangerous
    assert "&lt;script&gt;alert(1)" in hostile
    assert "\u202e" not in hostile


def test_text_and_attributes_are_escaped_and_markup_is_not_escaped_twice() -> None:
    assert tag("p", HOSTILE, tag("b", "<")) == f"<p>{tag('i', HOSTILE)[3:-4]}<b>&lt;</b></p>"
    assert tag("p", title='"<&') == '<p title="&quot;&lt;&amp;"></p>'
    assert tag("p", Html("<b>"), "<b>") == "<p><b>&lt;b&gt;</p>"


def test_the_page_forbids_itself_everything_but_its_own_style(hostile: str) -> None:
    (content,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', hostile)
    assert "default-src &#x27;none&#x27;" in content
    assert "unsafe" not in content
    assert not re.search(r"(?:https?:)?//|url\(|@import", hostile)


def test_every_plot_says_in_words_what_it_shows(hostile: str) -> None:
    plots = re.findall(r"<svg[^>]*>(.*?)</svg>", hostile, re.DOTALL)
    assert len(plots) > 20
    assert all(re.match(r"<title>[^<]+</title>", plot) for plot in plots)


def test_a_page_about_one_policy_has_no_before() -> None:
    text = page(run(rows(80, seed=31), policy()), "history.csv")
    found = Markup()
    found.feed(text)
    assert "before" not in re.sub(r"<style>.*</style>", "", text, flags=re.DOTALL).lower()


@NEEDS_BROWSER
def test_in_a_browser_it_logs_nothing_asks_for_nothing_and_fits_wide_and_narrow(hostile: str, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(hostile, encoding="utf-8")
    with browser() as tab:
        for width, dark in ((1200, False), (400, False), (400, True)):
            tab.open(file, width=width, dark=dark)
            assert tab.complaints() == []
            assert tab.requests() == [file.resolve().as_uri()]
            assert tab.value("document.documentElement.scrollWidth") <= width
            colour = tab.value("getComputedStyle(document.body).backgroundColor")
            assert colour == ("rgb(18, 22, 28)" if dark else "rgb(255, 255, 255)")
            assert tab.value("document.querySelectorAll('main section').length") > 5
            assert tab.value("[...document.querySelectorAll('.scroll')].every(e => e.tabIndex == 0)")


@NEEDS_BROWSER
def test_the_browser_of_these_tests_does_notice(tmp_path: Path) -> None:
    file = tmp_path / "bad.html"
    file.write_text('<body><div style="width:900px">wide</div><script>console.log("x")</script><img src="no.png">')
    with browser() as tab:
        tab.open(file, width=400)
        assert tab.complaints()
        assert len(tab.requests()) == 2
        assert tab.value("document.documentElement.scrollWidth") > 400


def test_the_page_says_in_words_which_outcomes_become_which_and_what_is_likely() -> None:
    text = page(run(rows(150, seed=30), policy(name="new", small="40 USD"), policy(name="old")), "history.csv")
    refund = text.split('id="decision-refund"')[1].split("</section>")[0]
    assert re.search(r"<b>\d+ rows change</b> \([\d.]+&nbsp;%, [\d.]+ to [\d.]+\): \d+ from [a-z ]+ to [a-z ]+", refund)
    assert re.search(r"<dd>[\d.]+ %; likely [\d.]+ to [\d.]+</dd>", text)
    assert "`" not in re.sub(r"<style>.*</style>", "", text, flags=re.DOTALL), "names are set as code"
