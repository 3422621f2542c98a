"""Titles as they stand in data: of strangers who mean harm, and of films."""

HOSTILE = [
    "![x](http://evil.example/a.png)",
    "<img src=http://evil.example/b.png onerror=alert(1)>",
    "<script src=//evil.example/c.js></script>",
    "[x](javascript:alert(1))",
    "<a href='javascript:alert(1)'>x</a> &lt;b&gt;",
    "x](javascript:alert(1)) [y",
    "[x]: http://evil.example",
    "www.evil.example https://evil.example a@evil.example",
    r"$$\href{http://evil.example}{x}$$",
    "# forged",
    "x\n\n# forged\n\n- a list",
    "a\r\nresults: /forged",
    "===",
    "- - -",
    "> quoted",
    "| a | b |",
    "```",
    "a\\",
    "\x1b]0;owned\x07\x1b[2J\x9b31m",
    "\u202egpj.exe",
]
ORDINARY = [
    "Fargo (1996)", "Amélie", "M*A*S*H", "[Rec]", "1. April", "_The_ Net", "A&M", "Ke$ha",
    "50% > 1",
]  # fmt: skip
