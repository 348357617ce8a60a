"""The adapters do in the real libraries what the restorer does alone."""

from __future__ import annotations

import contextlib
import functools
import http.server
import importlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components import need, need_program
from unspin.errors import MissingExtraError, SettingsError
from unspin.records import Restoration
from unspin.restorer import Restorer
from unspin.settings import Settings

ROOT = Path(__file__).parents[1]
SPUN = (ROOT / "seeds" / "000_a26bbb09311a0bb2.txt").read_text(encoding="utf-8")
CLEAN = (
    "The council met on Tuesday to hear what residents think of the new bridge. Most of them "
    "want it, and nobody wants to pay for it. The mayor promised to come back with numbers. "
) * 3
FAST = Settings(ranker="features")


@functools.cache
def expected() -> Restoration:
    """The restoration of the spun article."""
    restoration = Restorer(FAST).restore(SPUN)
    assert restoration.is_spun
    assert len(restoration.edits) > 50
    return restoration


def same_edits(edits: list[dict[str, Any]]) -> bool:
    """Whether plain edits are those of the spun article."""
    wanted = [(e.start, e.end, e.before, e.after, str(e.kind)) for e in expected().edits]
    return [(e["start"], e["end"], e["before"], e["after"], e["kind"]) for e in edits] == wanted


