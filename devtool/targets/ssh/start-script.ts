import { NODE_OPTIONS_KEPT } from "../../protocol/hello.ts";
import type { AgentFile } from "../agent-client/agent-file.ts";
import { NO_NODE, NOT_INSTALLED, UPLOAD } from "../agent-client/greeting.ts";
import { quote } from "../login-shell/quote.ts";

export interface StartScript {
  readonly token: string;
  readonly agent: AgentFile;
  readonly client: string;
  readonly withRoot: boolean;
  /** The target's settings of these names; a path may begin with ~/. */
  readonly node: string | undefined;
  readonly shell: string | undefined;
}

/**
 * Installs and starts the agent, in a POSIX shell. It first says what it found, a line each: TOKEN, a word of
 * greeting.ts, and the rest. UPLOAD asks for the agent's content on stdin.
 */
export function startScript({ token, agent, client, withRoot, node, shell }: StartScript): string {
  return `t=${token} n=${quote(agent.name)} u=$(id -u)
${CACHE}
${find(shell, node)}
${MACHINE}
[ "$node" ] || { echo "$t broken $bad"; echo "$t ${NO_NODE} $old"; exit 1; }
${install(agent.content.length)}
[ -z "$NODE_OPTIONS" ] || { export ${NODE_OPTIONS_KEPT}="$NODE_OPTIONS"; unset NODE_OPTIONS; }
exec "$node" "$d/$n" "$t" login ${quote(client)} ${withRoot ? "sudo" : "no-sudo"}
`;
}

/** The first folder that can be written to, which a home on a full quota or a read-only one can't. */
const CACHE = `fits() { mkdir -p "$1" && chmod 700 "$1" && { [ -f "$1/$n" ] || head -c 100000 /dev/zero >"$1/.try$$"; }; r=$?; rm -f "$1/.try$$"; return $r; }
own() { mkdir -p "$1" && [ -O "$1" ] && [ ! -L "$1" ]; }
d=\${XDG_CACHE_HOME:-$HOME/.cache}/devtool
(umask 077; fits "$d") 2>/dev/null || for d in "/var/tmp/devtool-$u" "/tmp/devtool-$u" ""; do
  [ "$d" ] && (umask 077; own "$d" && fits "$d") 2>/dev/null && break
done
[ -e "$d/path" ] || [ -e "$d/$n" ] || [ -e "$d/mirrors" ] || new=new`;

/** The files whose change may change what a login and interactive shell has in its PATH. */
const START_FILES = `/etc/profile /etc/profile.d /etc/profile.d/* /etc/environment /etc/bash.bashrc /etc/bashrc /etc/zsh /etc/zsh* /etc/fish \
~/.profile ~/.bash_profile ~/.bash_login ~/.bashrc ~/.bashrc.d ~/.bashrc.d/* ~/.bash_aliases ~/.zshenv ~/.zprofile ~/.zshrc ~/.zlogin \
~/.config/zsh/.z* ~/.cshrc ~/.tcshrc ~/.login \
~/.config/fish ~/.config/fish/config.fish ~/.config/fish/conf.d ~/.config/fish/conf.d/* ~/.config/fish/fish_variables \
~/.nvm/alias/default ~/.local/share/fnm/aliases/default ~/.tool-versions ~/.config/mise/config.toml`;
/** Where installers put programs, behind what the PATH has. */
const KNOWN_FOLDERS = `~/.local/bin ~/bin ~/.volta/bin ~/.asdf/shims ~/.local/share/mise/shims ~/.cargo/bin ~/go/bin \
/usr/local/go/bin /usr/local/bin /usr/bin /bin /usr/local/sbin /usr/sbin /sbin /snap/bin /home/linuxbrew/.linuxbrew/bin`;
/** A start-up file may wait for something that never comes. */
const SHELL_SECONDS_MAX = 20;

/**
 * PATH becomes that of a login and interactive shell, which version managers extend, then the known folders; and `node`
 * the first Node.js that is new enough. Such a shell may take seconds, so the answers are kept until one of its files
 * changes, or a known folder is there that was not.
 */
