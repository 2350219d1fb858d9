"""A plan as real teams keep it: title, chart, notes at the side, totals, lists, merged cells, comments."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import xlsxwriter

HEADERS = ("Customer ID", "Objective", "Category", "Status", "CSM", "Start", "Due", "ARR")
FIRST_ROW = 6
_TITLES = ("Onboard the team", "Roll out reports", "Renew early", "Train the admins", "Expand to sales", "Fix the sync")


def real_workbook() -> bytes:
    """Return it; row 5 is the header, rows 6 to 17 are the plan, row 19 holds totals."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet("FY27 Q1")
    _plan(book, sheet)
    _lists(book)
    _pivot(book)
    book.close()
    return buffer.getvalue()


def _plan(book: Any, sheet: Any) -> None:
    head = book.add_format({"bold": True, "bg_color": "#1F3864", "font_color": "white", "border": 1})
    day, money = book.add_format({"num_format": "dd.mm.yyyy"}), book.add_format({"num_format": "#,##0 €"})
    middle = book.add_format({"valign": "vcenter", "border": 1})
    sheet.merge_range("A1:H1", "Success plans, first quarter", book.add_format({"bold": True, "font_size": 18}))
    sheet.write("A2", "Owner: Customer Success. Ask Ann before you change the dates.")
    sheet.write_row("A5", HEADERS, head)
    for index in range(12):
        row = FIRST_ROW - 1 + index
        sheet.write_row(
            row, 1, [_TITLES[index % 6], "Adoption", "In Progres" if index == 4 else "In Progress", "ann@x.com"]
        )
        sheet.write_datetime(row, 5, date(2027, 1, 1 + index), day)
        sheet.write_datetime(row, 6, date(2027, 3, 1 + index), day)
        sheet.write_number(row, 7, 12_000 + 500 * index, money)
    for index in range(0, 12, 2):
        sheet.merge_range(FIRST_ROW - 1 + index, 0, FIRST_ROW + index, 0, f"ACME-{1001 + index // 2}", middle)
    sheet.write("G19", "Total")
    sheet.write_formula("H19", "=SUM(H6:H17)", money, sum(12_000 + 500 * index for index in range(12)))
    sheet.write_comment("B7", "Ben: moved from Q4", {"author": "Ben"})
    sheet.write("S7", "Ben: check ACME-1002")
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "='FY27 Q1'!$H$6:$H$17", "categories": "='FY27 Q1'!$B$6:$B$17"})
    chart.set_size({"width": 420, "height": 240})
    sheet.insert_chart("J6", chart)
    sheet.data_validation("D6:D200", {"validate": "list", "source": "=Lists!$A$2:$A$4"})
    sheet.set_column("A:A", 14)
    sheet.set_column("B:B", 24)
    sheet.set_column("C:H", 13)
    sheet.freeze_panes(5, 0)
    sheet.autofilter("A5:H17")
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _lists(book: Any) -> None:
    sheet = book.add_worksheet("Lists")
    sheet.write_column("A1", ["Status", "In Progress", "At Risk", "Done"])


def _pivot(book: Any) -> None:
    sheet = book.add_worksheet("By CSM")
    bold = book.add_format({"bold": True, "bg_color": "#DDEBF7"})
    sheet.write_row("A3", ["Row Labels", "Sum of ARR"], bold)
    sheet.write_row("A4", ["ann@x.com", 177_000])
    sheet.write_row("A5", ["Grand Total", 177_000], bold)
