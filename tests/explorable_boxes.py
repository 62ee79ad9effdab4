"""What the tests of the explorables with boxes share: drags, entries and tables."""


def drag(page, start, by, width: float, which: int = 0):
    """Drag from a place of the drawing, in its own units; ``width`` is the whole drawing's, ``which`` of several."""
    plane = page.locator(".bx-plane").nth(which)
    plane.scroll_into_view_if_needed()
    frame = plane.bounding_box()
    unit = frame["width"] / width
    x, y = frame["x"] + start[0] * unit, frame["y"] + start[1] * unit
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by[0] * unit / 2, y + by[1] * unit / 2)
    page.mouse.move(x + by[0] * unit, y + by[1] * unit)
    page.mouse.up()


def touch(page, start, by, width: float):
    """The same with a finger, over the browser's own protocol."""
    frame = page.locator(".bx-plane").first.bounding_box()
    unit = frame["width"] / width
    client = page.context.new_cdp_session(page)
    for kind, share in [("touchStart", 0), ("touchMove", 0.5), ("touchMove", 1), ("touchEnd", None)]:
        place = (
            {}
            if share is None
            else {axis: frame[axis] + (start[k] + share * by[k]) * unit for k, axis in enumerate("xy")}
        )
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place] if place else []})


def entry(page, name, value=None):
    """The control called ``name``; with a value, after that was typed and entered."""
    control = page.locator(f'input[name="{name}"]')
    if value is not None:
        control.fill(value)
        control.press("Enter")
    return control


def complaint(page) -> str:
    return page.locator("[role=alert]").inner_text()


def rows(page) -> list[list[str]]:
    """Texts of the table's body."""
    script = "all => all.map((row) => [...row.cells].map((cell) => cell.textContent))"
    return page.locator(".bx-facts tbody tr").evaluate_all(script)


def number(text: str) -> float:
    return float(text.replace("−", "-"))
