#!/bin/sh
":" //; # The first lines of the program: a shell runs them, and JavaScript sees strings and comments.
":" //; # Node.js resets the signals that its parent ignored, and takes NODE_OPTIONS and some arguments for its own.
":" //; while read -r key TINYDOCKER_IGNORED && [ "$key" != SigIgn: ]; do :; done 2>/dev/null </proc/$$/status
":" //; export TINYDOCKER_IGNORED TINYDOCKER_NODE_OPTIONS="${NODE_OPTIONS-}"; unset NODE_OPTIONS; exec node -- "$0" "$@"
