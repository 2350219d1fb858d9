"""The parts of the HTML report: its sections as markup, and the template, style and script of the page."""