function find(shell: string | undefined, node: string | undefined): string {
  return `s=${shell === undefined ? '"$SHELL"' : inHome(shell)} node= nv= old= bad=
key=$({ echo "2:$s:$PATH:"${quote(node ?? "")}; stat -L -c '%n %y %s' ${START_FILES}; ls -d ${KNOWN_FOLDERS}; } 2>/dev/null | cksum)
{ read -r k && read -r p && read -r n0 && read -r v0; } 2>/dev/null <"$d/path"
[ "$key" ] && [ "$k" = "$key" ] && [ "$p" ] || k=
if [ "$k" ] && [ -x "$n0" ]; then PATH=$p node=$n0 nv=$v0; else
  [ "$k" ] || {
    limit=; command -v timeout >/dev/null && limit="timeout ${SHELL_SECONDS_MAX}"
    # What a start-up file leaves in the background keeps the pipe open.
    ask() { { $limit "$s" "$1" 'printf "\\n'"$t"' %s\\n" "$PATH"' </dev/null; printf '\\n%s \\n' "$t"; } | sed -n "/^$t /{s/^$t //p;q;}"; }
    p=$(ask -lic) && [ "$p" ] || p=$(ask -ic)
    p=$p:$PATH
    for f in ${KNOWN_FOLDERS}; do [ -d "$f" ] && p=$p:$f; done
    p=$(printf %s "$p" | tr : '\\n' | awk 'NF && !seen[$0]++ { printf "%s%s", sep, $0; sep = ":" }')
  } 2>/dev/null
  PATH=\${p:-$PATH}
${findNode(node)}
  [ "$d" ] && (umask 077; printf '%s\\n' "$key" "$PATH" "$node" "$nv" >"$d/path.$$" && mv -f "$d/path.$$" "$d/path") 2>/dev/null
fi
export PATH`;
}

/** Where version managers keep Node.js, the newest last. */
const NODE_FOLDERS = `"\${NVM_DIR:-$HOME/.nvm}"/versions/node/*/bin ~/.local/share/fnm/aliases/default/bin \
~/.local/share/fnm/node-versions/*/installation/bin ~/.fnm/aliases/default/bin ~/.asdf/installs/nodejs/*/bin \
~/.local/share/mise/installs/node/*/bin ~/.nodenv/versions/*/bin ~/n/bin ~/.n/bin ~/.local/node/bin /usr/local/node/bin \
/usr/local/lib/nodejs/*/bin /opt/node*/bin`;

/** The setting alone, or the PATH's, then those of version managers. */
function findNode(setting: string | undefined): string {
  const candidates =
    setting === undefined
      ? `"$(command -v node)" $(for f in ${NODE_FOLDERS}; do [ -x "$f/node" ] && echo "$f/node"; done | sort -rV)`
      : inHome(setting);
  return `  i=$IFS IFS=$(printf '\\n_'); IFS=\${IFS%_} # a home may contain blanks
  for f in ${candidates}; do
    [ -x "$f" ] || continue
    v=$("$f" --version 2>/dev/null) || { bad=\${bad:-$f: $("$f" --version 2>&1 | head -n 1)}; continue; }
    case $v in
      v20.[0-9].*|v20.1[0-8].*|v1[0-9].*|v[0-9].*) old=\${old:-$v} ;;
      v*) node=$f nv=$v; break ;;
    esac
  done
  IFS=$i
  [ "$node" ] && [ "$node" != "$(command -v node)" ] && PATH=$(dirname "$node"):$PATH`;
}

const MACHINE = `libc=glibc; for f in /lib/ld-musl-*; do [ ! -e "$f" ] || libc=musl; done
echo "$t machine $u $(uname -sm) $libc \${LOGNAME:-$(id -un)}"
echo "$t home $HOME"
echo "$t path $PATH"
echo "$t cache $d"
[ "$node" ] && echo "$t node $nv"
[ "$new" ] && echo "$t new cache"
read -r b </proc/sys/kernel/random/boot_id && echo "$t boot $b"
v=$(getconf GNU_LIBC_VERSION 2>/dev/null) && echo "$t glibc \${v#glibc }"`;

function install(size: number): string {
  return `[ "$d" ] || { echo "$t ${NOT_INSTALLED}"; exit 1; }
[ -f "$d/$n" ] || (
  umask 077
  echo "$t ${UPLOAD}" && head -c ${size} >"$d/$n.$$" || exit 1
  [ "$(wc -c <"$d/$n.$$")" -eq ${size} ] && chmod 700 "$d/$n.$$" && mv "$d/$n.$$" "$d/$n" && exit
  rm -f "$d/$n.$$"
  exit 1
) || { echo "$t ${NOT_INSTALLED}"; exit 1; }`;
}

/** A path as a word of the shell. */
function inHome(path: string): string {
  return path.startsWith("~/") ? `"$HOME"/${quote(path.slice(2))}` : quote(path);
}
