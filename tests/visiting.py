"""What tests of several pages share: how a page is opened and read."""

from streamlit.testing.v1 import AppTest


def visit(app: AppTest, page: str, **address: object) -> AppTest:
    """Open the page of this name, with this address, by way of Home."""
    app.run()
    for name, value in address.items():
        app.query_params[name.rstrip("_")] = str(value)
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    """Everything the page says in words."""
    kinds = (app.error, app.warning, app.info, app.success, app.caption, app.markdown, app.subheader)
    return "\n".join(element.value for kind in kinds for element in kind)
