#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Real work under the other shipped policies: an MCP server, research on the network, a small project, a watched program.
# timeout: 420

# shellcheck disable=SC2317 # what try and holds call
# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"
# shellcheck source=tests/e2e/lib/work.sh
. "$SRC/tests/e2e/lib/work.sh"

home=/home/demo
module_load
daemon_start
programs_mount
as demo mkdir -m 700 $home/.ssh $home/docs $home/papers $home/project
as demo sh -ec "
	echo key >$home/.ssh/id_ed25519
	echo 'all of it' >$home/docs/one.txt
	echo 'What others found.' >$home/papers/found.txt"
listen 127.0.0.1 8080

# --- mcp-server: a server from npm, which itself would let the model read and write all of ~ ---

profile=mcp-server
cd $home/docs || exit 1
cp "$SRC/tests/e2e/lib/tool_client.py" "$work"
calls="[[\"read_text_file\", {\"path\": \"$home/docs/one.txt\"}],
	[\"list_directory\", {\"path\": \"$home/docs\"}],
	[\"search_files\", {\"path\": \"$home/docs\", \"pattern\": \"*.txt\"}],
	[\"read_text_file\", {\"path\": \"$home/.ssh/id_ed25519\"}],
	[\"write_file\", {\"path\": \"$home/docs/two.txt\", \"content\": \"new\"}]]"
server="node $programs/node_modules/@modelcontextprotocol/server-filesystem/dist/index.js
	$home/docs $home"
# shellcheck disable=SC2086 # it is four words
try outside python3 "$work/tool_client.py" "$calls" $server
is 'mcp-server: control: outside, it does all five' \
	"$(grep -c ^ok "$work/out"):$(cat $home/docs/two.txt)" 5:new
rm -f $home/docs/two.txt
worked="$worked tools"
# shellcheck disable=SC2086
try outside python3 "$work/tool_client.py" "$calls" agentctl run --quiet --policy mcp-server \
	--name tools --workspace $home/docs -- $server
is 'mcp-server: shakes hands, lists its tools, answers, and ends with its client' "$status" 0
says 'mcp-server: it has tools' 'read_text_file' "$work/out"
says 'mcp-server: it reads its directory' 'ok all of it' "$work/out"
says 'mcp-server: and lists it' '[FILE] one.txt' "$work/out"
says 'mcp-server: and searches it' "ok $home/docs/one.txt" "$work/out"
is 'mcp-server: a key and a new file are errors that the model is told' \
	"$(grep -c '^error EACCES' "$work/out")" 2
fails 'mcp-server: nothing was written' test -e $home/docs/two.txt
unasked_but tools "may not open $home/.ssh/id_ed25519 for reading"
unasked_but tools "$home/docs/two.txt"
is_refused 'a connection' '127.0.0.1 port 8080' bash -c ': </dev/tcp/127.0.0.1/8080'
is_refused 'a secret of the directory' 'docs/.env' sh -c 'echo KEY=1 >.env'

# --- research: the address that the policy lists, and its neighbour ---

profile=research
cd $home/project || exit 1
ip address add 192.0.2.10/32 dev lo
ip address add 192.0.2.11/32 dev lo
mkdir "$work/site"
echo 'What we publish.' >"$work/site/paper.txt"
cd "$work/site" || exit 1
listen 192.0.2.10 443
listen 192.0.2.11 443
cd $home/project || exit 1
cat >study.py <<'END'
import glob
import os
import urllib.request

texts = [open(path).read() for path in glob.glob("/home/demo/papers/*.txt")]
# What is listed by address is reached past the gateway, which knows names.
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
with direct.open("http://192.0.2.10:443/paper.txt") as answer:
    texts.append(answer.read().decode())
with open("out/report.txt", "w") as report:
    report.writelines(texts)
print(len(texts), "texts", os.environ["HOME"])
END
work study python3 study.py
is 'research: reads papers and fetches one from the address that is listed' \
	"$(cat "$work/out")" "2 texts $home/project/out/.agent/home"
is 'research: its report is in out/' "$(tail -n 1 out/report.txt)" 'What we publish.'
is_refused 'an address that is not listed' '192.0.2.11 port 443' \
	bash -c ': </dev/tcp/192.0.2.11/443'
is_refused 'a service on loopback' '127.0.0.1 port 8080' bash -c ': </dev/tcp/127.0.0.1/8080'
is_refused 'reading a key' $home/.ssh/id_ed25519 cat $home/.ssh/id_ed25519
is_refused 'changing what it reads' papers/found.txt sh -c 'echo >>../papers/found.txt'
is_refused 'writing beside out/' project/beside touch beside
is_refused 'code from no file, and so Node.js' 'lacks the right anon-exec' node -e 0

# --- untrusted, and trusted ---

profile=untrusted
export GIT_AUTHOR_NAME=Demo GIT_AUTHOR_EMAIL=demo@localhost
export GIT_COMMITTER_NAME=Demo GIT_COMMITTER_EMAIL=demo@localhost
# shellcheck disable=SC2016 # they are make's
work small sh -ec '
	printf "#include <stdio.h>\nint main(void) { return puts(\"built\") < 0; }\n" >main.c
	printf "main: main.c\n\t\$(CC) -O1 -o \$@ \$<\n" >Makefile
	make -s
	./main
	git init -q .
	git add main.c Makefile
	git commit -q -m Begin
	git status --short'
says 'untrusted: builds and commits' built "$work/out"
is_refused 'reading a key' $home/.ssh/id_ed25519 cat $home/.ssh/id_ed25519
is_refused 'writing beside the workspace' $home/beside touch $home/beside
is_refused 'a connection' '127.0.0.1 port 8080' bash -c ': </dev/tcp/127.0.0.1/8080'

profile=trusted
mkdir -m 755 tests
cp "$SRC/tests/e2e/lib/unit_tests.py" tests/
chown -R demo:demo tests
work watched python3 -m unittest discover -s tests -p unit_tests.py
is 'trusted: a run of unit tests passes' "$(tail -n 1 "$work/err")" OK
audit_settle
agentctl audit --agent watched >"$work/all"
says 'trusted: and what it did is in the log' 'unit_tests.py' "$work/all"
outside sleep 1000 &
children="$children $!"
wait_for 20 pgrep -u demo sleep
is_refused 'the environment of another process of yours' 'the target is outside the agent' \
	cat "/proc/$(pgrep -u demo sleep)/environ"

nothing_was_refused
refusals_are_logged
programs_unmount
daemon_stop
module_unload
stage_end
