"""Tables and properties, to a terminal and to a file."""

import io

from rich.console import Console

from archwright.display.console import make_console, make_property_table, make_table


def test_what_looks_like_markup_is_text(capsys):
    make_console().print(make_table({"[red]a[/red]": "left"}, [["[bold]b[/bold]"]]))
    assert capsys.readouterr().out == "[red]a[/red]\n[bold]b[/bold]\n"


def test_a_name_with_a_line_break_is_one_cell(capsys):
    make_console().print(make_table({"a\nb": "left", "c": "right"}, [["1\n2", 3]]))
    assert capsys.readouterr().out.splitlines() == [r"a\nb  c", r"1\n2  3"]


def test_names_have_a_colour_of_their_own_and_are_the_same_text_without():
    facts = make_property_table({"space": "figure1", "seed": 3})
    coloured, plain = (io.StringIO() for _ in range(2))
    Console(file=coloured, force_terminal=True, color_system="standard", width=40).print(facts)
    Console(file=plain, width=40).print(facts)
    assert coloured.getvalue() == "\x1b[36mspace\x1b[0m  figure1\n\x1b[36mseed\x1b[0m   3\n"
    assert plain.getvalue() == "space  figure1\nseed   3\n"
