"""Rules of our own for code and templates, read from their text. What breaks one is declared with the reason."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("accounts", "appointments", "audit", "common", "config", "interop", "screening")

SAFE_MARKUP = {"mark_safe", "SafeString", "SafeText", "SafeData"}
SQL = {"execute", "executemany", "callproc", "raw", "extra", "RawSQL", "RunSQL"}
OWN_SQL = {"as_sql", "as_postgresql", "as_sqlite"}
RUNS_TEXT = {"eval", "exec", "compile", "__import__"}
FILES = {"StreamingHttpResponse", "FileResponse", "Content-Disposition"}
SENT = {"POST", "GET", "FILES", "COOKIES", "META", "headers", "body", "path", "path_info", "data", "cleaned_data"}
LOGS = {"debug", "info", "warning", "error", "exception", "critical", "log"}

# Where a rule is broken, and why that is no fault.
DECLARED = {
    "marks text as safe markup": {
        "accounts/second_factor.py": "the QR code is drawn by us, and nothing that was typed is in it",
    },
    "switches off escaping": {
        "appointments/delivery/rendering.py": "e-mails and texts are plain text; their HTML frame is escaped",
    },
    "writes SQL": {
        "appointments/reporting/daily_counts.py": "one upsert of many rows, which the ORM cannot write",
        "appointments/rate_limit.py": "counts and tells in one statement, which the ORM cannot write",
        "appointments/reporting/waiting_times.py": "groups by what each request came to, in one pass over all",
        "appointments/worklist/ranking.py": "reads parts of what the ORM wrote once, by the index of PostgreSQL",
        "audit/numbers.py": "looks for a number in a text by the index of PostgreSQL",
        "appointments/management/commands/grant_app_role.py": "the ORM knows no roles",
        "appointments/models/operation.py": "asks the database which one it is, by no table",
        "appointments/management/commands/migrate_patiently.py": "sets how long a lock is waited for",
        "config/health.py": "SELECT 1",
        "appointments/operations/retention.py": "asks the database what time it is, by no table",
    },
    "puts SQL together from pieces": {
        "appointments/reporting/daily_counts.py": "what is put in is placeholders, as many as there are rows",
        "appointments/reporting/waiting_times.py": "what is put in is of the module itself, or written by the ORM",
        "appointments/worklist/ranking.py": "what is put in was written by the ORM",
        "audit/numbers.py": "what is put in is a column, quoted by Django",
        "appointments/management/commands/grant_app_role.py": "names of tables, and a role, both quoted",
    },
    "takes a form without a CSRF token": {
        "appointments/delivery/webhook.py": "the provider signs what it sends",
        "accounts/provider_pages.py": "the identity provider signs its logout tokens",
        "interop/views.py": "a registered program shows its token",
    },
}


@cache
def walked(tree: ast.AST) -> list[ast.AST]:
    return [*ast.walk(tree)]


def nodes(tree: ast.AST, *kinds) -> Iterator:
    return (node for node in walked(tree) if isinstance(node, kinds))


@cache
def names_in(tree: ast.AST) -> set[str]:
    """All names, attributes, imported names and texts."""
    found = {node.id for node in nodes(tree, ast.Name)} | {node.attr for node in nodes(tree, ast.Attribute)}
    found |= {alias.name for node in nodes(tree, ast.Import, ast.ImportFrom) for alias in node.names}
    return found | {node.value for node in nodes(tree, ast.Constant) if isinstance(node.value, str)}


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def marks_safe(tree) -> bool:
    return bool(SAFE_MARKUP & names_in(tree)) or any(
        called(call).startswith("format_html") and not is_written_out(call.args[0]) for call in nodes(tree, ast.Call)
    )


def is_written_out(node: ast.expr) -> bool:
    """A text, or the name of a constant."""
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.isupper())


def switches_off_escaping(tree) -> bool:
    return any(
        word.arg == "autoescape" and getattr(word.value, "value", 0) is False for word in nodes(tree, ast.keyword)
    )


def writes_sql(tree) -> bool:
    return any(called(call) in SQL for call in nodes(tree, ast.Call)) or any(
        function.name in OWN_SQL for function in nodes(tree, ast.FunctionDef)
    )


def puts_sql_together(tree) -> bool:
    calls = [call.args[0] for call in nodes(tree, ast.Call) if called(call) in SQL and call.args]
    own = [node for node in nodes(tree, ast.FunctionDef) if node.name in OWN_SQL]
    return any(not is_written_out(text) for text in calls) or any(
        next(nodes(one, ast.JoinedStr), None) for one in own
    )


def is_exempt_from_csrf(tree) -> bool:
    return bool({"csrf_exempt", "requires_csrf_token"} & names_in(tree))


def prints(tree) -> bool:
    return any(called(call) in {"print", "pprint", "breakpoint"} for call in nodes(tree, ast.Call))


def runs_text(tree) -> bool:
    return any(isinstance(call.func, ast.Name) and call.func.id in RUNS_TEXT for call in nodes(tree, ast.Call))


def logs_what_was_sent(tree) -> bool:
    lines = [call for call in nodes(tree, ast.Call) if called(call) in LOGS and "logger" in names_in(call.func)]
    return any(SENT & names_in(argument) for line in lines for argument in [*line.args, *line.keywords])


def puts_log_lines_together(tree) -> bool:
    """So that the words of a line are ours, and its values are filled in by the logger, which knows how to."""
    lines = [call for call in nodes(tree, ast.Call) if called(call) in LOGS and "logger" in names_in(call.func)]
    texts = [line.args[1 if called(line) == "log" else 0] for line in lines]
    return any(isinstance(text, ast.JoinedStr | ast.BinOp | ast.Call) for text in texts)


def gives_a_file_unseen(tree) -> bool:
    """A file leaves by a function that tells the audit, or one that is called by something which does."""
    return any(
        FILES & names_in(function) and "shows" not in names_in(function) and not decorated(function, "opened")
        for function in nodes(tree, ast.FunctionDef)
    )


def decorated(function: ast.FunctionDef, name: str) -> bool:
    return any(name in names_in(decorator) for decorator in function.decorator_list)


def leads_where_was_sent(tree) -> bool:
    calls = [call for call in nodes(tree, ast.Call) if called(call) in {"redirect", "HttpResponseRedirect"}]
    read = [node for call in calls for node in nodes(call, ast.Subscript, ast.Attribute) if node is not call.func]
    sources = [node.value for node in read if isinstance(node, ast.Subscript) or node.attr == "get"]
    return any(isinstance(one, ast.Attribute) and one.attr in {"POST", "GET", "META", "headers"} for one in sources)


RULES: dict[str, Callable[[ast.AST], bool]] = {
    "marks text as safe markup": marks_safe,
    "switches off escaping": switches_off_escaping,
    "writes SQL": writes_sql,
    "puts SQL together from pieces": puts_sql_together,
    "takes a form without a CSRF token": is_exempt_from_csrf,
    "prints": prints,
    "runs text as code": runs_text,
    "logs what was sent": logs_what_was_sent,
    "puts log lines together from pieces": puts_log_lines_together,
    "gives a file away without an entry in the audit": gives_a_file_unseen,
    "leads wherever it is told": leads_where_was_sent,
}
BREAKS = {
    "marks text as safe markup": ["mark_safe(name)", "format_html(f'<b>{name}</b>')", "class A(SafeString): pass"],
    "switches off escaping": ["Context({}, autoescape=False)"],
    "writes SQL": [
        "cursor.execute('SELECT 1')",
        "Model.objects.raw(text)",
        "rows.extra(where=[text])",
        "RawSQL(text)",
    ],
    "puts SQL together from pieces": [
        "cursor.execute(f'SELECT {column}')",
        "cursor.execute('SELECT ' + column)",
        "cursor.execute('SELECT %s' % column)",
        "cursor.execute('SELECT {}'.format(column))",
        "statement = f'SELECT {column}'\ncursor.execute(statement)",
    ],
    "takes a form without a CSRF token": ["@csrf_exempt\ndef page(request): pass"],
    "prints": ["print(name)"],
    "runs text as code": ["eval(typed)"],
    "logs what was sent": [
        "logger.info('Sent: %s', request.POST)",
        "logger.error('%s', form.cleaned_data['name'])",
        "logger.warning('Not there', extra={'where': request.path})",
    ],
    "puts log lines together from pieces": ["logger.info(f'Called {name}')", "logger.info('Called %s' % name)"],
    "gives a file away without an entry in the audit": [
        "def page(request):\n    return StreamingHttpResponse(rows)",
        "def page(request):\n    return HttpResponse(text, headers={'Content-Disposition': 'attachment'})",
    ],
    "leads wherever it is told": ["redirect(request.GET['next'])", "redirect(request.POST.get('next'))"],
}


def python_files() -> list[Path]:
    found = [file for part in PARTS for file in (ROOT / part).rglob("*.py") if "migrations" not in file.parts]
    return [*found, ROOT / "manage.py"]


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


@pytest.mark.parametrize("rule", RULES)
def test_the_code_breaks_no_rule_but_where_it_is_declared(rule):
    breaking = {str(file.relative_to(ROOT)) for file in python_files() if RULES[rule](parsed(file))}

    assert breaking == set(DECLARED.get(rule, {}))


@pytest.mark.parametrize("rule", RULES)
def test_what_breaks_a_rule_of_the_code_would_be_found(rule):
    assert [code for code in BREAKS[rule] if not RULES[rule](ast.parse(code))] == []


# Of templates nothing is declared: no page needs any of these. E-mails come without our style sheets.
TEMPLATE_RULES = {
    "is not escaped": r"\|\s*safe(seq)?\b|autoescape\s+off",
    "has a script in it": r"<script(?![^>]*\bsrc=)",
    "has a style in it": r"<style\b|\sstyle\s*=",
    "has an event in it": r"<[^>]*\son[a-z]+\s*=",
    "leads to a script": r"=\s*.?(javascript|vbscript|data):",
    "loads from elsewhere": r"<(script|link|img|iframe|object|form)\b[^>]*\b(src|href|action|data)=.?(https?:)?//",
    "opens a window that knows ours": r'target\s*=(?!"_blank" rel="noopener)',
}
TEMPLATE_BREAKS = {
    "is not escaped": ["{{ name|safe }}", "{% autoescape off %}", "{{ rows | safeseq }}"],
    "has a script in it": ["<script>go()</script>"],
    "has a style in it": ["<style>p {}</style>", '<p style="color: red">'],
    "has an event in it": ['<button onclick="go()">'],
    "leads to a script": ['<a href="javascript:go()">'],
    "loads from elsewhere": ['<script src="https://cdn.example/x.js">', '<img alt="" src="//cdn.example/x.png">'],
    "opens a window that knows ours": ['<a href="/" target="_blank">'],
}


@pytest.mark.parametrize("rule", TEMPLATE_RULES)
def test_no_template_breaks_a_rule(rule):
    files = [file for file in (ROOT / "templates").rglob("*.html") if file.parent.name != "messages"]
    files += [file for part in PARTS for file in (ROOT / part).rglob("templates/**/*.html")]

    assert len(files) > 50
    assert [file.name for file in files if re.search(TEMPLATE_RULES[rule], file.read_text("utf-8"), re.I)] == []


@pytest.mark.parametrize("rule", TEMPLATE_RULES)
def test_what_breaks_a_rule_of_templates_would_be_found(rule):
    assert [text for text in TEMPLATE_BREAKS[rule] if not re.search(TEMPLATE_RULES[rule], text, re.I)] == []


# A value in brackets left of an equals sign, what merges objects, and what reads one from a text.
KEEPS_IN_OBJECTS = r"\[[^\]'\"\d][^\]]*\]\s*=[^=]|Object\.(assign|fromEntries|defineProperty)|JSON\.parse|__proto__"
WOULD_BE_FOUND = ["kept[name] = value", "kept[field.name]=1", "Object.assign(a, b)", "JSON.parse(text)"]


def test_scripts_of_ours_keep_nothing_that_was_sent_in_objects():
    scripts = [file for part in PARTS for file in (ROOT / part).rglob("*.js")]

    assert [text for text in WOULD_BE_FOUND if not re.search(KEEPS_IN_OBJECTS, text)] == []
    assert scripts
    assert [script.name for script in scripts if re.search(KEEPS_IN_OBJECTS, script.read_text("utf-8"))] == []


def test_scripts_of_ours_put_no_text_into_a_page_as_markup():
    scripts = [file for part in PARTS for file in (ROOT / part).rglob("*.js")]

    assert scripts
    banned = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|localStorage|sessionStorage"
    )
    assert [script.name for script in scripts if re.search(banned, script.read_text("utf-8"))] == []
