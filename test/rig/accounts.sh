#!/bin/sh
# accounts.sh DIRECTORY UID COMMAND [ARG…]
# Runs a command as the user `tdtest`, who exists in this mount namespace only, and has 65536 subordinate ids from 700000 on.
set -eu
directory=$1 uid=$2
shift 2

for file in passwd group subuid subgid; do
  cp "/etc/$file" "$directory/$file"
  chmod 644 "$directory/$file"
  mount --bind "$directory/$file" "/etc/$file"
done
echo "tdtest:x:$uid:$uid::/:/bin/sh" >>/etc/passwd
echo "tdtest:x:$uid:" >>/etc/group
echo "tdtest:700000:65536" | tee -a /etc/subuid >>/etc/subgid
exec setpriv --reuid "$uid" --regid "$uid" --clear-groups -- "$@"
