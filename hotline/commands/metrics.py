"""Room hotline: `hotline metrics`: what a scrape would say, and the scraper's token."""

import typer

from hotline.commands.common import installation, opened_database, run

app = typer.Typer(help="指标 / metrics", no_args_is_help=True)


@app.command("show")
def show() -> None:
    """当前指标 / the metrics as /metrics gives them."""
    from hotline.metrics.collect import scrape

    async def text() -> bytes:
        async with opened_database() as database:
            return await scrape(database)

    typer.echo(run(text()).decode())


@app.command("token")
def token() -> None:
    """抓取 /metrics 用的令牌 / the token Prometheus sends as `Authorization: Bearer …`."""
    typer.echo(installation().secrets.get("metrics"))
