#!/bin/bash
# Two network namespaces, joined by a veth pair with a bandwidth and a delay, stand in for two
# hosts. Four MPI ranks, two on each, pre-train a tiny model: a run whose last rank is killed, one
# that loses the link between the hosts, and what both have lost when they have been resumed.
#
#   benchmarks/two-hosts.sh [FOLDER]
#
# Needs Linux, root, iproute2 and Open MPI (Debian: apt install iproute2 openmpi-bin).
# FOLDER is made, and made anew where this script has made it: target/two-hosts.
# RATE and DELAY: of the link, 1gbit and 1ms. MEGABERT: the command, ./megabert.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(realpath -m "${1:-$here/target/two-hosts}")
megabert=${MEGABERT:-$here/megabert}
steps=40
rate=${RATE:-1gbit}
delay=${DELAY:-1ms}
link="$rate, $delay"
one=10.77.0.1
two=10.77.0.2

end() {
  local last=$?
  ip netns del megabert-one 2>/dev/null || true
  ip netns del megabert-two 2>/dev/null || true
  rm -rf /etc/netns/megabert-one /etc/netns/megabert-two
  exit $last
}

# refuse REASON: ends with nothing touched.
refuse() {
  echo "two-hosts.sh: $1" >&2
  exit 2
}
made="$work/.made-by-two-hosts"
if [ -e "$work" ] && [ ! -e "$made" ]; then
  refuse "$work exists and is none of its own; name a new folder"
fi
for name in megabert-one megabert-two; do
  if [ -e "/run/netns/$name" ] || [ -e "/var/run/netns/$name" ] || [ -e "/etc/netns/$name" ]; then
    refuse "there is a network namespace $name already; end that run, or delete the namespace"
  fi
done
trap end EXIT

# host NAME ADDRESS PEER: a namespace with its own name, addresses and end of the link.
host() {
  ip netns add "megabert-$1"
  mkdir -p "/etc/netns/megabert-$1"
  printf '127.0.0.1 localhost\n%s one\n%s two\n' "$one" "$two" >"/etc/netns/megabert-$1/hosts"
  ip link set "megabert-$1" netns "megabert-$1"
  ip -n "megabert-$1" addr add "$2/24" dev "megabert-$1"
  ip -n "megabert-$1" link set lo up
  ip -n "megabert-$1" link set "megabert-$1" up
  # Not every kernel has netem, and nothing else delays.
  if ! ip netns exec "megabert-$1" tc qdisc add dev "megabert-$1" root netem \
    rate "$rate" delay "$delay" 2>"$work/tc.log"; then
    link="$rate, no delay (tc netem: $(head -1 "$work/tc.log"))"
    ip netns exec "megabert-$1" tc qdisc add dev "megabert-$1" root tbf \
      rate "$rate" burst 256kb latency 50ms
  fi
}

# on NAME COMMAND…: as on that host.
on() {
  local name=$1
  shift
  ip netns exec "megabert-$name" unshare --uts sh -c "hostname $name; exec \"\$@\"" sh "$@"
}

rm -rf "$work"
mkdir -p "$work"
touch "$made"
"$megabert" --version >/dev/null 2>&1 # Builds, if need be.
ip link add megabert-one type veth peer name megabert-two
host one "$one"
host two "$two"
echo "two hosts, joined by $link"

# How mpirun starts its daemon on the other host: AGENT HOST COMMAND…
cat >"$work/agent" <<'AGENT'
#!/bin/sh
shift
exec ip netns exec megabert-two unshare --uts sh -c "hostname two; $*"
AGENT
chmod +x "$work/agent"
cat >"$work/tiny.json" <<'CONFIG'
{"model_type": "megatron-bert", "vocab_size": 8192, "hidden_size": 64, "num_hidden_layers": 4,
 "num_attention_heads": 4, "intermediate_size": 256, "max_position_embeddings": 64}
CONFIG

