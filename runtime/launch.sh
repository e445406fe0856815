#!/bin/sh
":" //; # The first lines of the program: a shell runs them, and JavaScript sees strings and comments.
":" //; # Node.js resets the signals that its parent ignored, and takes NODE_OPTIONS and some arguments for its own. It reads
":" //; # the certificates of NODE_EXTRA_CA_CERTS, for which it has no use here, for 35 ms.
":" //; while read -r key TINYDOCKER_IGNORED && [ "$key" != SigIgn: ]; do :; done 2>/dev/null </proc/$$/status
":" //; export TINYDOCKER_IGNORED TINYDOCKER_NODE_OPTIONS="${NODE_OPTIONS-}"
":" //; export TINYDOCKER_NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS-}"; unset NODE_OPTIONS NODE_EXTRA_CA_CERTS
":" //; exec node -- "$0" "$@"