@pytest.mark.parametrize("name", ["scrapy", "datatrove", "spark"])
def test_a_missing_library_is_named_with_the_command(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    library = {"spark": "pyspark"}.get(name, name)
    for loaded in [*sys.modules]:
        if loaded == f"unspin.integrations.{name}" or loaded.partition(".")[0] == library:
            monkeypatch.delitem(sys.modules, loaded)
    for blocked in (library, "itemadapter" if name == "scrapy" else library):
        monkeypatch.setitem(sys.modules, blocked, None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'unspin\[{name}\]'"):
        importlib.import_module(f"unspin.integrations.{name}")
    monkeypatch.delitem(sys.modules, f"unspin.integrations.{name}", raising=False)


# Scrapy


SPIDER = """
import json, sys
import scrapy
from scrapy.crawler import CrawlerProcess

class Page(scrapy.Item):
    body = scrapy.Field()

class Site(scrapy.Spider):
    name = "site"
    start_urls = [sys.argv[1]]

    def parse(self, response):
        yield from response.follow_all(css="a", callback=self.article)

    def article(self, response):
        body = "\\n\\n".join(response.css("p::text").getall())
        if "item" in response.url:
            yield Page(body=body)
        elif "raw" in response.url:
            yield {"url": response.url, "body": response.css("main").get()}
        else:
            yield {"url": response.url, "body": body, "n": 5}

if __name__ == "__main__":
    settings = json.loads(sys.argv[2])
    process = CrawlerProcess({
        "ITEM_PIPELINES": {"unspin.integrations.scrapy.UnspinPipeline": 500},
        "FEEDS": {sys.argv[3]: {"format": "jsonlines"}},
        "TELNETCONSOLE_ENABLED": False,
        "RETRY_ENABLED": False,
        "LOG_LEVEL": "WARNING",
        "UNSPIN_SETTINGS": {"ranker": "features"},
        **settings,
    })
    crawler = process.create_crawler(Site)
    process.crawl(crawler)
    process.start()
    print(json.dumps({k: v for k, v in crawler.stats.get_stats().items() if "unspin" in k}))
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """A small site on this machine: a spun article, a clean one, an empty one."""
    folder = tmp_path / "site"
    folder.mkdir()
    pages = {"spun": SPUN, "clean": CLEAN, "empty": "", "item": SPUN, "raw": SPUN}
    for name, text in pages.items():
        body = "".join(f"<p>{part}</p>\n" for part in text.split("\n\n"))
        (folder / f"{name}.html").write_text(f"<main>{body}</main>", encoding="utf-8")
    links = "".join(f'<a href="{name}.html">{name}</a>' for name in pages)
    (folder / "index.html").write_text(links)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def crawl(site: str, folder: Path, **settings: Any) -> tuple[dict[str, Any], dict[str, int], str]:
    """The items by page, the counts and the log of a crawl."""
    need("scrapy")
    script, feed = folder / "spider.py", folder / "items.jsonl"
    script.write_text(SPIDER)
    feed.unlink(missing_ok=True)
    command = [sys.executable, str(script), site, json.dumps(settings), str(feed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    items = [json.loads(line) for line in feed.read_text(encoding="utf-8").splitlines()]
    counts = {k.removeprefix("unspin/"): v for k, v in json.loads(done.stdout).items()}
    return {i.get("url", "/item.html").split("/")[-1]: i for i in items}, counts, done.stderr


def test_scrapy_annotates_by_default(site: str, tmp_path: Path) -> None:
    items, counts, log = crawl(site, tmp_path)
    assert set(items) == {f"{n}.html" for n in ("spun", "clean", "empty", "item", "raw")}
    spun = items["spun.html"]
    assert spun["body"] == "\n\n".join(SPUN.split("\n\n"))
    assert spun["n"] == 5
    assert spun["unspin"]["is_spun"]
    assert spun["unspin"]["spinner"] == "A"
    assert same_edits(spun["unspin"]["edits"])
    assert {e["field"] for e in spun["unspin"]["edits"]} == {"body"}
    assert not items["clean.html"]["unspin"]["is_spun"]
    assert "unspin" not in items["empty.html"]
    assert counts == {"articles": 4, "spun": 3, "skipped": 1, "not_annotated": 1}
    assert log.count("items of type Page have no field 'unspin'") == 1
    assert "Deprecat" not in log


def test_scrapy_restores_on_request(site: str, tmp_path: Path) -> None:
    items, counts, _ = crawl(
        site, tmp_path, UNSPIN_ACTION="fix", UNSPIN_FIELDS=["body", "missing"], UNSPIN_MARKUP="html"
    )
    assert items["spun.html"]["body"] == expected().text
    assert items["item.html"] == {"body": expected().text}
    assert items["clean.html"]["body"] == CLEAN
    raw = items["raw.html"]["body"]
    assert raw.startswith("<main><p>")
    assert raw.count("<p>") == SPUN.count("\n\n") + 1
    assert raw != (tmp_path / "site" / "raw.html").read_text(encoding="utf-8")
    assert counts["edited"] == 3
    assert counts["edits"] > 3 * 50


@pytest.mark.parametrize(
    "reactor",
    [
        "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        "twisted.internet.selectreactor.SelectReactor",
    ],
)
def test_scrapy_drops_on_request_with_any_reactor(site: str, tmp_path: Path, reactor: str) -> None:
    items, counts, log = crawl(site, tmp_path, UNSPIN_ACTION="drop", TWISTED_REACTOR=reactor)
    assert set(items) == {"clean.html", "empty.html"}
    assert counts == {"articles": 4, "spun": 3, "dropped": 3, "skipped": 1}
    assert log.count("Dropped: spun 1.00, family A") == 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"UNSPIN_ACTION": "remove"}, "use one of annotate, fix, drop"),
        ({"UNSPIN_FIELD": ["x"]}, "UNSPIN_FIELD is not a setting; expected one of UNSPIN_ACTION"),
        ({"UNSPIN_SETTINGS": {"nonsense": 1}}, "nonsense is not a setting; expected one of"),
        ({"UNSPIN_MARKUP": "pdf"}, "use one of text, markdown, html"),
    ],
)
def test_scrapy_settings_that_cannot_be_used(given: dict[str, Any], message: str) -> None:
    need("scrapy")
    from unspin.integrations.scrapy import UnspinPipeline

    with pytest.raises(SettingsError, match=message):
        UnspinPipeline(given, None)


# datatrove


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No warnings of libraries' own, which are errors here."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def test_datatrove_filters_and_restores(tmp_path: Path) -> None:
    need("datatrove")
    with quiet():
        from datatrove.executor.local import LocalPipelineExecutor
        from datatrove.pipeline.readers import JsonlReader
        from datatrove.pipeline.writers.jsonl import JsonlWriter

        from unspin.integrations.datatrove import SpinFilter, SpinRestorer

        (tmp_path / "in").mkdir()
        for number, text in enumerate((SPUN, CLEAN, SPUN, CLEAN)):
            line = json.dumps({"id": str(number), "text": text, "site": "x"}) + "\n"
            (tmp_path / "in" / f"{number}.jsonl").write_text(line)

        def write(name: str) -> Any:
            return JsonlWriter(str(tmp_path / name), compression=None)

        for name, steps in {
            "kept": [SpinFilter(settings=FAST, exclusion_writer=write("spun"))],
            "strict": [SpinFilter(threshold=1.1, settings=FAST)],
            "fixed": [SpinRestorer(FAST)],
        }.items():
            LocalPipelineExecutor(
                [JsonlReader(str(tmp_path / "in")), *steps, write(name)],
                tasks=2,
                workers=2,
                logging_dir=str(tmp_path / "logs" / name),
            ).run()

    def read(name: str) -> dict[str, dict[str, Any]]:
        files = (tmp_path / name).glob("*.jsonl")
        found = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        return {record["id"]: record for record in found}

    def count(name: str, what: str) -> int:
        steps = json.loads((tmp_path / "logs" / name / "stats.json").read_text())
        found = steps[1]["stats"][what]
        return int(found["total"] if isinstance(found, dict) else found)

    assert set(read("kept")) == {"1", "3"}
    assert set(read("strict")) == {"0", "1", "2", "3"}
    spun = read("spun")
    assert set(spun) == {"0", "2"}
    assert spun["0"]["text"] == SPUN
    assert spun["0"]["metadata"]["filter_reason"] == "spun_A"
    assert spun["0"]["metadata"]["site"] == "x"
    assert spun["0"]["metadata"]["unspin"]["spin_score"] > 0.9
    assert count("kept", "dropped_spun_A") == 2
    fixed = read("fixed")
    assert fixed["0"]["text"] == fixed["2"]["text"] == expected().text
    assert fixed["1"]["text"] == CLEAN
    assert same_edits(fixed["0"]["metadata"]["unspin"]["edits"])
    assert fixed["1"]["metadata"]["unspin"]["edits"] == []
    assert count("fixed", "edited") == 2
    assert count("fixed", "edits") == 2 * len(expected().edits)


# Spark


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """A session of two local cores whose workers run this very Python."""
    need("pyspark")
    need("pandas")
    need_program("java", "openjdk-17-jre-headless")
    with quiet(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        from pyspark.sql import SparkSession

        session = (
            SparkSession.builder.master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.sql.shuffle.partitions", "2")
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("ERROR")
        yield session
        session.stop()


@dataclass(frozen=True)
class Row:
    """A row of the test's table."""

    id: int
    text: str | None


ROWS = (Row(0, SPUN), Row(1, CLEAN), Row(2, None), Row(3, SPUN))


def test_spark_column(spark: Any) -> None:
    from unspin.integrations.spark import restore_udf

    with quiet():
        frame = spark.createDataFrame(ROWS).repartition(2)
        rows = frame.withColumn("found", restore_udf(FAST)("text")).orderBy("id").collect()
    spun, clean, missing, again = (row["found"] for row in rows)
    assert spun["text"] == again["text"] == expected().text
    assert spun["spin_score"] == pytest.approx(expected().spin_score)
    assert (spun["is_spun"], spun["spinner"], spun["error"]) == (True, "A", None)
    assert same_edits([edit.asDict() for edit in spun["edits"]])
    assert (clean["text"], clean["is_spun"], clean["edits"]) == (CLEAN, False, [])
    assert missing.asDict() == dict.fromkeys(missing.asDict())


def test_spark_frame(spark: Any) -> None:
    from unspin.integrations.spark import restore_frame

    with quiet():
        frame = spark.createDataFrame(ROWS).repartition(2)
        made = restore_frame(frame, "text", FAST, note="note")
        rows = made.orderBy("id").collect()
        spun = made.where("note.is_spun").count()
    assert spun == 2
    assert made.columns == ["id", "text", "note"]
    assert [row["text"] for row in rows] == [expected().text, CLEAN, None, expected().text]
    assert same_edits([edit.asDict() for edit in rows[0]["note"]["edits"]])
    assert rows[2]["note"]["spin_score"] is None


def test_spark_loads_models_once_a_worker(spark: Any, tmp_path: Path) -> None:
    """Many partitions and two queries: as many restorers as worker processes."""
    loads = tmp_path / "loads"
    loads.mkdir()

    def count(batches: Any) -> Any:
        from unspin.integrations.articles import restorer_for

        for rows in batches:
            before = restorer_for.cache_info().misses
            restorer_for(FAST)
            if restorer_for.cache_info().misses > before:
                (loads / f"{os.getpid()}-{before}").touch()
            yield rows

    with quiet():
        frame = spark.range(64).repartition(16)
        for _ in range(2):
            assert frame.mapInPandas(count, frame.schema).count() == 64
    pids = [path.name.partition("-")[0] for path in loads.iterdir()]
    assert len(pids) == len(set(pids))
    assert len(pids) <= 2
