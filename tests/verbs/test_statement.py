"""The statement: what our policy on an app is, in words fit to print."""

from gatepost.actions.views import statement
from gatepost.core.refusal import Code
from tests.verbs.houses import House, good, nothing_written, refused


def test_no_statement_about_an_app_that_nobody_knows(house: House) -> None:
    """A misspelt app has no statement: "no policy of ours on tiktik" is true, and reads like another."""
    house.owners(1)
    house.announce()
    with nothing_written(house):
        refused(statement(house.site, "tiktik", None), Code.NO_SUCH_APP)
    assert "no-tiktok" in str(good(statement(house.site, "tiktok", None))["policies"])
    assert "No policy of ours" in str(good(statement(house.site, "wechat", None))["statement"])
