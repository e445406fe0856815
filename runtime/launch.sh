#!/bin/sh
":" //; # The first lines of the program: a shell runs them, and JavaScript sees strings and comments.
":" //; # Node.js resets the signals that its parent ignored, and takes NODE_OPTIONS and some arguments for its own. It reads
":" //; # the certificates of NODE_EXTRA_CA_CERTS, for which it has no use here, for 35 ms.
":" //; while read -r td_key TINYDOCKER_IGNORED && [ "$td_key" != SigIgn: ]; do :; done 2>/dev/null </proc/$$/status
":" //; export TINYDOCKER_IGNORED TINYDOCKER_NODE_OPTIONS="${NODE_OPTIONS-}"
":" //; export TINYDOCKER_NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS-}"; unset NODE_OPTIONS NODE_EXTRA_CA_CERTS
":" //; # For lack of processes Node.js would wait for ever before it begins: it makes six threads.
":" //; td_lacks() { td_at=$2
":" //;   while td_max=max; do
":" //;     { read -r td_max <"$1$td_at/pids.max" && read -r td_now <"$1$td_at/pids.current"; } 2>/dev/null
":" //;     [ "$td_max" = max ] || [ $((td_max - td_now)) -ge 6 ] || return 0
":" //;     [ "${td_at%/}" ] || return 1
":" //;     td_at=${td_at%/*}
":" //;   done; }
":" //; while IFS=: read -r td_n td_kinds td_path; do
":" //;   case ",$td_kinds," in *,pids,*) td_top=/sys/fs/cgroup/pids ;; ,,) td_top=/sys/fs/cgroup ;; *) continue ;; esac
":" //;   td_lacks $td_top "$td_path" || continue
":" //;   echo "tinydocker: there are too many processes: $td_now of $td_max in the cgroup $td_top$td_at, and Node.js needs 6 more" >&2
":" //;   echo "  end some of them, or raise its pids.max" >&2
":" //;   exit 125
":" //; done </proc/self/cgroup
":" //; exec node -- "$0" "$@"