# The command line of a run in a folder.
pretrain() {
  echo "$megabert" pretrain \
    --data "$here/core/src/test/resources/fixtures/training/megatron_data/text_sentence" \
    --config "$work/tiny.json" --seq-length 64 --split 1 --steps $steps --save-every 5 --keep 2 \
    --micro-batch-size 4 --global-batch-size 16 --threads 1 --seed 1 --output "$work/$1"
}

# ranks RUN MORE…: four ranks on two hosts; what they say goes into RUN.log.
ranks() {
  local run=$1
  shift
  # shellcheck disable=SC2046
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 on one mpirun \
    --host "$one:2,$two:2" --bind-to none --mca plm_rsh_agent "$work/agent" \
    --mca btl self,vader,tcp --mca btl_tcp_if_include 10.77.0.0/24 \
    --mca oob_tcp_if_include 10.77.0.0/24 \
    $(pretrain "$run") --tensor-parallel 2 --pipeline-parallel 2 "$@" >>"$work/$run.log" 2>&1
}

# Losses of a run, a step a line.
losses() {
  sed -n 's/.*"step": *\([0-9]*\).*"loss": *\([0-9.eE+-]*\).*/\1 \2/p' "$work/$1/metrics.jsonl"
}

# awaitStep RUN STEP PROCESS: waits until a run has done a step.
awaitStep() {
  while kill -0 "$3" 2>/dev/null; do
    [ "$(losses "$1" 2>/dev/null | wc -l)" -ge "$2" ] && return
    sleep 0.2
  done
  echo "$1 has ended before step $2:" >&2
  tail "$work/$1.log" >&2
  return 1
}

# processes RANK: the Java processes of that rank, a pattern, of a run in this folder, which mpirun
# has started.
processes() {
  for environment in /proc/[0-9]*/environ; do
    if grep -qaz "^OMPI_COMM_WORLD_RANK=$1$" "$environment" 2>/dev/null; then
      process=${environment%/environ}
      if [ "$(cat "$process/comm" 2>/dev/null)" = java ] &&
        grep -qaF -- "$work/" "$process/cmdline" 2>/dev/null; then
        echo "${process#/proc/}"
      fi
    fi
  done
}

# ended MPIRUN: waits until all ranks have ended, and tells how long it took. Open MPI's mpirun
# waits on for a daemon that it has lost, so it is ended.
ended() {
  local begin
  begin=$(date +%s)
  while [ -n "$(processes '[0-9]')" ]; do sleep 0.5; done
  echo "all other ranks have ended within $(($(date +%s) - begin + 1)) s"
  sleep 1
  ip -n megabert-one link set megabert-one up
  pkill -P "$1" || true
  wait "$1" || true
}

# What the ranks of a run said.
said() {
  grep -a '^megabert: \|has ended before\|has not been heard' "$work/$1.log" | sort -u
}

# shellcheck disable=SC2046
$(pretrain whole) --ranks 1 >"$work/whole.log" 2>&1
echo
echo "one rank, never stopped, its last losses:"
losses whole | tail -2

echo
echo "rank 3 is killed:"
ranks killed &
run=$!
awaitStep killed 12 "$run"
victim=$(processes 3)
kill -9 "$victim"
echo "kill -9 $victim"
ended "$run"
said killed

echo
echo "the link between the hosts is cut:"
ranks cut &
run=$!
awaitStep cut 12 "$run"
ip -n megabert-one link set megabert-one down
ended "$run"
said cut

for run in killed cut; do
  ranks "$run" --resume
  echo
  echo "resumed: $run"
  losses "$run" | tail -2
  paste -d' ' <(losses whole) <(losses "$run") | awk -v steps=$steps '
    { d = $2 - $4; d = d < 0 ? -d : d; if (d / $2 > most) most = d / $2; if ($1 != $3) bad = 1 }
    END { if (bad || NR != steps) { print "steps are missing"; exit 1 }
          printf "%d losses, at most %.1e from one rank'"'"'s\n", NR, most
          exit most > 1e-4 }'
done
