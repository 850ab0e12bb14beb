# Sourced by bin/run and bin/test: finds a Python, makes the virtual environment, and goes to the project's folder.
# Sets `project` and `venv`. PYTHON names another interpreter, VENV another place for the environment.

project=$(CDPATH="" cd -- "$(dirname -- "$0")/.." && pwd -P)

# Prints the first Python that is new enough; one that cannot make virtual environments only when there is no other.
find_python() {
    second=
    for name in ${PYTHON:+"$PYTHON"} python3.13 python3.12 python3.11 python3 python3.14 python; do
        # Run it: a name on the PATH may be a stand-in that answers with an error.
        "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue
        if "$name" -c 'import ensurepip, venv' >/dev/null 2>&1; then
            echo "$name"
            return
        fi
        second=${second:-$name}
    done
    [ -n "$second" ] && echo "$second"
}

# Paths given by the caller count from the caller's folder; we leave it below.
absolute() {
    case $1 in '' | /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac
}

prepare() { # prepare run|test
    python=$(find_python) || {
        found=$(python3 --version 2>/dev/null || echo "no Python")
        echo "Python 3.11 or newer is needed, and there is $found. Install one (Debian: apt-get install python3 python3-venv) or name it: PYTHON=/path/to/python3 $0" >&2
        exit 1
    }
    venv=$(absolute "${VENV:-$project/.venv}")
    for name in DATA_DIR SWITCHBOARD_CONFIG; do
        eval "value=\${$name:-}"
        [ -z "$value" ] || export "$name=$(absolute "$value")"
    done
    cd -- "$project"
    "$python" bin/prepare.py "$1" "$venv"
}
