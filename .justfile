# The task runner: `.venv/bin/just` lists the tasks.

bin := justfile_directory() / ".venv/bin"

default:
    @{{bin}}/just --list

# The tests, in parallel.
test *ARGS:
    {{bin}}/pytest {{ARGS}}

# The long proofs: crashes, kills, real processes, real browsers.
proof *ARGS:
    {{bin}}/pytest -m proof {{ARGS}}

# All linters.
lint:
    {{bin}}/ruff check .
    {{bin}}/ruff format --check .
    {{bin}}/codespell
    {{bin}}/mypy
    {{bin}}/lint-imports

# The tests with the lowest versions that pyproject.toml allows.
lowest *ARGS:
    {{bin}}/uv venv -q --clear .venv-lowest
    {{bin}}/uv pip install -q --python .venv-lowest/bin/python --resolution lowest-direct -e '.[test]'
    .venv-lowest/bin/python -m pytest {{ARGS}}

# The figures of the code, then the benchmarks that need no other tool.
bench:
    {{bin}}/python -m tests.bench.figures
    {{bin}}/python -m tests.bench.bench_validate
    {{bin}}/python -m tests.bench.bench_run

# The sample plans and templates, made again.
docs:
    {{bin}}/python samples/make_samples.py
    {{bin}}/python templates/make_templates.py
