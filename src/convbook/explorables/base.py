"""What every explorable shares: one JavaScript module for JupyterLab and for the book's pages."""

import html
import json
import os
from urllib.parse import quote

import anywidget

from convbook.explorables.linking import source

# Stands in for the kernel on a page without one: the view asks nothing else of its model.
PAGE = """import widget from "{module}";
for (const figure of document.querySelectorAll('figure[data-explorable="{name}"]:not([data-mounted])')) {{
  figure.dataset.mounted = "";
  const traits = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
  const listeners = {{}};
  widget.render({{
    el: figure.querySelector(".convbook-mount"),
    model: {{
      get: (name) => traits[name],
      set: (name, value) => {{
        traits[name] = value;
        for (const listener of listeners["change:" + name] ?? []) listener();
      }},
      on: (event, listener) => (listeners[event] ??= new Set()).add(listener),
      off: (event, listener) => listeners[event]?.delete(listener),
      save_changes: () => {{}},
    }},
  }});
}}"""

PLAIN = " !$&'()*+,-./:;=>?@[]^_`{|}~"  # what neither a URL, nor a string in double quotes, nor a script's end means


def data_url(javascript: str) -> str:
    """``javascript`` as a URL that a module can import without a server, and that may stand between double quotes.

    What need not be escaped is not, which keeps pages small.

    >>> data_url('export default "½" + 1')
    'data:text/javascript,export default %22%C2%BD%22 + 1'
    """
    return "data:text/javascript," + quote(javascript, safe=PLAIN)


def is_static() -> bool:
    """Whether a page without a kernel is being made (environment variable ``CONVBOOK_STATIC=1``)."""
    return os.environ.get("CONVBOOK_STATIC") == "1"


class Explorable(anywidget.AnyWidget):
    """A widget that can also be printed into a page.

    Subclasses set ``name``, ``_esm = module(...)``, ``sheets`` and ``PAGE_TRAITS``, and
    write :meth:`still`. With ``CONVBOOK_STATIC=1`` in the environment no comm is
    opened, and what is displayed is one ``<figure>`` that needs no kernel, no
    server and no other file; without scripts it shows :meth:`still`.
    """

    name = ""
    PAGE_TRAITS: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()

    def __init_subclass__(cls, **options):
        if "sheets" in cls.__dict__:  # and not in a class that anywidget derives for a single widget
            cls._css = "".join(map(source, cls.sheets))
        super().__init_subclass__(**options)

    def open(self):
        if not is_static():
            super().open()

    def still(self) -> str:
        """HTML to show where scripts are off."""
        raise NotImplementedError

    def figure(self) -> str:
        """The explorable as HTML, its own script and style included."""
        traits = json.dumps({name: getattr(self, name) for name in self.PAGE_TRAITS}).replace("<", "\\u003c")
        ignored = "tex2jax_ignore mathjax_ignore"  # by what typesets formulas on the book's pages
        return (
            f'<figure class="convbook-explorable {ignored}" data-explorable="{html.escape(self.name)}">'
            f"{''.join(f'<style>{source(sheet)}</style>' for sheet in self.sheets)}"
            f'<div class="convbook-mount"><div class="convbook-widget">{self.still()}</div></div>'
            f'<script type="application/json">{traits}</script>'
            f'<script type="module">{PAGE.format(module=data_url(self._esm), name=self.name)}</script>'
            "</figure>"
        )

    def _repr_mimebundle_(self, **kwargs):
        if is_static():
            return {"text/plain": repr(self), "text/html": self.figure()}
        return super()._repr_mimebundle_(**kwargs)
