"""How the pages are rendered: Sphinx reads the markdown, equations become MathML, nothing is loaded from elsewhere.

``python -m sphinx -W -q docs site`` builds the site; a warning is an error.
"""

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from pygments.lexers.special import TextLexer

import pkpd

project = "pkpd"
author = "the pkpd developers"
copyright = "the pkpd developers; research and teaching software, it never says what to give a patient"
version = release = pkpd.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["generate", "measured"]
myst_enable_extensions = ["deflist"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 3

default_role = "literal"  # docstrings quote names with single backticks
napoleon_google_docstring = False
napoleon_use_rtype = False
autodoc_typehints = "none"  # shapes and units stand in the docstring
autodoc_member_order = "bysource"
add_module_names = False

html_theme = "furo"
html_title = f"pkpd {version}"
html_static_path = ["_static"]
html_css_files = ["pkpd.css"]
html_show_sphinx = False
html_copy_source = False
html_math_renderer = "mathml"


def visit_math(translator, node: nodes.math) -> None:
    """An equation in a line of text, as MathML that browsers draw without a script."""
    translator.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def visit_math_block(translator, node: nodes.math_block) -> None:
    """An equation that stands alone."""
    equation = tex2mathml(node.astext(), as_block=True)
    translator.body.append(f'<div class="equation">{equation}</div>\n')
    raise nodes.SkipNode


def setup(app) -> None:
    """Tell Sphinx of the equations, and that CSV has no colours."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    app.add_lexer("csv", TextLexer)
